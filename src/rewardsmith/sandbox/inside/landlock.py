"""Landlock: a process gives up files, network and signals for good, by three system calls of the kernel.

A second wall besides the mount namespace and the seccomp filter, where the kernel has it (5.13 and later).
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_ASK_VERSION = 1

# The rights that a ruleset of each version of the interface can take away: files, network, scopes.
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK = {4: 0b11}
_SCOPES = {6: 0b11}  # abstract Unix sockets, signals

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of the kernel's interface, 0 where there is none."""
    found = _libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    return max(int(found), 0)


def ruleset(readable: Iterable[str] = ()) -> int:
    """A ruleset that takes away everything but reading below the given directories; a file descriptor.

    Raises:
        OSError: the kernel refuses.
    """
    known = version()
    rights = [_newest(table, known) for table in (_FILES, _NETWORK, _SCOPES)]
    attributes = struct.pack("<3Q", *rights)[: 8 if known < 4 else 16 if known < 6 else 24]
    ruleset = _checked(
        _libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)), "create"
    )
    for path in readable:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("<Qi", _READ_FILE | _READ_DIR, place)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _BENEATH, rule, ctypes.c_uint32(0)), "add a rule")
        os.close(place)
    return ruleset


def restrict(ruleset: int) -> None:
    """Put this process under a ruleset, for good."""
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)), "restrict")


def _newest(table: dict[int, int], known: int) -> int:
    return max((rights for since, rights in table.items() if since <= known), default=0)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {what}: {os.strerror(number)}")
    return int(result)
