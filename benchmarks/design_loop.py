"""What the design loop costs, and what its screens and its selection are worth.

    python benchmarks/design_loop.py search [--quick]     # minutes; needs the extras llm, server and sb3
    python benchmarks/design_loop.py screens [--quick]
    python benchmarks/design_loop.py selection [--quick]

``search``: 8 candidates x 5 rounds x 3 seeds on CartPole, programs from the scripted model (a server in a
process of its own), against one process of Stable-Baselines3 per candidate and seed.  Every training runs to
its end on both sides.  Theirs is measured on a few processes, two at a time, before and between our runs, and
multiplied by the number of trainings; it is spared the candidate's reward (it gets the environment's own) and
the episodes in which we judge.  Cold: nothing compiled, no reply on disk; warm: both caches of the first run.

``screens``: a fixed stream of random programs for each search; the screen decides, from recorded episodes of
what was trained so far, which of them are trained.  All arms see the same stream and the same trainings.  By
chance: as many are skipped after the first recorded success, without looking.  The limit 0.25 was chosen on
seeds from 1000.

``selection``: searches drawn from measured pools (every candidate trained on many seeds).  Half of the seeds
serve the searches, the other half is the truth.  Regret: best true mean among the candidates of a search minus
that of the selected one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rewardsmith.core.stats import Interval, mean_interval
from rewardsmith.design.candidate import Candidate
from rewardsmith.design.race import Standing
from rewardsmith.design.screen import TPE, Alignment, Episode, Evidence, Screen
from rewardsmith.design.select import choose, published
from rewardsmith.design.tabular import TabularTask, grid_task
from rewardsmith.optimize.tabular import QLearning, Sampler, q_learning
from rewardsmith.program import Program, random_program

Numbers = np.ndarray[Any, Any]
CHECKPOINTS = 20
MAPS = {
    "rooms": "S..#...\n.......\n...#...\n#.###.#\n...#...\n.......\n...#..G",
    "pond": "S....\n..H..\n.H...\n...H.\nS...G",
}


def load(name: str) -> TabularTask:
    learning = QLearning(100, horizon=60, evaluate_every=100 // CHECKPOINTS)
    return grid_task(name, MAPS[name], learning, slip=0.1)


def draw(task: TabularTask, count: int, rng: np.random.Generator) -> tuple[list[Program], Numbers]:
    """Programs that can be trained, and what they pay, ``(count, S, A)``."""
    programs, tables = list[Program](), list[Numbers]()
    while len(programs) < count:
        program = random_program(task.grammar, rng)
        parts = task.tables(program)
        if parts is not None:
            programs.append(program)
            tables.append(sum(parts.values(), np.zeros(task.mdp.reward.shape[:2])))
    return programs, np.stack(tables)


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    for row in cells:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, Interval):
        return f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


# ---------------------------------------------------------------------------------------------- search
@dataclass(frozen=True)
class Size:
    """How large a search is measured, how often, and how many processes of the rival run before each."""

    candidates: int = 8
    rounds: int = 5
    seeds: int = 3
    steps: int = 98_304
    hidden: int = 32
    runs: tuple[str, ...] = ("cold", "warm")
    rivals: int = 2


QUICK_SIZE = Size(2, 1, 1, 4_096, 8, ("cold",), 1)


def design_once(size: Size, url: str, cache: str, root: str) -> dict[str, Any]:
    """Our search, in this process."""
    from rewardsmith.core.endpoint import Endpoint, usage
    from rewardsmith.design import Design, design, load_method

    method = replace(load_method("eureka"), rounds=size.rounds, candidates=size.candidates)
    ppo = (("envs", 16), ("epochs", 4), ("hidden", (size.hidden,) * 2), ("minibatches", 4), ("rollout", 128))
    trainings = size.candidates * size.rounds * size.seeds
    model = Endpoint("scripted-grammar", url, cache=cache, seed=0)
    config = Design("cartpole", method, trainings, size.steps, size.seeds, ppo=ppo, llm=model, controls=False)
    with design(config, root) as run:
        spent, final = run.spent(), run.done("final")
    assert final is not None
    found = {name: spent[name] for name in ("env_steps", "trainings")}
    return {**found, "winner": final["best"], "calls": sum(used.calls for used in usage().values())}


def rival_once(size: Size) -> dict[str, Any]:
    """One training with Stable-Baselines3, in this process; same networks, batch, epochs and minibatches."""
    import ppo

    batch = ppo.ENVS * ppo.ROLLOUT
    # ``theirs`` trains one batch before it looks at the clock
    found = ppo.theirs("CartPole-v1", size.hidden, size.steps // batch - 1, True)
    return {"env_steps": found["steps"] + batch}


def start(work: dict[str, Any], cache: str) -> tuple[subprocess.Popen[str], float]:
    environment = {**os.environ, "REWARDSMITH_CACHE": cache, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", __file__, "work", json.dumps(work)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True), time.perf_counter()


def finish(process: subprocess.Popen[str], began: float) -> dict[str, Any]:
    """What a process answered, with its CPU time (user and system, imports included) and wall time."""
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"a measurement ended with status {process.returncode}")
    took = {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": time.perf_counter() - began}
    return {**json.loads(said.strip().splitlines()[-1]), **took}


@contextlib.contextmanager
def scripted_model() -> Generator[str]:
    """The scripted model in a process of its own; its time is not counted: a model is elsewhere."""
    command = [sys.executable, "-m", "rewardsmith", "scripted-model", "--port", "0", "--json"]
    kinds: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **kinds) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()


def compare_search(size: Size) -> list[dict[str, Any]]:
    ours, theirs = list[dict[str, Any]](), list[dict[str, Any]]()
    with scripted_model() as url, tempfile.TemporaryDirectory() as folder:
        for label in size.runs:
            abreast = [start({"rival": True, "size": vars(size)}, folder) for _ in range(size.rivals)]
            theirs += [finish(*each) for each in abreast]
            work = {"url": url, "cache": folder, "root": f"{folder}/{label}", "size": vars(size)}
            ours.append({"figure": f"search, {label}", **finish(*start(work, folder))})
    return rated(ours, theirs, size.steps)


def rated(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], steps: int) -> list[dict[str, Any]]:
    """Our runs with what as many trainings of the rival cost, and the mean training of the rival."""
    cpu = float(np.mean([each["cpu_s"] for each in theirs]))
    wall = float(np.mean([each["wall_s"] for each in theirs]))
    rows: list[dict[str, Any]] = []
    for row in ours:
        count = row["env_steps"] / steps  # the final trainings of the winner too
        rows.append({**row, "rival_cpu_s": count * cpu, "ratio": count * cpu / row["cpu_s"]})
    one = {"figure": f"rival, mean of {len(theirs)}", "env_steps": steps, "trainings": 1, "winner": "-"}
    rows.append({**one, "calls": "-", "cpu_s": cpu, "wall_s": wall, "rival_cpu_s": cpu, "ratio": "-"})
    return rows


def work(given: dict[str, Any]) -> dict[str, Any]:
    size = Size(**given["size"])
    if given.get("rival"):
        return rival_once(size)
    return design_once(size, given["url"], given["cache"], given["root"])


# --------------------------------------------------------------------------------------------- screens
FAILED = 0.5
KEEP = 8  # episodes of each trained candidate, as in the loop
FRESH = 8  # seeds on which the winner of a search is trained again
SCREENS: dict[str, Screen] = {
    "tpe": TPE(),
    "alignment": Alignment(),
    "alignment, least 0.25": Alignment(least=0.25),
}


@dataclass(frozen=True, eq=False)
class Stream:
    """Candidates of one search in their order, and what a training of each of them gives."""

    programs: list[Program]
    tables: Numbers
    success: Numbers
    episodes: list[tuple[Episode, ...]]


def streams(task: TabularTask, count: int, seeds: Sequence[int]) -> list[Stream]:
    drawn = [draw(task, count, np.random.default_rng([seed, 1])) for seed in seeds]
    tables = np.concatenate([each for _, each in drawn])
    numbers = [1_000 * seed + k for seed in seeds for k in range(count)]
    curves = q_learning(task.mdp, tables, numbers, task.learning, crossed=False)
    success = (curves.performance[:, 0, -1] / task.best).reshape(len(seeds), count)
    played = play(task, curves.values[:, 0].argmax(-1), np.random.default_rng(seeds[0]))
    return [
        Stream(programs, rewards, success[i], played[i * count : (i + 1) * count])
        for i, (programs, rewards) in enumerate(drawn)
    ]


def play(task: TabularTask, choices: Numbers, rng: np.random.Generator) -> list[tuple[Episode, ...]]:
    """``KEEP`` episodes of each greedy policy ``(K, S)``, as the screens read them."""
    mdp, sample = task.mdp, Sampler(task.mdp, 1)
    which = np.repeat(np.arange(len(choices)), KEEP)
    states = [np.searchsorted(mdp.initial.cumsum(), rng.random(len(which)), side="right")]
    for _ in range(task.learning.horizon):
        s = states[-1]
        after = sample.next(s, choices[which, s], rng.random(len(which)))
        states.append(np.where(mdp.ends[s], s, after))
    path = np.stack(states, 1)
    ended = mdp.ends[path]
    lengths = np.where(ended.any(1), ended.argmax(1), task.learning.horizon)
    found = [_episode(task, row[: length + 1]) for row, length in zip(path, lengths, strict=True)]
    return [tuple(found[k * KEEP : (k + 1) * KEEP]) for k in range(len(choices))]


def _episode(task: TabularTask, path: Numbers) -> Episode:
    batch = {name: values[path[:-1]] for name, values in task.values.items()}
    batch |= {f"next_{name}": values[path[1:]] for name, values in task.values.items()}
    batch["terminated"] = task.mdp.ends[path[1:]].astype(float)
    return Episode(batch, bool(task.values["far"][path[-1]] == 0))


def walk(task: TabularTask, stream: Stream, screen: Screen | None) -> tuple[Numbers, int]:
    """Which candidates are trained, and how many trainings come before the first recorded success."""
    trained, blind = np.zeros(len(stream.programs), bool), len(stream.programs)
    store: tuple[Episode, ...] = ()
    for k, program in enumerate(stream.programs):
        seen = Evidence(task, {}, episodes=store)  # screens of episodes look at nothing else
        if screen is not None and screen.judge(program, None, seen) is not None:
            continue
        trained[k] = True
        store += stream.episodes[k]
        if blind == len(stream.programs) and any(each.success for each in stream.episodes[k]):
            blind = k + 1
    return trained, blind


def by_chance(trained: Numbers, blind: int, rng: np.random.Generator) -> Numbers:
    """As many trainings as a screen left, drawn by chance after the blind spot."""
    return np.concatenate([trained[:blind], rng.permutation(trained[blind:])])


def final_success(task: TabularTask, found: Sequence[Stream], trained: Sequence[Numbers]) -> Numbers:
    """True success of the best that was trained, on seeds that no search used, ``(searches,)``."""
    best = [int(np.where(done, each.success, -1.0).argmax()) for each, done in zip(found, trained, strict=True)]
    tables = np.stack([each.tables[k] for each, k in zip(found, best, strict=True)])
    seeds = range(900_000_000, 900_000_000 + FRESH)
    return q_learning(task.mdp, tables, seeds, task.learning).performance[..., -1].mean(1) / task.best


def compare_screens(count: int, searches: int, first: int, names: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    everywhere: dict[str, list[Numbers]] = {}
    for name in names:
        task = load(name)
        found = streams(task, count, range(first, first + searches))
        base = final_success(task, found, [np.ones(count, bool)] * searches)
        rng = np.random.default_rng(first)
        for screen, rule in SCREENS.items():
            walked = [walk(task, each, rule) for each in found]
            chance = [(by_chance(done, blind, rng), blind) for done, blind in walked]
            for label, each in ((screen, walked), (f"  chance, as {screen}", chance)):
                row, pairs = _worth(task, found, each, base)
                rows.append({"task": name, "screen": label, **row})
                everywhere.setdefault(label, []).append(pairs)
    for label, each in everywhere.items():
        saved, lost = np.concatenate(each, 1)
        known = {"saved": mean_interval(saved), "final - all trained": mean_interval(lost)}
        rows.append({**dict.fromkeys(rows[0], "-"), "task": "all", "screen": label, **known})
    return rows


def _worth(
    task: TabularTask, found: Sequence[Stream], walked: Sequence[tuple[Numbers, int]], base: Numbers
) -> tuple[dict[str, Any], Numbers]:
    """A row, and what each search saved and won, ``(2, searches)``."""
    trained = np.stack([done for done, _ in walked])
    blind = np.array([count for _, count in walked])
    bad = np.stack([each.success < FAILED for each in found])
    skipped, late = ~trained, np.arange(trained.shape[1]) >= blind[:, None]
    final = final_success(task, found, list(trained))
    row = {
        "saved": mean_interval(skipped.mean(1)),
        "final": float(final.mean()),
        "final - all trained": mean_interval(final - base),
        "blind": float(blind.mean()),
        "saved after": float(skipped.sum() / max(1, late.sum())),
        "precision": float((skipped & bad).sum() / max(1, skipped.sum())),
        "recall": float((skipped & bad).sum() / max(1, bad.sum())),
        "recall after": float((skipped & bad).sum() / max(1, (bad & late).sum())),
    }
    return row, np.stack([skipped.mean(1), final - base])


# ------------------------------------------------------------------------------------------- selection
FIRST, SURVIVORS, FINALISTS, SELECTION = 0.35, 0.25, 3, 6  # as the default method has them


@dataclass(frozen=True, eq=False)
class Pool:
    """Measured candidates: ``curves (P, seeds, CHECKPOINTS)`` for searches, ``truth (P,)`` on other seeds."""

    programs: list[Program]
    curves: Numbers
    truth: Numbers

    def without_noise(self) -> Pool:
        """Every seed gives a candidate's true learning curve: nothing to be gained from more seeds."""
        mean = self.curves.mean(1, keepdims=True)
        return Pool(self.programs, np.repeat(mean, self.curves.shape[1], 1), mean[:, 0, -1])


