"""The bad inputs of the reward language as rewards in Python: no harm, one clear error, a healthy pool."""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from program.helpers import VECTORS, bad_rewards
from rewardsmith.core.errors import NonFiniteError, ProgramError
from rewardsmith.sandbox import ArrayJob, Limits, Pool, parse_python, using
from sandbox.hostile.world import World

LIMITS = Limits(wall=2.0, cpu=0.5, memory=1 << 30, output=1 << 20)
ROWS = 16


def batch() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "obs": rng.normal(size=(ROWS, 4)),
        "action": rng.normal(size=(ROWS, 2)),
        "next_obs": np.ones((ROWS, 4)),
    }


def as_function(code: str) -> str:
    """Bad inputs are expressions, bodies or whole functions; here all are functions."""
    if "def reward" in code:
        return code
    lines = code.splitlines() or [""]
    body = (
        lines
        if len(lines) > 1 or lines[0].lstrip().startswith(("import", "return", "x="))
        else [f"return {code}"]
    )
    return "def reward(obs, action, next_obs):\n" + "\n".join(f"    {line}" for line in body)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool("T1", LIMITS, size=1) as made, using(made):
        yield made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


@pytest.mark.parametrize("row", bad_rewards(), ids=lambda row: row["name"])
def test_no_harm(row: dict[str, Any], pool: Pool, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.drop)
    given, before, names = batch(), batch(), dict(vars(builtins))
    source, began = as_function(row["code"]), time.monotonic()
    said, found = "one line", np.zeros(ROWS)
    try:
        found = parse_python(source, VECTORS)(given)
    except (ProgramError, NonFiniteError) as error:
        said = str(error)
    assert len(said.splitlines()) == 1
    assert found.shape == (ROWS,)
    assert not np.isinf(found).any()
    # the same without the check of the source, which is no wall
    outcome = pool.run(ArrayJob(source, "reward", given))
    assert outcome.status != "infrastructure", outcome.reason
    assert time.monotonic() - began < 2 * LIMITS.wall + 3.0
    assert vars(builtins) == names
    assert all(np.array_equal(given[name], before[name]) for name in before)
    assert list(Path().iterdir()) == []
    assert not world.contacts
    honest = parse_python("def reward(obs, action):\n    return obs[:, 0] - action[:, 1]", VECTORS)
    assert np.array_equal(honest(given), before["obs"][:, 0] - before["action"][:, 1])
    assert pool.failures == pool.restarts == 0
