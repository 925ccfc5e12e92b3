"""The override: the same jobs in a plain child process, with this process's rights.  It isolates nothing.

Only ``best(tier, allow_unsandboxed=True)`` gives it, and every outcome of it is stamped ``UNSANDBOXED``.
"""

from __future__ import annotations

from .backend import Reason
from .jobs import Limits, Tier
from .landlocked import bare_command, bare_environment
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
        return ZygoteWorker(start(bare_command("open"), bare_environment(), self.name), STAMP, limits)
