"""Whether a probe got out: judged by the world and by what was watched, never by what the job says."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from pathlib import Path

from sandbox.hostile.watch import Seen
from sandbox.hostile.world import World

HARMLESS = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}
LEAST = 12  # bytes of a line that cannot be a coincidence


def evidence(kind: str, world: World, output: bytes, seen: Seen, usual: Seen) -> str:
    """Why this counts as an escape of that kind, or an empty text.

    Args:
        kind: one entry of a probe's ``escape``, with its placeholders filled in.
        output: every byte that came back from the job.
        seen: what was watched while it ran.
        usual: what is watched while a benign job runs.
    """
    name, _, text = kind.partition(" ")
    if name in _OF_THE_WORLD:
        return _OF_THE_WORLD[name](world, output, text)
    new = seen.beyond(usual, name if name != "device" else "fd")
    if name == "device":
        new = {each for each in new if each.startswith("/dev/")} - HARMLESS
    return ", ".join(sorted(each[:200] for each in new if text in each))


def _secret(world: World, output: bytes, text: str) -> str:
    del text
    return ", ".join(sorted(each for each in world.tokens if each.encode() in output))


def _content(world: World, output: bytes, text: str) -> str:
    del world
    try:
        there = {line.strip() for line in Path(text).read_bytes().splitlines() if len(line) >= LEAST}
    except OSError:
        return ""
    return _shared(there, output)


def _listing(world: World, output: bytes, text: str) -> str:
    del world
    there = {os.fsencode(each) for each in os.listdir(text)}
    return _shared(there, output)


def _shared(there: set[bytes], output: bytes) -> str:
    lines = there & set(output.split(b"\n"))
    parts = {line for line in there if len(line) >= LEAST and line in output}
    return b", ".join(sorted(lines | parts)).decode(errors="replace")[:200]


def _contact(world: World, output: bytes, text: str) -> str:
    del output, text
    time.sleep(0.02)  # whoever was spoken to notes it in a thread
    return ", ".join(world.contacts)


def _file(world: World, output: bytes, text: str) -> str:
    del world, output
    return text if os.path.lexists(text) else ""


def _kept(world: World, output: bytes, text: str) -> str:
    del output, text
    now = world.state_of_kept()
    return f"{world.kept_state} is now {now}" if now != world.kept_state else ""


def _victim(world: World, output: bytes, text: str) -> str:
    del output, text
    return world.victim_trouble()


def _sysv(world: World, output: bytes, text: str) -> str:
    del output, text
    key = world.shm_key + 1
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    found = [line.split() for line in lines if int(line.split()[0]) & 0xFFFFFFFF == key]
    for each in found:
        ctypes.CDLL(None).shmctl(int(each[1]), 0, None)
    return "shared memory was left" if found else ""


def _key(world: World, output: bytes, text: str) -> str:
    del world, output
    return text if text in Path("/proc/keys").read_text() else ""


def _kernel_log(world: World, output: bytes, text: str) -> str:
    del world, text
    room = ctypes.create_string_buffer(1 << 20)
    size = ctypes.CDLL(None).klogctl(3, room, len(room))
    there = {line.strip() for line in room.raw[: max(size, 0)].splitlines() if len(line) >= LEAST}
    return _shared(there, output)


def _host(world: World, output: bytes, text: str) -> str:
    del output, text
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    return "the machine was changed" if world.mark in socket.gethostname() + pattern else ""


def _clock(world: World, output: bytes, text: str) -> str:
    del text
    assert world.victim is not None
    there = str(time.clock_gettime_ns((~world.victim.pid << 3) | 2))  # it sleeps: this stands still
    return there if there.encode() in output else ""


_OF_THE_WORLD = {
    "secret": _secret,
    "content": _content,
    "listing": _listing,
    "contact": _contact,
    "file": _file,
    "kept": _kept,
    "victim": _victim,
    "sysv": _sysv,
    "key": _key,
    "kernel_log": _kernel_log,
    "host": _host,
    "clock": _clock,
}
