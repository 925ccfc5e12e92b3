"""No bomb outlives its limits, takes its worker along, or changes anything for the job after it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rewardsmith.sandbox import ArrayJob, Limits, Outcome, ProgramJob, Tier, get_backend
from sandbox.hostile.corpus import PLACES, Bomb, bombs, prelude
from sandbox.hostile.watch import below

LIMITS = Limits(wall=0.25, cpu=0.25, memory=1 << 30, output=1 << 16)
PATIENT = replace(LIMITS, wall=20.0, cpu=5.0)  # where time is no answer, a busy machine must not make it one
SLACK = 5.0  # seconds beyond the limit: the machine may be busy with other things
ROWS = {"rows": np.arange(8.0)}
ANSWERS = "\ndef answer(given):\n    bomb()\n    return given\n"
HONEST = {
    "T1": "import random\ndef answer(rows):\n    return rows * np.random.random(8) + random.random()\n",
    "T2": "import random\ndef answer(n):\n    return [n, random.random(), list({'a', 'b', 'c'})]\n",
}


class Place:
    """One worker for all bombs; another one only where a bomb has killed it (and failed its test)."""

    def __init__(self, name: str, tier: Tier) -> None:
        self.name, self.tier = name, tier
        self.worker = get_backend(name).open(LIMITS)
        self.answer = self.honest()
        self.processes = len(tuple(below(os.getpid())))

    def run(self, source: str, limits: Limits) -> Outcome:
        if not self.worker.alive:
            self.worker.close()
            self.worker = get_backend(self.name).open(LIMITS)
        if self.tier == "T1":
            return self.worker.run(ArrayJob(source, "answer", ROWS), limits)
        return self.worker.run(ProgramJob(source, function="answer", args=(5,)), limits)

    def honest(self) -> Any:
        outcome = self.run(HONEST[self.tier], PATIENT)
        assert outcome.status == "done", outcome.reason
        return outcome.arrays[""].tolist() if self.tier == "T1" else outcome.value


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(*request.param)
    yield made
    made.worker.close()


def test_the_corpus_is_large() -> None:
    assert len({each.name for each in bombs()}) == len(bombs()) >= 20


@pytest.mark.parametrize("bomb", bombs(), ids=lambda each: each.name)
def test_the_bomb_is_contained(bomb: Bomb, place: Place) -> None:
    limits = LIMITS if "time" in bomb.ends else PATIENT
    source = prelude() + bomb.source + ANSWERS.replace("given", "rows" if place.tier == "T1" else "n")
    began = time.monotonic()
    outcome = place.run(source, limits)
    assert time.monotonic() - began < limits.wall + SLACK
    assert outcome.status in bomb.ends, outcome.reason
    assert place.worker.alive
    assert len(tuple(below(os.getpid()))) == place.processes
    assert place.honest() == place.answer
