"""Every code is found in its example and not in the sound twin."""

from __future__ import annotations

from pathlib import Path

import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.connect.load import load_reward
from rewardsmith.measure.check import check, checks, codes
from rewardsmith.measure.check.finding import Example
from rewardsmith.program import parse

# Examples that need a training have smaller tests of their own: tests/measure/exploit/test_attack.py.
WITH_EXAMPLE = [(code.code, code.example) for code in codes().values() if code.example and code.example.fast]


def reward_of(text: str, task: str, folder: Path) -> rs.Reward:
    if "import rewardsmith" not in text:
        return parse(text, tasks.load(task))
    file = folder / "reward.py"
    file.write_text(text, encoding="utf-8")
    return load_reward(file)


def test_every_code_has_an_example_and_says_what_it_is() -> None:
    for code in codes().values():
        assert code.example is not None, code.code
        assert min(map(len, (code.why, code.fix, code.how))) > 20


@pytest.mark.parametrize(("code", "example"), WITH_EXAMPLE, ids=[code for code, _ in WITH_EXAMPLE])
def test_found_in_the_example_and_not_in_its_twin(code: str, example: Example, tmp_path: Path) -> None:
    task = tasks.load(example.task)
    (own,) = [each for each in checks() if code in {c.code for c in each.codes}]

    def found(text: str) -> set[str]:
        reward = reward_of(text, example.task, tmp_path)
        return {f.code.code for f in check(reward, task, fast=example.fast, checks=[own]).findings}

    assert code in found(example.bad)
    assert code not in found(example.sound)
