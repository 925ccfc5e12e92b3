"""The override: the same jobs in a plain child process, with this process's rights.  It isolates nothing.

Only ``best(tier, allow_unsandboxed=True)`` gives it, and every outcome of it is stamped ``UNSANDBOXED``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from .backend import Reason
from .bubblewrap import ENVIRONMENT
from .jobs import Limits, Tier
from .worker import ZygoteWorker, start

STAMP = "UNSANDBOXED"


class Unsandboxed:
    """Limits on time and memory, and nothing else."""

    name = "unsandboxed"
    tiers: frozenset[Tier] = frozenset({"T1", "T2"})
    isolated = False

    def available(self) -> Reason | None:
        """None: it always works."""
        return None

    def open(self, limits: Limits) -> ZygoteWorker:
        """Start a worker."""
        site = str(Path(np.__file__).resolve().parents[1])
        environment = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([site, str(Path(__file__).parent)])}
        environment["LD_LIBRARY_PATH"] = os.environ.get("LD_LIBRARY_PATH", "")
        command = [sys.executable, "-s", "-S", "-B", "-m", "inside.zygote", "open"]
        return ZygoteWorker(start(command, environment, self.name), STAMP, limits)
