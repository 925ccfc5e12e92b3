"""Watches the processes below this one from outside, by the kernel's own records in /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path


@dataclass
class Seen:
    """Everything that any watched process was or held at any moment."""

    fd: set[str] = field(default_factory=set)
    comm: set[str] = field(default_factory=set)
    cmdline: set[str] = field(default_factory=set)
    maps: set[str] = field(default_factory=set)
    mount: set[str] = field(default_factory=set)
    ns: set[str] = field(default_factory=set)
    root: set[str] = field(default_factory=set)
    uid: set[str] = field(default_factory=set)
    gid: set[str] = field(default_factory=set)
    caps: set[str] = field(default_factory=set)
    tracer: set[str] = field(default_factory=set)
    nice: set[str] = field(default_factory=set)
    limits: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    personality: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)
    mounts: set[int] = field(default_factory=set)
    processes: int = 0
    threads: int = 0
    samples: int = 0

    def beyond(self, usual: Seen, name: str) -> set[str]:
        """What was seen here and not there."""
        here, there = getattr(self, name), getattr(usual, name)
        if isinstance(here, int):
            return {f"{here} instead of {there}"} if here > there else set()
        return {str(each) for each in here - there}

    def with_more(self, other: Seen) -> Seen:
        """Both together."""
        joined = Seen()
        for each in fields(Seen):
            a, b = getattr(self, each.name), getattr(other, each.name)
            setattr(joined, each.name, max(a, b) if isinstance(a, int) else a | b)
        return joined


def below(pid: int) -> Iterator[int]:
    """The processes that a process started, and those that they started."""
    for task in _names(f"/proc/{pid}/task"):
        for child in _text(f"/proc/{pid}/task/{task}/children").split():
            yield int(child)
            yield from below(int(child))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # the process has ended meanwhile


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _links(folder: str) -> set[str]:
    found: set[str] = set()
    for name in _names(folder):
        try:
            found.add(os.readlink(f"{folder}/{name}"))
        except OSError:
            continue
    return found


def look(pid: int, seen: Seen) -> None:
    """Add what one process is and holds at this moment."""
    place = f"/proc/{pid}"
    seen.fd |= _links(f"{place}/fd")
    seen.ns |= _links(f"{place}/ns")
    seen.comm.add(_text(f"{place}/comm").strip())
    seen.cmdline.add(_text(f"{place}/cmdline").replace("\0", " "))
    seen.maps |= {line.split(maxsplit=5)[5] for line in _text(f"{place}/maps").splitlines() if "/" in line}
    mounts = _text(f"{place}/mountinfo").splitlines()
    seen.mount |= set(mounts)
    seen.mounts |= {len(mounts)} - {0}
    seen.limits |= set(_text(f"{place}/limits").splitlines())  # line by line: they are set one after the other
    try:
        seen.root.add(os.readlink(f"{place}/root"))
    except OSError:
        return
    status = dict(line.split(":", 1) for line in _text(f"{place}/status").splitlines() if ":" in line)
    if "Threads" not in status:
        return
    seen.uid |= set(status["Uid"].split())
    seen.gid |= {*status["Gid"].split(), *status["Groups"].split()}
    seen.caps.add(status["CapEff"].strip())
    seen.locked |= {status.get("VmLck", "").strip()}
    seen.personality.add(_text(f"{place}/personality").strip())
    seen.timers.add(_text(f"{place}/timers").partition("\n")[0])
    seen.tracer |= {status["TracerPid"].strip()} - {"0"}
    seen.threads = max(seen.threads, int(status["Threads"]))
    stat = _text(f"{place}/stat").rpartition(")")[2].split()
    if len(stat) > 38:
        seen.nice.add(f"{stat[16]} {stat[37]} {stat[38]}")  # nice, real-time priority, policy


class Watch:
    """``with Watch(apart) as seen:`` fills ``seen`` until the end of the block.

    Args:
        apart: process ids that are not of the sandbox.
    """

    def __init__(self, apart: frozenset[int] = frozenset(), every: float = 0.05) -> None:
        self.apart, self.every = apart, every
        self.seen = Seen()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.is_set():
            self.sample()
            time.sleep(self.every)

    def sample(self) -> None:
        """Look once."""
        found = [each for each in below(os.getpid()) if each not in self.apart]
        for each in found:
            look(each, self.seen)
        self.seen.processes = max(self.seen.processes, len(found))
        self.seen.samples += 1

    def __enter__(self) -> Seen:
        self._thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
