"""The filter does what its table says: each system call is tried on an interpreter of the kernel's language."""

from __future__ import annotations

import errno
import struct
import time

import pytest

from rewardsmith.sandbox.inside import bpf

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
T1, T2 = bpf.arrays_filter(), bpf.programs_filter()
ALL_CALLS = range(512)
MEMORY = ("mmap", "mprotect")
CONDITIONAL = {"openat", "open", "fcntl", "ioctl", "prlimit64"}


def run(code: bytes, number: int, arguments: tuple[int, ...] = (), architecture: int = X86_64) -> int:
    """What the kernel would answer, by the definition of classic BPF (linux/filter.h)."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    lines = list(struct.iter_unpack("<HBBI", code))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, k = lines[at]
        at += 1
        if operation == 0x06:
            return k
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif operation == 0x54:
            accumulator &= k
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k}[operation]
            at += if_true if holds else if_false


def allowed(code: bytes, number: int, *arguments: int) -> bool:
    answer = run(code, number, arguments)
    assert answer in (ALLOW, REFUSE)
    return answer == ALLOW


def test_the_numbers_are_those_of_this_machine() -> None:
    """Oracle: the C compiler's header where it is, else calls that have an effect that can be seen."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(bpf.NUMBERS["getpid"]) == os.getpid()
    assert libc.syscall(bpf.NUMBERS["getuid"]) == os.getuid()
    here = ctypes.create_string_buffer(4096)
    assert libc.syscall(bpf.NUMBERS["getcwd"], here, 4096) > 0
    assert here.value.decode() == os.getcwd()
    opened = libc.syscall(bpf.NUMBERS["openat"], -100, b"/", 0)
    assert os.fstat(opened).st_ino == os.stat("/").st_ino
    assert libc.syscall(bpf.NUMBERS["close"], opened) == 0


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_other_architectures_and_x32_are_killed(code: bytes) -> None:
    for number in ALL_CALLS:
        assert run(code, number, architecture=I386) == KILL
        assert run(code, number, architecture=AARCH64) == KILL
        assert run(code, number | 0x40000000) == KILL
    assert run(code, -1) == KILL


def test_arrays_may_compute_and_nothing_else() -> None:
    harmful = {
        "open",
        "openat",
        "ioctl",
        "fcntl",
        "dup",
        "getrandom",
        "stat",
        "readlink",
        "getdents64",
        "access",
    }
    assert not any(allowed(T1, bpf.NUMBERS[name]) for name in harmful)
    # those of the table that T1 may make, and no other of the kernel's
    assert sum(allowed(T1, number) for number in ALL_CALLS) <= len(bpf.NUMBERS) - len(harmful)


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_every_number_outside_the_table_is_refused(code: bytes) -> None:
    outside = set(ALL_CALLS) - set(bpf.NUMBERS.values())
    assert not any(allowed(code, number) for number in outside)
    # socket, clone, fork, vfork, execve, kill, ptrace, prctl, mount, unshare, seccomp, memfd_create, bpf,
    # execveat, userfaultfd, io_uring_setup, pidfd_open, clone3, openat2, process_vm_readv, keyctl
    feared = (
        41,
        56,
        57,
        58,
        59,
        62,
        101,
        157,
        165,
        272,
        317,
        319,
        321,
        322,
        323,
        425,
        434,
        435,
        437,
        310,
        250,
        29,
    )
    assert set(feared) <= outside


def test_memory_becomes_executable_in_t2_only() -> None:
    for name in MEMORY:
        for flags in range(8):
            assert allowed(T1, bpf.NUMBERS[name], 0, 4096, flags) == (flags & 4 == 0)
            assert allowed(T2, bpf.NUMBERS[name], 0, 4096, flags)


