"""The process inside the walls that forks one child for each job, so that nothing is loaded twice.

It runs no code of a job itself.  It obeys a socket at file 0: a request with three pipes comes in, the
verdict of the kernel on the child goes out.  When the socket closes, everything in here ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import time
from typing import Any

from . import arrays, landlock, lockdown, programs

USER = 65534
_LOOK = 0.05  # seconds between looks at a child's processor time
_MOST = 1 << 16


def main(readable: tuple[str, ...], closed: bool) -> None:
    """Serve until the socket closes.

    Args:
        readable: directories that programs may read.
        closed: put up the walls (False: the override that isolates nothing).
    """
    control = socket.socket(fileno=os.dup(0))
    os.dup2(1, 0)
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [path for path in sys.path if path not in (own, os.getcwd())]  # not for jobs to import
    for name in (*arrays.PRELOADED, "json", "re", "heapq", "bisect", "string", "random"):
        importlib.import_module(name)
    if closed:
        lockdown.drop_root(USER)
    walls = {kind: lockdown.walls_of(kind, readable) for kind in ("arrays", "program")} if closed else {}
    _settle()
    hello = {"user": os.getuid(), "landlock": landlock.version() if closed else 0, "leak": _trial(walls)}
    control.send(json.dumps(hello).encode())
    while True:
        message, files, _, _ = socket.recv_fds(control, _MOST, 3)
        if not message:
            return
        if message == b"stop":  # of a job that had just ended by itself
            continue
        request = json.loads(message)
        child = os.fork()
        if child == 0:
            lockdown.be_a_child()
            _child(request, files, walls.get(request["kind"]))
        for file in files:
            os.close(file)
        told = _keep(child, control, request["wall"], request["cpu"])
        control.send(json.dumps(told).encode())


def _settle() -> None:
    """The same start for every job: random numbers, and no garbage to look through."""
    import numpy as np

    np.random.seed(0)  # noqa: NPY002 - the global generator is what jobs use
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()


def _child(request: dict[str, Any], files: list[int], walls: lockdown.Walls | None) -> None:
    status = 1
    try:
        walls = _placed(files, walls)
        lockdown.close_from(5 if walls is None or walls.ruleset < 0 else 6)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        random.seed(0)  # which Python draws anew in every fork
        lockdown.limit(request["memory"], request["cpu"])
        if walls is not None:
            lockdown.put_up(walls)
        if request["kind"] == "arrays":
            arrays.run()
            status = 0
        else:
            status = programs.run()
    finally:
        os._exit(status)


def _placed(files: list[int], walls: lockdown.Walls | None) -> lockdown.Walls | None:
    """Put the pipes at the files where jobs expect them, and the ruleset behind them."""
    incoming, out, report = files
    moves = [(incoming, arrays.IN), (1, 2), (report, arrays.REPORT), (out, arrays.OUT)]
    if walls is not None and walls.ruleset >= 0:
        moves.append((walls.ruleset, 5))
        walls = walls._replace(ruleset=5)
    # by way of high numbers, because one may be where another must go
    for at, (file, _) in enumerate(moves):
        os.dup2(file, 100 + at)
    for at, (_, place) in enumerate(moves):
        os.dup2(100 + at, place)
    return walls


def _keep(child: int, control: socket.socket, wall: float, cpu: float) -> dict[str, Any]:
    """Wait for the child's end, and bring it about at its limits or on demand."""
    started, why = time.monotonic(), ""
    watched = os.pidfd_open(child)
    poller = select.poll()
    poller.register(watched, select.POLLIN)
    poller.register(control, select.POLLIN)
    while True:
        left = started + wall - time.monotonic()
        ready = [file for file, _ in poller.poll(1000 * max(0.0, min(left, _LOOK)))]
        if watched in ready:
            break
        if ready:
            control.recv(_MOST)  # a request to stop, or the end of the other side
            why = "stopped"
        elif left <= 0:
            why = "wall"
        elif _cpu(child) > cpu:
            why = "cpu"
        if why:
            os.kill(child, signal.SIGKILL)
            break
    _, status, used = os.wait4(child, 0)
    os.close(watched)
    return {
        "why": why,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
        "wall": time.monotonic() - started,
        "cpu": used.ru_utime + used.ru_stime,
    }


def _cpu(process: int) -> float:
    try:
        return time.clock_gettime((~process << 3) | 2)  # the kernel's name for the clock of a process
    except OSError:  # it has just ended
        return 0.0


def _trial(walls: dict[str, lockdown.Walls]) -> str:
    """Whether the walls hold here: what a job could do that it must not, or ``""``."""
    if not walls:
        return ""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            lockdown.put_up(walls["arrays"])
            os.write(writing, lockdown.holds().encode() or b"-")
        finally:
            os._exit(0)
    os.close(writing)
    answer = os.read(reading, 100).decode()
    os.close(reading)
    os.waitpid(child, 0)
    return "" if answer == "-" else answer or "put up the walls"


if __name__ == "__main__":
    main(tuple(sys.argv[2:]), sys.argv[1] == "closed")