def measure_pool(task: TabularTask, count: int, seeds: int, number: int) -> Pool:
    programs, tables = draw(task, count, np.random.default_rng([number, 2]))
    numbers = range(100_000 * number, 100_000 * number + 2 * seeds)
    curves = q_learning(task.mdp, tables, numbers, task.learning).performance[..., 1:] / task.best
    return Pool(programs, curves[:, :seeds], curves[:, seeds:, -1].mean(1))


def standing(pool: Pool, k: int, seeds: Sequence[int], until: int = CHECKPOINTS) -> Standing:
    """As the race judges: success at a checkpoint, and success late in training."""
    curve = pool.curves[k, list(seeds), :until]
    return Standing(f"r0c{k}", tuple(map(float, curve[:, -1])), float(curve[:, until // 2 :].mean()), True)


Selected = tuple[int, float]  # the candidate, and the success it was selected on


def argmax_of_one(pool: Pool, stream: Sequence[int], seeds: Sequence[int]) -> Selected:
    best = published("argmax", [standing(pool, k, seeds[:1]) for k in stream])
    return _number(best.id), best.mean


def honest(
    pool: Pool, stream: Sequence[int], seeds: Sequence[int], race: bool = True, ties: bool = True
) -> Selected:
    """Racing on one seed, the finalists again on selection seeds, ties by the rule of ``choose``."""
    alive = list(stream)
    if race:
        ranked = sorted((standing(pool, k, seeds[:1], round(FIRST * CHECKPOINTS)) for k in alive), key=_order)
        alive = [_number(each.id) for each in ranked[: max(1, round(SURVIVORS * len(stream)))]]
    ranked = sorted((standing(pool, k, seeds[:1]) for k in alive), key=_order)
    finalists = [_number(each.id) for each in ranked[:FINALISTS]]
    again = [standing(pool, k, seeds[1 : 1 + SELECTION]) for k in finalists]
    candidates = {each.id: Candidate(each.id, pool.programs[_number(each.id)], "fresh") for each in again}
    won = choose(again, candidates).id if ties else max(again, key=lambda each: each.mean).id
    return _number(won), next(each.mean for each in again if each.id == won)


def _order(each: Standing) -> Any:
    return each.order


def _number(name: str) -> int:
    return int(name.partition("c")[2])


def arms(budget: int) -> dict[str, tuple[int, Callable[..., Selected], dict[str, bool]]]:
    """Name -> candidates that the budget of trainings pays for, rule, and its options."""
    left = budget - FINALISTS * SELECTION
    raced = int(left / (FIRST + (1 - FIRST) * SURVIVORS))
    return {
        "argmax of one seed": (budget, argmax_of_one, {}),
        "ours, equal steps": (raced, honest, {}),
        "ours, equal steps, no tie rule": (raced, honest, {"ties": False}),
        "ours, equal starts": (left, honest, {"race": False}),
    }


def compare_selection(
    budget: int, pools: int, searches: int, first: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    most = max(count for count, _, _ in arms(budget).values())
    for name in names:
        task = load(name)
        measured = [measure_pool(task, most + 8, SELECTION + 2, first + i) for i in range(pools)]
        for noise in (True, False):
            here = measured if noise else [pool.without_noise() for pool in measured]
            found = np.array([_searches(pool, budget, searches, first + i) for i, pool in enumerate(here)])
            rows += _regrets(name if noise else f"{name}, no seed noise", budget, found)
    return rows


def _searches(pool: Pool, budget: int, count: int, seed: int) -> Numbers:
    """Regret and inflation of every arm, ``(searches, arms, 2)``; all arms share stream and seeds."""
    rng = np.random.default_rng([seed, 3])
    ways = arms(budget).values()
    most = max(each for each, _, _ in ways)
    found = np.zeros((count, len(ways), 2))
    for i in range(count):
        stream = rng.permutation(len(pool.programs))[:most]
        seeds = rng.permutation(pool.curves.shape[1])
        best = pool.truth[stream].max()
        for j, (candidates, rule, options) in enumerate(ways):
            k, seen = rule(pool, stream[:candidates], seeds, **options)
            found[i, j] = best - pool.truth[k], seen - pool.truth[k]
    return found


def _regrets(label: str, budget: int, found: Numbers) -> list[dict[str, Any]]:
    """A row for each arm; differences to argmax paired by search, and by pool (mean of its searches)."""
    rows: list[dict[str, Any]] = []
    for j, (name, (candidates, _, _)) in enumerate(arms(budget).items()):
        regret, inflation = found[:, :, j, 0], found[:, :, j, 1]
        less = regret - found[:, :, 0, 0]
        own = j == 0
        rows.append(
            {
                "task": label,
                "rule": name,
                "candidates": candidates,
                "regret": float(regret.mean()),
                "inflation": mean_interval(inflation.ravel()),
                "regret - argmax's, by search": "-" if own else mean_interval(less.ravel()),
                "by pool": "-" if own else mean_interval(less.mean(1)),
            }
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("search", "screens", "selection", "work"))
    parser.add_argument("given", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a small setting that shows that it runs")
    parser.add_argument("--first", type=int, default=0, help="first seed (tuned on others than reported)")
    options = parser.parse_args(arguments)
    quick, first = options.quick, options.first
    names = list(MAPS)[:1] if quick else list(MAPS)
    if options.what == "work":
        print(json.dumps(work(json.loads(options.given))))
        return []
    began = time.process_time()
    match options.what:
        case "search":
            rows = compare_search(QUICK_SIZE if quick else Size())
        case "screens":
            rows = compare_screens(*((10, 4) if quick else (40, 48)), first, names)
        case _:
            sizes = (24, 2, 10) if quick else (40, 20, 15)
            rows = compare_selection(*sizes, first, names)
    print_table(rows)
    print(f"CPU seconds of this process: {time.process_time() - began:.1f}")
    return rows


if __name__ == "__main__":
    main()