@pytest.mark.parametrize(("name", "place"), [("openat", 2), ("open", 1)])
def test_files_are_opened_for_reading_only(name: str, place: int) -> None:
    import os

    before = (0,) * place
    safe = (0, os.O_CLOEXEC, os.O_DIRECTORY | os.O_CLOEXEC, os.O_NONBLOCK, os.O_NOFOLLOW)
    changing = (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND, os.O_TMPFILE, os.O_PATH)
    assert all(allowed(T2, bpf.NUMBERS[name], *before, flags) for flags in safe)
    assert not any(allowed(T2, bpf.NUMBERS[name], *before, flags) for flags in changing)
    assert not any(allowed(T2, bpf.NUMBERS[name], *before, flags | os.O_CLOEXEC) for flags in changing)


def test_file_descriptors_cannot_be_made_to_send_signals() -> None:
    import fcntl

    for command in (fcntl.F_SETOWN, fcntl.F_SETSIG, fcntl.F_SETFL, fcntl.F_NOTIFY, fcntl.F_SETLEASE, 15):
        assert not allowed(T2, bpf.NUMBERS["fcntl"], 0, command, 0)
    for command in (fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_DUPFD_CLOEXEC):
        assert allowed(T2, bpf.NUMBERS["fcntl"], 0, command, 0)
    for command in (0x8901, 0x5452, 0x5412, 0x541C):  # FIOSETOWN, FIOASYNC, TIOCSTI, TIOCLINUX
        assert not allowed(T2, bpf.NUMBERS["ioctl"], 0, command, 0)


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_limits_can_be_read_but_not_set(code: bytes) -> None:
    assert allowed(code, bpf.NUMBERS["prlimit64"], 0, 7, 0, 1)
    for pointer in (1, 0x7FFF00001000, 0x1_0000_0000):  # the last has an empty low half
        assert not allowed(code, bpf.NUMBERS["prlimit64"], 0, 7, pointer, 0)


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_no_call_asks_about_another_process(code: bytes) -> None:
    """Each of these answers otherwise whether a process is there, or how much it has computed."""
    for pid in (1, 77, 2**22):
        assert not allowed(code, bpf.NUMBERS["prlimit64"], pid, 7, 0, 1)
        assert not allowed(code, bpf.NUMBERS["sched_getaffinity"], pid, 128, 1)
        for kind in range(8):  # the kernel's names for the clocks of a process and its threads
            for name in ("clock_gettime", "clock_getres", "clock_nanosleep"):
                assert not allowed(code, bpf.NUMBERS[name], ((~pid << 3) | kind) & 0xFFFFFFFF)
    assert allowed(code, bpf.NUMBERS["sched_getaffinity"], 0, 128, 1)
    for clock in (
        time.CLOCK_REALTIME,
        time.CLOCK_MONOTONIC,
        time.CLOCK_PROCESS_CPUTIME_ID,
        time.CLOCK_BOOTTIME,
    ):
        assert allowed(code, bpf.NUMBERS["clock_gettime"], clock)


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_locks_only_wait_and_wake(code: bytes) -> None:
    names = (
        *("WAIT", "WAKE", "FD", "REQUEUE", "CMP_REQUEUE", "WAKE_OP", "LOCK_PI", "UNLOCK_PI", "TRYLOCK_PI"),
        *("WAIT_BITSET", "WAKE_BITSET", "WAIT_REQUEUE_PI", "CMP_REQUEUE_PI", "LOCK_PI2"),
    )
    for number, name in enumerate(names):
        for flag in (0, 128, 256, 384):
            wanted = name in ("WAIT", "WAKE", "WAIT_BITSET", "WAKE_BITSET")
            assert allowed(code, bpf.NUMBERS["futex"], 4096, number | flag) == wanted


@pytest.mark.parametrize("code", [T1, T2], ids=["T1", "T2"])
def test_memory_is_neither_merged_nor_put_out_nor_poisoned(code: bytes) -> None:
    for advice in (9, 10, 11, 12, 13, 18, 20, 21, 22, 23, 24, 25, 100, 101, 102):
        assert not allowed(code, bpf.NUMBERS["madvise"], 4096, 4096, advice)
    for advice in (4, 8, 14, 15):  # don't need, free, huge pages or not
        assert allowed(code, bpf.NUMBERS["madvise"], 4096, 4096, advice)
