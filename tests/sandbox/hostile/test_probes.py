"""No probe gets out of a sandbox, in either tier; judged from outside (evidence.py)."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from rewardsmith.sandbox import ArrayJob, ProgramJob, Worker, get_backend
from sandbox.hostile.corpus import BENIGN, LIMITS, PLACES, Probe, in_arrays, in_program, probes
from sandbox.hostile.evidence import evidence
from sandbox.hostile.watch import Seen, Watch, below
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


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def place(world: World, request: pytest.FixtureRequest) -> Iterator[Place]:
    name, tier = request.param
    worker = get_backend(name).open(LIMITS)
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


def test_nothing_of_earlier_jobs_is_in_memory(place: Place) -> None:
    """Jobs of other people: their sources, their numbers, what they printed."""
    token = place.world.token("earlier-jobs")
    as_number = float(np.frombuffer(token.encode()[-8:], np.float64)[0])
    for _ in range(3):
        job = (
            ArrayJob(f"said = {token!r}\ndef f(x):\n    return x", "f", {"x": np.full(1000, as_number)})
            if place.tier == "T1"
            else ProgramJob(f"said = {token!r}\nprint(said, input())", stdin=token)
        )
        assert place.worker.run(job, LIMITS).status == "done"
    (probe,) = [each for each in probes() if each.name == "earlier_jobs"]
    output, _ = place.run(probe.source)
    assert b"tried:\ntoken-of-earlier-jobs-" in output  # it finds what it looks for: the text in its own source
    assert token.encode() not in output
    assert token.encode()[-8:] not in output


def test_what_a_job_is(place: Place) -> None:
    """Seen from outside: an ordinary user without capabilities, under a filter, for good."""
    assert place.world.victim is not None
    with Watch(frozenset({place.world.victim.pid})):
        pids: set[int] = set()
        job = threading.Thread(target=place.run, args=(BENIGN,))
        job.start()
        while job.is_alive():
            pids |= {pid for pid in below(os.getpid()) if _status(pid).get("Seccomp") == "2"}
            jobs = [_status(pid) for pid in pids if _status(pid)]
            if jobs:
                found = jobs[0]
        job.join()
    assert len(pids) == 1
    assert found["CapEff"] == found["CapPrm"] == found["CapAmb"] == "0000000000000000"
    assert found["NoNewPrivs"] == "1"
    assert found["Threads"] == "1"
    assert "0" not in found["Uid"].split() + found["Gid"].split() + found["Groups"].split()


def _status(pid: int) -> dict[str, str]:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    return {name: value.strip() for name, value in (line.split(":", 1) for line in text.splitlines())}


_TYPES = """
import sys
sys.path[:0] = {path!r}
import numpy as np
from rewardsmith.sandbox import ArrayJob, Limits, ProgramJob, get_backend
source = {source!r}
for name, tier in {places!r}:
    worker = get_backend(name).open(Limits())
    array = ArrayJob(source, "f", {{"x": np.zeros(1)}})
    outcome = worker.run(array if tier == "T1" else ProgramJob(source, function="f", args=(1,)))
    assert outcome.status == "done", outcome
    worker.close()
if "openly" in sys.argv:
    exec(source)
    f(1)
print("all ran")
"""
_INJECTS = """
import ctypes, os
libc = ctypes.CDLL(None)
def f(x):
    for fd in (0, 1, 2, 3, 4, -1):
        try:
            fd = fd if fd >= 0 else os.open("/dev/tty", os.O_RDWR)
            for letter in b"typed-by-the-job":
                libc.ioctl(fd, 0x5412, bytes([letter]))
        except OSError:
            pass
    return x
"""


@pytest.mark.parametrize("openly", [True, False])
def test_nothing_is_typed_into_the_terminal(openly: bool, tmp_path: Path) -> None:
    """TIOCSTI: a program can put letters into its terminal's input, which the shell then takes for typed."""
    script = tmp_path / "script.py"
    script.write_text(_TYPES.format(path=sys.path, source=_INJECTS, places=PLACES[:2]))
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, str(script), *(["openly"] if openly else [])])
    said = b""
    try:
        while piece := os.read(terminal, 4096):
            said += piece
    except OSError:
        pass  # the other end was closed
    os.waitpid(child, 0)
    os.close(terminal)
    assert b"all ran" in said
    assert (b"typed-by-the-job" in said) == openly
