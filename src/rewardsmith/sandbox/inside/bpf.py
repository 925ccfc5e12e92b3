"""The system calls that a job may make, as a seccomp filter: a list of what is allowed, all else is refused.

A filter is a small program of the kernel's classic packet filter, written here by a tiny assembler so that
it is made once and loaded in microseconds.  x86-64 only; the x32 numbering is killed.
"""

from __future__ import annotations

import errno
import struct
from typing import NamedTuple

ARCHITECTURE = 0xC000003E  # AUDIT_ARCH_X86_64
_X32 = 0x40000000

# classic BPF: load a 32-bit word, compare, mask, return
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_AT_NUMBER, _AT_ARCHITECTURE, _AT_ARGUMENTS = 0, 4, 16


class Rule(NamedTuple):
    """A system call that is allowed for some arguments only.

    Args:
        argument: its place, from 0.
        mask: bits of its low half that must all be 0; 0 where ``values`` decide.
        values: what the low half may be.
        high: the high half must be 0 too (pointers; the kernel ignores that half of flags).
        zero: the place of another argument whose low half must be 0 (the process itself); -1 for none.
    """

    number: int
    argument: int
    mask: int = 0
    values: tuple[int, ...] = ()
    high: bool = False
    zero: int = -1


NUMBERS: dict[str, int] = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8,
    "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
    "rt_sigreturn": 15, "ioctl": 16, "pread64": 17, "readv": 19, "writev": 20, "access": 21, "select": 23,
    "sched_yield": 24, "mremap": 25, "madvise": 28, "dup": 32, "dup2": 33, "nanosleep": 35, "getpid": 39,
    "exit": 60, "uname": 63, "fcntl": 72, "getcwd": 79, "readlink": 89, "gettimeofday": 96, "getrusage": 98,
    "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108,
    "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204,
    "getdents64": 217, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "openat": 257, "newfstatat": 262, "readlinkat": 267,
    "faccessat": 269, "pselect6": 270, "ppoll": 271, "set_robust_list": 273, "dup3": 292, "prlimit64": 302,
    "getrandom": 318, "statx": 332, "rseq": 334, "faccessat2": 439,
}  # fmt: skip

# The frequent ones first: the filter tries them in this order.
_COMPUTE = (
    "read", "write", "munmap", "mremap", "brk", "rt_sigprocmask", "rt_sigaction",
    "rt_sigreturn", "close", "fstat", "lseek", "readv", "writev", "poll", "ppoll", "select",
    "pselect6", "sched_yield", "nanosleep", "gettimeofday", "time", "times",
    "getrusage", "uname", "getpid", "gettid", "getuid", "getgid", "geteuid", "getegid",
    "sigaltstack", "set_robust_list", "rseq", "restart_syscall", "exit", "exit_group",
)  # fmt: skip
_LOOK = (
    "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "getcwd", "getdents64", "pread64", "dup", "dup2", "dup3", "getrandom",
)  # fmt: skip

_PROT_EXEC = 4
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE, O_ASYNC, O_PATH
_TO_WRITE = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000 | 0o20000 | 0o10000000
# only to read them, of itself: no new limits given, no other process asked about
_GET_LIMITS = Rule(NUMBERS["prlimit64"], 2, mask=0xFFFFFFFF, high=True, zero=0)
_FUTEX_OPERATIONS = (0, 1, 9, 10)  # wait and wake
_FUTEX_FLAGS = (0, 128, 256, 384)  # private, by the clock on the wall
_NARROW = (
    # Locks that inherit priority look for a process by its number, and were the way into more than one kernel.
    Rule(NUMBERS["futex"], 1, values=tuple(op | flag for op in _FUTEX_OPERATIONS for flag in _FUTEX_FLAGS)),
    # Neither the processor time of other processes, which has a clock for each, ...
    *(
        Rule(NUMBERS[f"clock_{name}"], 0, values=tuple(range(12)))
        for name in ("gettime", "getres", "nanosleep")
    ),
    # ... nor whether they are there.
    Rule(NUMBERS["sched_getaffinity"], 0, mask=0xFFFFFFFF),
    # What allocators say of their own memory; not: merge it with others', put it out, poison it.
    Rule(NUMBERS["madvise"], 2, values=(0, 1, 2, 3, 4, 8, 14, 15)),
    _GET_LIMITS,
)
_NO_NATIVE_CODE = (
    Rule(NUMBERS["mmap"], 2, mask=_PROT_EXEC),
    Rule(NUMBERS["mprotect"], 2, mask=_PROT_EXEC),
)
# F_SETOWN with F_SETSIG would send a signal of one's choice: only duplicating and looking is allowed.
_FCNTL = Rule(NUMBERS["fcntl"], 1, values=(0, 1, 2, 3, 1030))
_IOCTL = Rule(NUMBERS["ioctl"], 1, values=(0x5401, 0x5413, 0x5450, 0x5451))  # is it a terminal; close on exec


def arrays_filter() -> bytes:
    """For tier T1: computing on what is already loaded.  No file can be opened, no native code made."""
    return assemble([NUMBERS[name] for name in _COMPUTE], [*_NARROW, *_NO_NATIVE_CODE])


def programs_filter() -> bytes:
    """For tier T2: as T1, and files may be opened for reading (which, is the file system's affair)."""
    opening = (
        Rule(NUMBERS["openat"], 2, mask=_TO_WRITE),
        Rule(NUMBERS["open"], 1, mask=_TO_WRITE),
    )
    plain = [NUMBERS[name] for name in (*_COMPUTE, "mmap", "mprotect", *_LOOK)]
    return assemble(plain, [*_NARROW, *opening, _FCNTL, _IOCTL])


def assemble(plain: list[int], rules: list[Rule]) -> bytes:
    """The filter: ``plain`` numbers are allowed, ``rules`` under their conditions, the rest gets EPERM.

    Example:
        >>> len(assemble([0], [])) // 8  # instructions of 8 bytes
        9
    """
    code = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, ARCHITECTURE),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in plain:
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for rule in rules:
        body = _condition(rule)
        code += [(_JUMP_EQUAL, 0, len(body), rule.number), *body]
    code.append((_RETURN, 0, 0, _REFUSE))
    return b"".join(struct.pack("<HBBI", *line) for line in code)


def _condition(rule: Rule) -> list[tuple[int, int, int, int]]:
    low = _AT_ARGUMENTS + 8 * rule.argument
    code = [(_LOAD, 0, 0, low)]
    if rule.high:
        code = [(_LOAD, 0, 0, low + 4), (_JUMP_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE), *code]
    if rule.zero >= 0:
        asked = (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * rule.zero)
        code = [asked, (_JUMP_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _REFUSE), *code]
    if rule.mask:
        code += [(_AND, 0, 0, rule.mask), (_JUMP_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW)]
    for value in rule.values:
        code += [(_JUMP_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return [*code, (_RETURN, 0, 0, _REFUSE)]
