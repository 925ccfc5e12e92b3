"""Seccomp, Landlock and limits without namespaces: weaker than bubblewrap, for machines that forbid those.

For tier T1 alone, which needs no file: a job keeps the system calls of computing and nothing else.  What
bubblewrap has besides is a second layer under them; here the job sits among the processes of this machine,
with the user id of this process (of nobody, where that is root).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from .backend import NoSandbox, Reason
from .bubblewrap import ENVIRONMENT
from .inside import landlock
from .jobs import Limits, Tier
from .worker import ZygoteWorker, guarded, opens, other_machine, start

_NAME = "landlock"


class Landlocked:
    """The back-end for arrays where namespaces are forbidden."""

    name = _NAME
    tiers: frozenset[Tier] = frozenset({"T1"})
    isolated = True

    def available(self) -> Reason | None:
        """None where a worker really started here and its walls were seen to hold."""
        return opens(Landlocked)

    def open(self, limits: Limits) -> ZygoteWorker:
        """Start a worker.

        Raises:
            NoSandbox: the kernel has no Landlock, or the walls do not hold.
        """
        missing = _missing()
        if missing:
            raise NoSandbox("T1", [(_NAME, missing)])
        started = start(bare_command("closed"), bare_environment(), _NAME)
        stamp = f"{_NAME} (weaker, no namespaces): seccomp, Landlock {started.hello['landlock']}"
        return guarded(started, _NAME, stamp, limits)


def _missing() -> Reason | None:
    if (reason := other_machine()) is not None:
        return reason
    if not landlock.version():
        return Reason("this kernel has no Landlock", "Linux 5.13 or later with landlock among its LSMs")
    return None


def bare_command(walls: str) -> list[str]:
    """A zygote without namespaces around it; ``walls`` is ``closed`` or ``open``."""
    return [sys.executable, "-s", "-S", "-B", "-m", "inside.zygote", walls]


def bare_environment() -> dict[str, str]:
    """What it needs to find NumPy and itself."""
    places = (Path(np.__file__).resolve().parents[1], Path(__file__).parent)
    found = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(map(str, places))}
    found.pop("LD_LIBRARY_PATH")
    kept = os.environ.get("LD_LIBRARY_PATH")
    return {**found, "LD_LIBRARY_PATH": kept} if kept else found
