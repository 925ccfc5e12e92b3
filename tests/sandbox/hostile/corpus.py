"""The hostile corpus (data files beside this one), and how to run it: in a sandbox, or openly as a control."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.sandbox import ArrayJob, Limits, Outcome, ProgramJob, Tier, Worker
from sandbox.hostile.world import World

HERE = Path(__file__).parent
ROWS = 2048
PLACES: tuple[tuple[str, Tier], ...] = (("bubblewrap", "T1"), ("bubblewrap", "T2"), ("landlock", "T1"))
LIMITS = Limits(wall=2.0, cpu=1.0, memory=1 << 30, output=1 << 20)

# How a probe tells what it found and how it ended.  Only leaked tokens in it count; "tried" must be in it, so
# that a probe that could not even begin (no such module, a slip in the corpus) is not taken for a safe sandbox.
_ENDING = r"""
def told():
    try:
        return b"tried:\n" + (attack() or b"")
    except BaseException as error:
        kind = "tried" if isinstance(error, OSError) or "can't start new thread" in str(error) else "not tried"
        if isinstance(error, ImportError) or getattr(error, "name", "") in ("socket", "ctypes"):
            kind = "no such module"
        return f"{kind}: {type(error).__name__} {getattr(error, 'errno', '')}: {error}".encode()
"""
_ARRAYS = """
def reward(rows):
    said = np.frombuffer(told()[: len(rows)], np.uint8)
    return np.concatenate([said.astype(float), np.zeros(len(rows) - len(said))])
"""
_VALUE = """
def answer():
    return told().decode("latin-1")
"""


@dataclass(frozen=True)
class Probe:
    name: str
    does: str
    escape: tuple[str, ...]
    control: str
    source: str


@dataclass(frozen=True)
class Bomb:
    name: str
    does: str
    ends: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Forgery:
    name: str
    does: str
    fools: str
    task: str
    source: str
    tests: str = "[[3, 10], [7, 50]]"

    def pairs(self) -> list[tuple[Any, Any]]:
        """What is given and what is expected."""
        return [(given, expected) for given, expected in json.loads(self.tests)]


def _load(file: str, key: str) -> list[dict[str, object]]:
    return tomllib.loads((HERE / file).read_text())[key]


@cache
def probes() -> tuple[Probe, ...]:
    return tuple(Probe(**{**each, "escape": tuple(each["escape"])}) for each in _load("probes.toml", "probe"))


@cache
def bombs() -> tuple[Bomb, ...]:
    return tuple(Bomb(**{**each, "ends": tuple(each["ends"])}) for each in _load("bombs.toml", "bomb"))


@cache
def forgeries() -> tuple[Forgery, ...]:
    return tuple(Forgery(**each) for each in _load("forgeries.toml", "forgery"))


@cache
def prelude() -> str:
    return (HERE / "prelude.py").read_text()


BENIGN = "def attack():\n    hold()\n    return b'benign'\n"


def in_arrays(worker: Worker, source: str, limits: Limits = LIMITS) -> tuple[Outcome, bytes]:
    """A probe as a job of tier T1, and every byte that came back."""
    job = ArrayJob(prelude() + source + _ENDING + _ARRAYS, "reward", {"rows": np.zeros(ROWS)})
    outcome = worker.run(job, limits)
    rows = np.concatenate([np.zeros(0), *(np.ravel(each) for each in outcome.arrays.values())])
    said = bytes(int(each) for each in rows if 0 < each < 256)
    return outcome, said + _rest(outcome)


def in_program(worker: Worker, source: str, limits: Limits = LIMITS) -> tuple[Outcome, bytes]:
    """A probe as a job of tier T2, and every byte that came back."""
    outcome = worker.run(ProgramJob(prelude() + source + _ENDING + _VALUE, function="answer"), limits)
    return outcome, str(outcome.value or "").encode("latin-1", "replace") + _rest(outcome)


def _rest(outcome: Outcome) -> bytes:
    fault = outcome.fault.message if outcome.fault else ""
    return "\n".join(("", outcome.text, fault, outcome.reason)).encode(errors="replace")


def openly(source: str, wrapper: str, world: World) -> bytes:
    """A probe without any sandbox, in a process of its own: what it would do to somebody who trusts it."""
    path = world.folder / "control.py"
    ending = "\nimport sys\nsys.stdout.buffer.write(told())\n"
    path.write_text(prelude() + source + _ENDING + textwrap.dedent(ending))
    before = {"plain": [], "as the victim": world.as_nobody()}.get(wrapper, shlex.split(wrapper))
    run = subprocess.run(
        [*before, sys.executable, str(path)], capture_output=True, timeout=60, cwd=world.folder, check=False
    )
    return run.stdout + run.stderr
