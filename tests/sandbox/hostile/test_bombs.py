"""No bomb outlives its limits, takes its worker along, or changes anything for the job after it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from rewardsmith.sandbox import ArrayJob, Limits, Outcome, ProgramJob, Worker, best
from sandbox.hostile.corpus import Bomb, bombs, prelude
from sandbox.hostile.watch import below

LIMITS = Limits(wall=0.25, cpu=0.25, memory=1 << 30, output=1 << 16)
SLACK = 1.0  # seconds beyond the limit: the machine may be busy with other things
ROWS = {"rows": np.arange(8.0)}
ANSWERS = "\ndef answer(given):\n    bomb()\n    return given\n"
HONEST = {
    "T1": "import random\ndef answer(rows):\n    return rows * np.random.random(8) + random.random()\n",
    "T2": "import random\ndef answer(n):\n    return [n, random.random(), list({'a', 'b', 'c'})]\n",
}


class Place(NamedTuple):
    tier: str
    worker: Worker
    processes: int
    answer: Any

    def run(self, source: str) -> Outcome:
        if self.tier == "T1":
            return self.worker.run(ArrayJob(source, "answer", {"rows": ROWS["rows"]}))
        return self.worker.run(ProgramJob(source, function="answer", args=(5,)))

    def honest(self) -> Any:
        outcome = self.run(HONEST[self.tier])
        assert outcome.status == "done", outcome.reason
        return outcome.arrays[""].tolist() if self.tier == "T1" else outcome.value


@pytest.fixture(scope="module", params=["T1", "T2"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    worker = best(request.param).open(LIMITS)
    try:
        first = Place(request.param, worker, 0, None)
        answer = first.honest()
        yield Place(request.param, worker, len(tuple(below(os.getpid()))), answer)
    finally:
        worker.close()


def test_the_corpus_is_large() -> None:
    assert len({each.name for each in bombs()}) == len(bombs()) >= 20


@pytest.mark.parametrize("bomb", bombs(), ids=lambda each: each.name)
def test_the_bomb_is_contained(bomb: Bomb, place: Place) -> None:
    began = time.monotonic()
    outcome = place.run(
        prelude() + bomb.source + ANSWERS.replace("given", "rows" if place.tier == "T1" else "n")
    )
    assert time.monotonic() - began < LIMITS.wall + SLACK
    assert outcome.status in bomb.ends, outcome.reason
    assert place.worker.alive
    assert len(tuple(below(os.getpid()))) == place.processes
    assert place.honest() == place.answer
