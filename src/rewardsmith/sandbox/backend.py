"""One interface for everything that can hold untrusted Python, and the rule that there is no silent fallback.

``best(tier)`` gives the strongest back-end that works here, or raises ``NoSandbox`` with the reasons.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..core.errors import RewardsmithError
from .jobs import Job, Limits, Outcome, Tier


@dataclass(frozen=True)
class Reason:
    """Why a back-end cannot be used here, and what would change that.

    Args:
        missing: what is missing, in one sentence.
        remedy: what to install or allow; empty where nothing helps.
    """

    missing: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.missing} ({self.remedy})" if self.remedy else self.missing


class Worker(Protocol):
    """One isolated place in which jobs run one after the other, each on its own.

    A job leaves nothing behind: the next one sees a fresh state.  Not for use by two threads at once, and
    used by the thread that opened it.
    """

    stamp: str

    def run(self, job: Job, limits: Limits | None = None) -> Outcome:
        """Run one job; never raises for what the job does.  Infrastructure failures are an outcome too."""
        ...

    @property
    def alive(self) -> bool:
        """False after it died or was closed: open another one."""
        ...

    def close(self) -> None:
        """End it and everything in it; closing twice is fine."""
        ...


class Backend(Protocol):
    """A way to isolate.

    Attributes:
        name: as ``doctor`` lists it.
        tiers: what it can run: T1 needs NumPy inside, T2 the standard library.
        isolated: False only for the override, which isolates nothing.
    """

    name: str
    tiers: frozenset[Tier]
    isolated: bool

    def available(self) -> Reason | None:
        """None where it works here (tried, not guessed), else why not.  Cheap when asked again."""
        ...

    def open(self, limits: Limits) -> Worker:
        """Start a worker; ``limits`` hold for jobs that come without their own.

        Raises:
            NoSandbox: it cannot be started here.
        """
        ...


class NoSandbox(RewardsmithError, RuntimeError):
    """Untrusted code was to be run, and nothing here can hold it."""

    def __init__(self, tier: str, reasons: Sequence[tuple[str, Reason]]) -> None:
        self.tier, self.reasons = tier, tuple(reasons)
        listed = "; ".join(f"{name}: {reason}" for name, reason in reasons) or "no back-end offers it"
        Exception.__init__(
            self,
            f"no sandbox for tier {tier} on this machine: {listed}; allowed: a machine with one of these, or "
            "allow_unsandboxed=True for this run alone, which is stamped on every result",
        )


# Strongest first.  (module, class): imported when asked for, because each needs something of its own.
BACKENDS: dict[str, tuple[str, str]] = {
    "bubblewrap": ("rewardsmith.sandbox.bubblewrap", "Bubblewrap"),
    "wasmtime": ("rewardsmith.sandbox.wasm", "Wasmtime"),
    "landlock": ("rewardsmith.sandbox.landlocked", "Landlocked"),
}


def get_backend(name: str) -> Backend:
    """The back-end of that name, usable or not."""
    module, kind = BACKENDS[name]
    return getattr(importlib.import_module(module), kind)()


def best(tier: Tier, allow_unsandboxed: bool = False) -> Backend:
    """The first back-end of the table that offers the tier and works here.

    Args:
        allow_unsandboxed: where none works, run the code with the rights of this process after all.

    Raises:
        NoSandbox: with the reason of every back-end.
    """
    reasons: list[tuple[str, Reason]] = []
    for name in BACKENDS:
        found = get_backend(name)
        if tier not in found.tiers:
            continue
        reason = found.available()
        if reason is None:
            return found
        reasons.append((name, reason))
    if allow_unsandboxed:
        from .unsandboxed import Unsandboxed

        return Unsandboxed()
    raise NoSandbox(tier, reasons)
