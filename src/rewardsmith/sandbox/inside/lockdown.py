"""What a job's process gives up before it sees the job: limits, open files, and nearly all system calls."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from typing import Any, NamedTuple

from . import bpf, landlock

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_FILTER = 2
_CAPABILITY_VERSION = 0x20080522
_OPEN_FILES = 64
_MOST_FILES = 1 << 16
_STACK = 64 << 20

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class Walls(NamedTuple):
    """A filter and a ruleset, made once and put up in every job.

    Args:
        filter: of ``bpf``.
        ruleset: of ``landlock``; -1 where the kernel has none.
    """

    filter: bytes
    ruleset: int


def walls_of(kind: str, readable: tuple[str, ...]) -> Walls:
    """The walls of a kind of job: ``arrays`` sees no file, ``program`` may read below ``readable``."""
    program = kind == "program"
    known = landlock.version()
    ruleset = landlock.ruleset(readable if program else ()) if known else -1
    return Walls(bpf.programs_filter() if program else bpf.arrays_filter(), ruleset)


def limit(memory: int, cpu: float) -> None:
    """Resource limits of this process, which it cannot raise again."""
    seconds = int(cpu) + 1  # whole seconds only: the keeper of the process watches more finely
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_STACK, _STACK),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def close_from(first: int) -> None:
    """Close every file from ``first`` on."""
    os.closerange(first, _MOST_FILES)


def put_up(walls: Walls) -> None:
    """Give up files, network and system calls, for good.

    Raises:
        OSError: the kernel refuses: nothing untrusted may run then.
    """
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if walls.ruleset >= 0:
        landlock.restrict(walls.ruleset)
        os.close(walls.ruleset)
    program = _Program(len(walls.filter) // 8, walls.filter)
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0))


def be_a_child() -> None:
    """End this process when the one that forked it ends; show its memory to nobody, not even as a core dump."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def drop_root(user: int) -> None:
    """Become an ordinary user for good, where this process is root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        # changing the user leaves the inheritable capabilities
        _checked(_libc.capset(struct.pack("<Ii", _CAPABILITY_VERSION, 0), bytes(24)))
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def holds() -> str:
    """Try what the walls forbid; the first thing that is possible after all, or ``""``."""
    import _socket

    trials: tuple[tuple[str, Any], ...] = (
        ("open a file", lambda: os.open("/", os.O_RDONLY)),
        ("make a socket", lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)),
        ("start a process", _fork),
        ("send a signal", lambda: os.kill(os.getppid(), 0)),
        ("become another user", lambda: os.setuid(0)),
        ("write a file", lambda: os.open("/x", os.O_WRONLY | os.O_CREAT)),
    )
    for name, trial in trials:
        try:
            trial()
        except OSError:
            continue
        return name
    return ""


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
