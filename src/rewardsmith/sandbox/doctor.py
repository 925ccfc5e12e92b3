"""What can hold untrusted code on this machine, why not where nothing can, and a live trial of what can.

The trial is judged from outside: a file that holds a secret, and a socket that waits to be spoken to.
"""

from __future__ import annotations

import os
import platform
import secrets
import socket
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .backend import BACKENDS, Backend, NoSandbox, Reason, get_backend
from .inside import landlock
from .jobs import ArrayJob, Limits, Outcome, ProgramJob, Tier

TIERS: tuple[Tier, ...] = ("T1", "T2")
_LIMITS = Limits(wall=5.0, cpu=2.0, memory=1 << 30, output=1 << 16)
_ROWS = 256

_READS = """
def probe({argument}):
    try:
        with open({path!r}, "rb") as file:
            found = file.read()
    except BaseException:
        found = b""
    return {answer}
"""
_SPEAKS = """
def probe({argument}):
    found = b""
    try:
        import socket
        talk = socket.socket()
        talk.settimeout(1)
        talk.connect(("127.0.0.1", {port}))
    except BaseException:
        pass
    return {answer}
"""
_AS_ARRAY = "np.array(list(found.ljust({rows}, b' ')[:{rows}]), float)"
_AS_TEXT = "found.decode('latin-1')"


@dataclass(frozen=True)
class Standing:
    """How one back-end stands for one tier.

    Args:
        tier: T1 or T2.
        backend: its name.
        stamp: what results are stamped with; "" where it does not work.
        missing, remedy: why it does not work, and what would change that.
        tried: what the trial showed, in words.
    """

    tier: Tier
    backend: str
    stamp: str = ""
    missing: str = ""
    remedy: str = ""
    tried: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """The back-end started, did an honest job, and held two probes."""
        return not self.missing


@dataclass(frozen=True)
class Kernel:
    """What this machine offers for isolation.

    Args:
        system: name, version and processor.
        landlock: version of the interface, 0 where there is none.
        seccomp: filters of system calls are there.
        namespaces: user namespaces may be made by ordinary users.
        restriction: the setting that forbids them, with the command that allows them; "" where none does.
    """

    system: str
    landlock: int
    seccomp: bool
    namespaces: bool
    restriction: str = ""


def kernel() -> Kernel:
    """Facts of this machine."""
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    if sys.platform != "linux":
        return Kernel(system, 0, False, False)
    restriction = _restriction()
    seccomp = Path("/proc/sys/kernel/seccomp/actions_avail").exists()
    return Kernel(system, landlock.version(), seccomp, not restriction, restriction)


def _restriction(settings: Path = Path("/proc/sys")) -> str:
    """The setting of the kernel that forbids user namespaces to ordinary users, and how to allow them."""
    forbidden = (
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "an AppArmor profile for bwrap that allows userns, or "
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    )
    for name, value, remedy in forbidden:
        try:
            found = (settings / name).read_text().strip()
        except OSError:
            continue  # this kernel has no such setting
        if found == value:
            return f"{name.replace('/', '.')} is {value}: {remedy}"
    return ""


def examine() -> tuple[Standing, ...]:
    """Every back-end for every tier that it offers, each tried."""
    found: list[Standing] = []
    for name in BACKENDS:
        backend = get_backend(name)
        found += [standing(backend, tier) for tier in TIERS if tier in backend.tiers]
    return tuple(found)


def standing(backend: Backend, tier: Tier) -> Standing:
    """Try one back-end for one tier."""
    reason = backend.available()
    if reason is None:
        try:
            return _trial(backend, tier)
        except NoSandbox as error:
            reason = error.reasons[0][1]
    return Standing(tier, backend.name, missing=reason.missing, remedy=_remedy(backend.name, reason))


def _remedy(name: str, reason: Reason) -> str:
    """The back-end's own remedy, and the kernel's setting where that stands in its way."""
    restriction = _restriction() if name == "bubblewrap" and sys.platform == "linux" and os.getuid() else ""
    return "; ".join(each for each in (reason.remedy, restriction) if each)


def _trial(backend: Backend, tier: Tier) -> Standing:
    worker = backend.open(_LIMITS)
    try:
        with _secret() as (path, token), _listener() as listener:
            outcomes = [worker.run(_honest(tier))]
            outcomes.append(worker.run(_probe(tier, _READS, path=path)))
            outcomes.append(worker.run(_probe(tier, _SPEAKS, port=listener.getsockname()[1])))
            read, spoken = token in _said(outcomes[1]), _contacted(listener)
    finally:
        worker.close()
    honest = outcomes[0].status == "done" and _said(outcomes[0]).strip() == "42"
    facts = {
        "an honest job gave the right answer": honest,
        "a file outside could not be read": not read,
        "a socket outside could not be reached": not spoken,
    }
    failed = [name for name, held in facts.items() if not held]
    if failed:
        said = outcomes[0].reason or "the walls do not hold"
        missing = f"the trial did not show that {failed[0]} ({said})"
        return Standing(tier, backend.name, missing=missing)
    return Standing(tier, backend.name, worker.stamp, tried=tuple(facts))


def _honest(tier: Tier) -> ArrayJob | ProgramJob:
    if tier == "T1":
        return ArrayJob(
            "def honest(x):\n    return x + 1", "honest", {"x": np.array([ord("3"), ord("1")], float)}
        )
    return ProgramJob("print(int(input()) * 2)", stdin="21\n")


def _probe(tier: Tier, text: str, **details: object) -> ArrayJob | ProgramJob:
    if tier == "T1":
        answer = _AS_ARRAY.format(rows=_ROWS)
        return ArrayJob(text.format(argument="x", answer=answer, **details), "probe", {"x": np.zeros(_ROWS)})
    return ProgramJob(text.format(argument="", answer=_AS_TEXT, **details), function="probe")


def _said(outcome: Outcome) -> str:
    """Everything that came back, as text."""
    numbers = [number for array in outcome.arrays.values() for number in array.ravel().tolist()]
    letters = "".join(chr(int(number)) for number in numbers if 0 < number < 256)
    return f"{letters}{outcome.text}{'' if outcome.value is None else outcome.value}"


@contextmanager
def _secret() -> Generator[tuple[str, str]]:
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "secret"
        path.write_text(token)
        for each in (Path(folder), path):
            each.chmod(0o755)
        yield str(path), token


@contextmanager
def _listener() -> Generator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        found.settimeout(0.01)
        yield found


def _contacted(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True
