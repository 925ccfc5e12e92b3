"""What the report shows of a winner: episodes with what each part paid, a heat map, a film."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.algebra import Reward
from ..optimize.control import Policy, evaluate
from ..tasks import Task
from .landscape import base_of, effect, seen_range, vary

EPISODES = 3
GRID = 61
FRAMES = 250

Numbers = np.ndarray[Any, Any]


def episodes(task: Task, reward: Reward, policy: Policy, seed: int) -> dict[str, Numbers]:
    """A few greedy episodes, padded to the horizon: ``(E, T)`` arrays, NaN where nothing happened any more."""
    played = evaluate(task, [policy], seed, EPISODES, keep=EPISODES, rewards=[reward]).trajectories[0]
    found: dict[str, list[Numbers]] = {}
    for trajectory in played:
        length = len(trajectory.obs)
        after = np.concatenate([trajectory.obs[1:], trajectory.obs[-1:]])
        batch = task.batch(trajectory.obs, trajectory.action, after, np.zeros(length, bool))
        rows = {
            "obs": trajectory.obs,
            "action": trajectory.action,
            "alive": np.ones(length),
            "success": np.asarray(task.success.signal(batch)),  # NaN where only the simulator knows
        }
        rows |= {f"term/{name}": values for name, values in trajectory.terms.items()}
        rows |= {f"field/{field.name}": np.asarray(batch[field.name]) for field in task.fields}
        for name, values in rows.items():
            found.setdefault(f"episode/{name}", []).append(_padded(np.asarray(values, float), task.horizon))
    arrays = {name: np.stack(values) for name, values in found.items()}
    arrays["episode/alive"] = np.nan_to_num(arrays["episode/alive"]).astype(bool)
    return arrays


def heat(
    task: Task, reward: Reward, episode: dict[str, Numbers]
) -> tuple[dict[str, str] | None, dict[str, Numbers]]:
    """The reward over the two state fields that it depends on most, others at their median in the episodes.

    State fields and their twins are moved together, so terms that pay progress show no level here.
    """
    alive = episode["episode/alive"]
    names = [f.name for f in task.fields if f.kind == "state" and not f.width]
    if len(names) < 2:
        return None, {}
    obs = episode["episode/obs"][alive]
    action = episode["episode/action"][alive]
    base = base_of(task, [{"obs": obs[None], "action": action[None]}], {})
    seen = {f.name: np.asarray(f.of(obs), float) for f in task.fields if f.name in names}
    span = {f.name: seen_range(f, seen[f.name]) for f in task.fields if f.name in names}
    moves = {name: effect(task, reward, base, name, np.linspace(*span[name], GRID)) for name in names}
    x, y = sorted(names, key=lambda name: -moves[name])[:2]
    xs, ys = np.linspace(*span[x], GRID), np.linspace(*span[y], GRID)
    grid_x, grid_y = np.meshgrid(xs, ys)
    values = vary(task, reward, base, {x: grid_x.ravel(), y: grid_y.ravel()}).total
    return {"x": x, "y": y}, {"heat/x": xs, "heat/y": ys, "heat/reward": values.reshape(GRID, GRID)}


def film(
    task: Task, policy: Policy, episode: dict[str, Numbers], seed: int
) -> tuple[dict[str, Any], dict[str, Numbers]]:
    """The first episode to look at: line drawings, a GIF from the simulator's renderer, or why not."""
    caption = "one episode of the best of the final policies, from a start it was not trained on"
    if task.frame is not None:
        obs = episode["episode/obs"][0][episode["episode/alive"][0]]
        every = max(1, -(-len(obs) // FRAMES))
        frames = [[_rounded(shape) for shape in task.sketch(row)] for row in obs[::every]]
        drawn = {
            "world": [float(edge) for edge in task.frame],
            "dt": float(getattr(task.env, "dt", 0.02)) * every,
            "episode": 0,
            "every": every,
        }
        return {"kind": "sketch", **drawn, "frames": frames, "caption": caption}, {}
    if task.is_array:
        return {"kind": "none", "why": f"the environment of {task.name} has no drawing"}, {}
    from .render import render_gif

    gif, why = render_gif(task, policy, seed % 2**31)
    if gif is None:
        return {"kind": "none", "why": why}, {}
    return {"kind": "gif", "caption": caption}, {"gif": gif}


def _padded(values: Numbers, length: int) -> Numbers:
    padded = np.full((length, *values.shape[1:]), np.nan)
    padded[: len(values)] = values
    return padded


def _rounded(shape: Any) -> list[Any]:
    return [round(float(part), 3) if isinstance(part, (int, float, np.floating)) else part for part in shape]
