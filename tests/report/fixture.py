"""A plausible run, written through the real store: a swing-up by energy control, and a made-up search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.core.stats import mean_interval
from rewardsmith.design.words import in_words
from rewardsmith.program import parse
from rewardsmith.store import Run
from rewardsmith.tasks import Task, load

REWARD = """def reward(energy, next_upright, next_x, force, terminated):
    gap = energy - 1.0
    return {
        "energy": 1.3 * exp(-1.2 * gap ** 2.0),
        "upright": 2.0 * next_upright,
        "centre": -0.3 * abs(next_x / 2.4),
        "off_track": -5.0 * terminated,
    }"""
CONFIG: dict[str, Any] = {
    "task": "cartpole_swingup",
    "task_spec": "cartpole_swingup",
    "task_text": "Swing it up.",
    "method": {"name": "evolve", "rounds": 3, "islands": 2},
    "trainings": 96,
    "steps": 300_000,
    "seeds": 2,
    "seed": 0,
    "final_seeds": 8,
    "version": "0.1.0",
}
CODES = {
    "S_CONSTANT": "gives 0.31 in every recorded state",
    "S_DUPLICATE": "pays the same as r0c3",
    "S_DIES_EARLY": "ending the episode at once pays 2.1 more than living",
    "S_NONFINITE": "infinite at 12 of 4,000 recorded states: <log> & division",
}


def control(obs: np.ndarray[Any, Any]) -> float:
    """Energy pumping far from the top, linear feedback near it; in -1..1."""
    x, v, up, sin, w = obs
    if up > 0.85:
        return float(np.clip(6.0 * np.arctan2(sin, up) + 1.3 * w + 0.3 * x + 0.5 * v, -1, 1))
    energy = 2 / 3 * 0.5 / 9.8 * w**2 + up
    return float(np.clip(0.2 * (energy - 1.0) * np.sign(w * up) - 0.3 * x, -1, 1))


def episodes(task: Task, count: int = 3) -> dict[str, Any]:
    """Real dynamics, padded to the horizon with NaN."""
    rows: dict[str, list[Any]] = {}
    program = parse(REWARD, task)
    rng = np.random.default_rng(1)
    for _ in range(count):
        state = task.env.reset(rng, ())
        seen, done, owed = [], [], 0.0
        for _ in range(task.horizon):
            obs = np.asarray(task.env.observe(state))
            owed += control(obs)  # two pushes only: what is owed is carried over to the next step
            action = np.array(int(owed > 0))
            owed -= 2.0 * action - 1.0
            state = task.env.step(state, action)
            seen.append((obs, action))
            done.append(bool(task.env.terminated(state)))
            if done[-1]:
                break
        obs, action = (np.stack(column) for column in zip(*seen, strict=True))
        after = np.concatenate([obs[1:], np.asarray(task.env.observe(state))[None]])
        batch = task.batch(obs, action, after, np.array(done))
        found = {
            "obs": obs,
            "action": action,
            "alive": np.ones(len(obs)),
            "success": task.success.signal(batch),
        }
        found |= {f"term/{name}": values for name, values in program.terms(batch).items()}
        found |= {f"field/{field.name}": batch[field.name] for field in task.fields}
        for name, values in found.items():
            padded = np.full((task.horizon, *np.shape(values)[1:]), np.nan)
            padded[: len(values)] = values
            rows.setdefault(f"episode/{name}", []).append(padded)
    arrays = {name: np.stack(values) for name, values in rows.items()}
    arrays["episode/alive"] = np.nan_to_num(arrays["episode/alive"]).astype(bool)
    return arrays


def success(values: Any) -> dict[str, Any]:
    """As the design loop summarises seeds."""
    found = mean_interval(list(values))
    return {
        "mean": found.mean,
        "low": max(0.0, found.low),
        "high": min(1.0, found.high),
        "per_seed": [float(v) for v in values],
    }


def curves(rng: np.random.Generator, ends: Any, count: int = 13) -> np.ndarray[Any, Any]:
    """S-shaped curves that end near the given values."""
    t = np.linspace(0, 1, count)
    starts = rng.uniform(0.2, 0.6, len(ends))[:, None]
    shape = 1 / (1 + np.exp(-12 * (t - starts)))
    noise = 0.05 * rng.normal(size=shape.shape)
    return np.clip(np.asarray(ends, float)[:, None] * shape + noise * (t > 0.1), 0, 1)


def record_search(run: Run, rng: np.random.Generator, rounds: int = 3) -> str:
    """Candidates, refusals, trainings and selections; returns the id of the best."""
    parents: list[str] = []
    best = ""
    for r in range(rounds):
        rows, members = [], []
        for i in range(40):
            name = f"r{r}c{i}"
            operator = "random" if r == 0 else str(rng.choice(["mutate", "crossover", "random"]))
            mine = (
                [str(p) for p in rng.choice(parents, 2 if operator == "crossover" else 1)]
                if operator != "random"
                else []
            )
            refused = str(rng.choice(list(CODES))) if rng.random() < 0.55 else None
            reason = {"code": refused, "why": CODES[refused]} if refused else None
            text = f"exp(-{rng.uniform(0.5, 3):.2f} * (energy - 1.0) ** 2.0) - {rng.uniform(0, 1):.2f} * abs(x)"
            rows.append(
                {
                    "id": name,
                    "text": text,
                    "operator": operator,
                    "parents": mine,
                    "island": i % 2,
                    "screened": reason,
                }
            )
            if refused:
                continue
            level = float(np.clip(rng.beta(1 + r, 3) + 0.12 * r, 0, 1))
            for seed in (0, 1):
                value = None if rng.random() < 0.03 else float(np.clip(level + 0.08 * rng.normal(), 0, 1))
                members.append({"id": name, "seed": seed, "success": value, "return": 100 * level})
        run.record("proposed", f"round/{r}/proposed", {"round": r, "candidates": rows})
        payload = {
            "round": r,
            "stage": "search",
            "env_steps": len(members) * 120_000,
            "trainings": len(members),
        }
        run.record("trained", f"round/{r}/trained/search", {**payload, "members": members})
        run.record("clock", f"clock/round/{r}/trained/search", {"stage": f"round/{r}/trained/search"},
                   timing={"wall_s": 21.0 + r, "cpu_s": 39.0})  # fmt: skip
        means: dict[str, float] = {}
        for member in members:
            means[member["id"]] = means.get(member["id"], 0.0) + (member["success"] or 0.0) / 2
        order = sorted(means, key=lambda name: -means[name])
        parents, best = order[:6], order[0]
        found = {"mean": means[best], "low": means[best] - 0.1, "high": means[best] + 0.05, "n": 2}
        chosen = {"round": r, "parents": parents, "incumbent": best, "incumbent_success": found, "tied": []}
        run.record("selected", f"round/{r}/selected", chosen)
    return best


def record_task(run: Run, task: Task) -> None:
    """As the design loop describes a task."""
    rows = [
        {"name": f.name, "unit": f.unit, "low": f.low, "high": f.high, "meaning": f.meaning, "kind": f.kind}
        for f in task.fields
    ]
    run.record(
        "task",
        "task",
        {
            "name": task.name, "text": task.text, "horizon": task.horizon, "discount": task.discount,
            "fields": rows, "success": task.success.meaning, "gym_id": None,
        },
    )  # fmt: skip


def record_final(
    run: Run, task: Task, rng: np.random.Generator, winner: str, ends: Any, failed: list[int]
) -> None:
    """Controls, final trainings, selection members of the winner."""
    steps = np.linspace(0, 300_000, 13).astype(int)
    names = {"zero": np.zeros(8), "sparse": rng.uniform(0, 0.12, 8), "naive": rng.uniform(0.05, 0.45, 8)}
    payload: dict[str, Any] = {"native": None, "cost": {"env_steps": 9_600_000, "trainings": 32}}
    arrays: dict[str, Any] = {"steps": steps}
    texts = {"zero": "constant(0.0)", "sparse": "success", "naive": "uprightness"}
    for name, values in names.items():
        payload[name] = {"success": success(values), "reward": texts[name]}
        arrays[f"{name}/success_curve"] = curves(rng, values)
    scores = enumerate([1.0, 0.98, 0.9, 0.96])
    members = [{"id": winner, "seed": 100 + i, "success": value, "return": 1.0} for i, value in scores]
    stage = {"round": 3, "stage": "selection", "env_steps": 4_800_000, "trainings": 16, "members": members}
    run.record("trained", "selection/trained", stage)
    run.record(
        "clock",
        "clock/selection/trained",
        {"stage": "selection/trained"},
        timing={"wall_s": 14.2, "cpu_s": 27.0},
    )
    run.record(
        "clock", "clock/final/trained", {"stage": "final/trained"}, timing={"wall_s": 32.4, "cpu_s": 61.9}
    )
    run.record("controls", "controls", payload, arrays)
    program = parse(REWARD, task)
    result = success(ends)
    final = {
        "id": winner, "reward": REWARD, "words": in_words(program, task.table()), "numbers": program.numbers(),
        "success": {**result, "seeds": list(range(200, 208))},
        "selected_on": 0.96, "shrinkage": 0.96 - result["mean"],
        "failed_seeds": failed, "term_names": list(program.names), "gymnasium": None,
        "heat": {"x": "upright", "y": "energy"}, "best": result["mean"],
    }  # fmt: skip
    run.record("final", "final", final, {**final_arrays(task, program, rng, ends), "steps": steps})


def final_arrays(task: Task, program: Any, rng: np.random.Generator, ends: Any) -> dict[str, Any]:
    """Curves, episodes, heat map."""
    played = episodes(task)
    xs, ys = np.linspace(-1, 1, 61), np.linspace(-1.0, 2.0, 61)
    x, y = np.meshgrid(xs, ys)
    flat = {"energy": y, "next_upright": x, "next_x": 0.3 + 0 * x, "force": 0 * x, "terminated": 0 * x}
    heat = program(flat)
    heat[:3, :3] = np.nan
    return {"success_curve": curves(rng, ends), **played, "heat/x": xs, "heat/y": ys, "heat/reward": heat}


def record_film(run: Run, task: Task, played: dict[str, Any]) -> None:
    """The first recorded episode, every second step."""
    obs = played["episode/obs"][0][played["episode/alive"][0]][::2]
    frames = [
        [[round(p, 3) if isinstance(p, float) else p for p in shape] for shape in task.sketch(row)]
        for row in obs
    ]
    film = {
        "kind": "sketch",
        "world": list(task.frame or ()),
        "dt": 0.04,
        "frames": frames,
        "episode": 0,
        "every": 2,
    }
    run.record("film", "film", {**film, "caption": "one episode of the best of the final policies"})


def make_run(root: Path, upto: str = "finished", failed: bool = True, seed: int = 0) -> Run:
    """A run, whole or stopped after ``nothing``, ``task``, ``search`` or ``final``."""
    task, rng = load("cartpole_swingup"), np.random.default_rng(seed)
    run = Run.create(root, {**CONFIG, "seed": seed})
    with run:
        if upto != "nothing":
            record_task(run, task)
        if upto in ("search", "final", "finished"):
            winner = record_search(run, rng)
        if upto in ("final", "finished"):
            ends = [0.98, 0.95, 0.99, 0.93, 0.31 if failed else 0.94, 0.97, 0.96, 0.99]
            record_final(run, task, rng, winner, ends, [204] if failed else [])
        if upto == "finished":
            record_film(run, task, run.arrays("final"))
            run.finish({"programs": 120, "screened": 66, "best": 0.88})
        folder = run.folder
    return Run.open(root, folder)
