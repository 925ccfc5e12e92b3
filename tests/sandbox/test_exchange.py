"""The pipes of a job: none is left open where the system has no more."""

from __future__ import annotations

import contextlib
import os
import resource
import socket

import pytest

from rewardsmith.sandbox.exchange import Exchange


def test_what_was_opened_is_closed_where_files_run_out() -> None:
    ours, theirs = socket.socketpair()
    before, limits = set(os.listdir("/proc/self/fd")), resource.getrlimit(resource.RLIMIT_NOFILE)
    blocked = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, before)) + 4, limits[1]))
        with contextlib.suppress(OSError):
            while True:
                blocked.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(3):  # room for one pipe and a half
            os.close(blocked.pop())
        room = set(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match="Too many open files"):
            Exchange(ours, [], 10)
        assert set(os.listdir("/proc/self/fd")) == room
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for file in blocked:
            os.close(file)
        ours.close()
        theirs.close()
