"""CaRL's reward on a real driving environment: composed of terms, it is what a loop over the drive pays."""

from __future__ import annotations

import gymnasium
import highway_env  # noqa: F401  importing it registers the environments
import numpy as np
import pytest

from rewardsmith import terms
from rewardsmith.testing import check_reward
from rewardsmith.transforms import Clip, Latched

LIMIT, TICKS = 9.0, 2
SPEEDING = 1.0 - terms.excess(value="speed", low=0.0, high=LIMIT) / 2.23 | Clip(0.0, 1.0)
CLOSE = terms.value(value="near_other") | Latched(ticks=TICKS, factor=0.5)
CARL = terms.new_progress * SPEEDING * CLOSE + -1.0 * terms.value(value="crashed")


def drive(name: str, seed: int) -> dict[str, np.ndarray]:
    """One drive with random actions: how far the route is done, in percent, speed, closeness and crash."""
    env = gymnasium.make(name)
    env.action_space.seed(seed)
    env.reset(seed=seed)
    rows, way, over = [], 0.0, False
    before = np.array(env.unwrapped.vehicle.position)
    while not over:
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        car = env.unwrapped.vehicle
        way += float(np.linalg.norm(car.position - before))
        before = np.array(car.position)
        gaps = [np.linalg.norm(car.position - o.position) for o in env.unwrapped.road.vehicles if o is not car]
        rows.append((way, float(info["speed"]), float(min(gaps) < 12.0), float(info["crashed"])))
        over = terminated or truncated
    env.close()
    columns = dict(zip(("route", "speed", "near_other", "crashed"), np.array(rows).T[:, None], strict=True))
    first = np.zeros((1, len(rows)), bool)
    first[0, 0] = True
    return columns | {"first": first}


@pytest.mark.parametrize("name", ["roundabout-v0", "intersection-v0"])
def test_the_composed_reward_is_the_loop_over_the_drive(name: str):
    crashes = []
    for seed in range(40):  # not every random drive ends in a crash, and the traffic is not all seeded
        if seed >= 4 and any(crashes):
            break
        batch = drive(name, seed)
        expected, best, held = [], 0.0, 0
        for way, speed, near, crashed in zip(*(batch[k][0] for k in list(batch)[:4]), strict=True):
            held = TICKS + 1 if near else max(held - 1, 0)
            share = min(max(1 - max(speed - LIMIT, 0.0) / 2.23, 0.0), 1.0)
            expected.append(max(way - best, 0.0) * share * (0.5 if held else 1.0) - crashed)
            best = max(best, way)
        np.testing.assert_allclose(CARL(batch)[0], expected, atol=1e-12)
        check_reward(CARL, batch)
        crashes.append(batch["crashed"].any())
    assert sum(crashes) > 0  # something ended a drive
