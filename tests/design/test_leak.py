"""Success never reaches a proposer or a screen, unless the method's configuration says so.

Oracle: non-interference.  If only the order of candidates is visible, then replacing success by an
increasing function of it must leave every proposal of every round unchanged, bit for bit.
"""

from __future__ import annotations

import dataclasses

import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.design import Design, loop, methods

TASK = tasks.load("pendulum_hold")
SMALL = {"trainings": 24, "steps": 8192, "seeds": 1, "ppo": (("envs", 8), ("rollout", 64))}


@rs.term
def bent(next_upright, next_angular_velocity):
    """An increasing function of the task's own signal."""
    batch = {"next_upright": next_upright, "next_angular_velocity": next_angular_velocity}
    value = TASK.success.signal(batch)
    return 0.8 * value


def proposals(monkeypatch, folder, method, success):
    task = dataclasses.replace(TASK, success=success)
    monkeypatch.setattr(loop.tasks, "resolve", lambda spec: task)
    chosen = methods()[method]
    once = dataclasses.replace(chosen.selection, enough=1.0, finalists=1)
    short = dataclasses.replace(chosen, rounds=2, selection=once)
    run = loop.design(Design("pendulum_hold", short, **SMALL), folder)
    found = [row["text"] for event in run.events("proposed") for row in event.payload["candidates"]]
    rows = [row for event in run.events("trained") for row in event.payload["standings"]]
    values = [(row["success"], row["signal"]) for row in rows]
    run.close()
    return found, values


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rewardsmith", "reflect"])
def test_proposals_do_not_depend_on_how_good_candidates_are(monkeypatch, tmp_path, method):
    assert "score" not in methods()[method].sees
    texts, values = proposals(monkeypatch, tmp_path / "a", method, TASK.success)
    bent_success = dataclasses.replace(TASK.success, signal=bent)
    again, other = proposals(monkeypatch, tmp_path / "b", method, bent_success)
    assert values != other, "the control of this test: success itself did change"
    assert texts == again


def test_the_default_never_sees_success():
    assert "score" not in methods()["rewardsmith"].sees


def test_a_program_cannot_read_success():
    from rewardsmith.core.errors import ProgramError
    from rewardsmith.program import parse

    with pytest.raises(ProgramError, match="E_NAME"):
        parse("success", TASK)
    assert all(field.name not in ("success", "native_reward") for field in TASK.table())
