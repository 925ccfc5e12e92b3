"""No probe gets out of a sandbox, in either tier; judged from outside (evidence.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from rewardsmith.sandbox import Worker, best
from sandbox.hostile.corpus import BENIGN, LIMITS, Probe, in_arrays, in_program, probes
from sandbox.hostile.evidence import evidence
from sandbox.hostile.watch import Seen, Watch
from sandbox.hostile.world import World

RUN = {"T1": in_arrays, "T2": in_program}


class Place(NamedTuple):
    """A tier's worker in the world of canaries, and what it looks like while a benign job runs."""

    tier: str
    world: World
    worker: Worker
    usual: Seen

    def run(self, source: str) -> tuple[bytes, Seen]:
        assert self.world.victim is not None
        with Watch(frozenset({self.world.victim.pid})) as seen:
            outcome, output = RUN[self.tier](self.worker, source)
        assert outcome.status != "infrastructure", outcome.reason
        return output, seen


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


@pytest.fixture(scope="module", params=["T1", "T2"])
def place(world: World, request: pytest.FixtureRequest) -> Iterator[Place]:
    tier = request.param
    worker = best(tier).open(LIMITS)
    try:
        _, seen = Place(tier, world, worker, Seen()).run(BENIGN)
        yield Place(tier, world, worker, seen)
    finally:
        worker.close()


@pytest.mark.parametrize("probe", probes(), ids=lambda each: each.name)
def test_the_probe_stays_inside(probe: Probe, place: Place) -> None:
    world = place.world
    world.restore()
    output, seen = place.run(world.filled(probe.source))
    found = {kind: evidence(world.filled(kind), world, output, seen, place.usual) for kind in probe.escape}
    assert not any(found.values()), (found, output[:500])
    # A probe that did not even try proves nothing.
    assert b"not tried" not in output, output[:500]
    assert place.worker.alive
    benign, _ = RUN[place.tier](place.worker, "def attack():\n    return b'benign'\n")
    assert benign.status == "done"
