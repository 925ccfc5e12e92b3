"""Recordings of Meta-World's own simulator, which the tests compare envpool's port with.

Meta-World 3.1.1 asks for exactly MuJoCo 3.3.0 and does not run with MuJoCo 4, so it lives in an environment of
its own.  The port starts an episode from a seed; Meta-World starts from the same places of object and goal, and
its own expert plays both, with some noise.  Run:

    python -m venv ORACLE
    ORACLE/bin/pip install metaworld==3.1.1 gymnasium==1.4.0 envpool==1.2.5
    ORACLE/bin/python benchmarks/metaworld_oracle.py tests/tasks/metaworld_v3.npz
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

SEED, STEPS, EVERY, NOISE = 3, 110, 5, 0.1
TASKS = (
    "reach",
    "push",
    "pick-place",
    "door-open",
    "drawer-open",
    "drawer-close",
    "button-press-topdown",
    "peg-insert-side",
    "window-open",
    "window-close",
)
BOTH = ("reach", "push", "pick-place", "peg-insert-side")  # places of object and of goal are drawn


def official(name: str, places: Any) -> tuple[Any, Any]:
    """Meta-World's environment, started from given places, and its first observation."""
    from metaworld import ALL_V3_ENVIRONMENTS

    env = ALL_V3_ENVIRONMENTS[f"{name}-v3"]()
    env.__dict__.pop("sawyer_observation_space", None)  # it was computed for hidden goals
    env._partially_observable, env._set_task_called, env._freeze_rand_vec = False, True, True
    env._last_rand_vec = np.asarray(places, float)
    return env, env.reset()[0]


def drawn(name: str, obs: Any) -> Any:
    """What an observation shows of the places that were drawn, up to constant offsets."""
    return np.r_[obs[4:7], obs[36:39]] if name in BOTH else obs[36:39]


def record(name: str) -> dict[str, Any]:
    """One episode of the expert."""
    import envpool
    from metaworld import ALL_V3_ENVIRONMENTS
    from metaworld.policies import ENV_POLICY_MAP

    port = envpool.make(
        f"MetaWorld/{''.join(word.capitalize() for word in name.split('-'))}-v3",
        env_type="gymnasium",
        num_envs=1,
        seed=SEED,
        partially_observable=False,
    )
    first = port.reset()[0][0]
    space = ALL_V3_ENVIRONMENTS[f"{name}-v3"]()._random_reset_space
    middle = (space.low + space.high) / 2
    places = drawn(name, first) - (drawn(name, official(name, middle)[1]) - middle)
    if name == "push":
        places[2], places[5] = 0.02, 0.015  # drawn, but not used
    env, obs = official(name, places)
    expert, rng = ENV_POLICY_MAP[f"{name}-v3"](), np.random.default_rng(0)
    rows: dict[str, list[Any]] = {"obs": [obs], "action": [], "reward": [], "success": []}
    for _ in range(STEPS):
        # a copy, because some experts write into what they are given
        wanted = np.clip(expert.get_action(obs.copy()), -1, 1) + NOISE * rng.normal(size=4)
        action = np.clip(wanted, -1, 1).astype(np.float32)
        obs, reward, _, _, info = env.step(action)
        for key, value in zip(rows, (obs, action, reward, info["success"]), strict=True):
            rows[key].append(value)
    arrays = {key: np.asarray(values, np.float32) for key, values in rows.items()}
    arrays["obs"] = arrays["obs"][::EVERY]
    return {f"{name}-v3/{key}": values for key, values in arrays.items()}


def main() -> None:
    """Record all tasks into one file."""
    found: dict[str, Any] = {}
    for name in TASKS:
        found |= record(name)
        print(f"{name}: first success in step {int(found[f'{name}-v3/success'].argmax())}", flush=True)
    np.savez_compressed(sys.argv[1], **found)


if __name__ == "__main__":
    main()
