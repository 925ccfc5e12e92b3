"""Every probe gets out where nothing holds it: a corpus that could not escape would prove nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.hostile.corpus import BENIGN, Probe, openly, probes
from sandbox.hostile.evidence import evidence
from sandbox.hostile.watch import Seen, Watch, below
from sandbox.hostile.world import World

REAL = tuple(each for each in probes() if not each.control.startswith("none"))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


def _watched(world: World, source: str, wrapper: str) -> tuple[bytes, Seen]:
    assert world.victim is not None
    earlier = frozenset(below(os.getpid()))  # sandboxes of other tests are no business of this process
    with Watch(earlier | {world.victim.pid}) as seen:
        output = openly(source, wrapper, world)
    return output, seen


@pytest.fixture(scope="module")
def usual(world: World) -> dict[str, Seen]:
    return {wrapper: _watched(world, BENIGN, wrapper)[1] for wrapper in {each.control for each in REAL}}


@pytest.mark.parametrize("probe", REAL, ids=lambda each: each.name)
def test_the_probe_gets_out_when_nothing_holds_it(probe: Probe, world: World, usual: dict[str, Seen]) -> None:
    output, found = b"", {}
    for _ in range(3):  # on a busy machine the watcher may look too late; what never gets out fails every time
        world.restore()
        output, seen = _watched(world, world.filled(probe.source), probe.control)
        found = {
            kind: evidence(world.filled(kind), world, output, seen, usual[probe.control])
            for kind in probe.escape
        }
        if any(found.values()):
            break
    assert any(found.values()), (output[:300], found)
