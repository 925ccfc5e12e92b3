"""The parent side of ``@term(each=True)`` for plain functions: worker processes that can really be ended.

Which process a function runs in:

* A function of a module that has a file: workers are forked from a **template**, a clean interpreter that was
  started by exec, has no threads, and imports the module by its name or file.  So it does not matter that JAX,
  PyTorch or a trainer run threads here, and an import is paid once, not once for each worker.
* A function of the running script, of a notebook or of another module without a file: it cannot be imported
  without running the script again, so its template is a **fork** of this process.  Forking a process with
  threads is safe as long as the function itself uses no lock or device that another thread held at that moment;
  a worker that gets stuck is ended at the timeout like any other.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import RewardsmithError
from . import worker

MOST_IDLE = 64
MOST_FORKED = 4
START_SECONDS = 120.0
_SEND_SECONDS = 10.0
Where = tuple[str, str] | None


class Gone(RewardsmithError, ConnectionError):
    """The template does not answer."""


@dataclass(eq=False)
class Worker:
    """One worker process: its socket, the samples it was given, and when the running one must be done."""

    pid: int
    connection: socket.socket
    knows: frozenset[Where]
    ready: bool = False
    buffer: bytearray = field(default_factory=bytearray)
    chunk: deque[int] = field(default_factory=deque)
    deadline: float = 0.0


@dataclass(eq=False)
class Template:
    """The process that forks workers, and those of its workers that are idle."""

    control: socket.socket
    end_process: Callable[[], object]
    knows: set[Where] = field(default_factory=set)
    idle: list[Worker] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False

    def ask(self, *request: Any, descriptor: int | None = None) -> Any:
        with self.lock:
            try:
                self.control.settimeout(START_SECONDS)
                worker.send(self.control, request)
                if descriptor is not None:
                    socket.send_fds(self.control, [b"f"], [descriptor])
                return worker.receive(self.control)
            except (OSError, EOFError) as error:
                raise Gone(f"the template of the worker processes is gone: {worker.one_line(error)}") from None

    def fork(self) -> Worker:
        ours, theirs = socket.socketpair()
        try:
            pid = self.ask("fork", descriptor=theirs.fileno())
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(_SEND_SECONDS)
        return Worker(pid, ours, frozenset(self.knows))

    def end(self, one: Worker) -> str:
        """End a worker; says how it died if it was dead."""
        one.connection.close()
        try:
            return self.ask("end", one.pid)
        except Gone:
            return ""

    def load(self, where: Where, name: str) -> str:
        problem = self.ask("load", where, name, sys.path)
        if not problem:
            self.knows.add(where)
        return problem

    def borrow(self, where: Where) -> Worker:
        while True:
            try:
                one = self.idle.pop()
            except IndexError:
                return self.fork()
            if where in one.knows:
                return one
            self.end(one)  # it was forked before the module was imported

    def give_back(self, one: Worker) -> None:
        one.deadline = 0.0
        if self.closed:
            one.connection.close()
        elif one.chunk or one.buffer or len(self.idle) >= MOST_IDLE:
            self.end(one)
        else:
            self.idle.append(one)

    def close(self) -> None:
        self.closed = True
        while self.idle:
            self.idle.pop().connection.close()
        self.control.close()
        self.end_process()


# ---------------------------------------------------------------------- which template
_clean: list[Template] = []
_forked: dict[int, tuple[Any, Template]] = {}
_guard = threading.Lock()


def reference(function: Callable[..., Any]) -> Where:
    """Module name and file, by which a clean process finds the function; None where only a fork has it."""
    name = function.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or not file or not os.path.exists(file):
        return None
    return (name, os.path.abspath(file))


def template_for(function: Callable[..., Any], where: Where) -> Template:
    """The template that can run a function, started where there is none."""
    with _guard:
        if where is not None:
            if not _clean:
                _clean.append(_start())
            return _clean[0]
        if id(function) not in _forked:
            while len(_forked) >= MOST_FORKED:
                _forked.pop(next(iter(_forked)))[1].close()
            _forked[id(function)] = (function, _fork(function))
        return _forked[id(function)][1]


def forget(template: Template) -> None:
    """Give up a template that does not answer."""
    with _guard:
        if template in _clean:
            _clean.remove(template)
        for key in [key for key, (_, each) in _forked.items() if each is template]:
            del _forked[key]
    template.close()


def _start() -> Template:
    ours, theirs = socket.socketpair()
    code = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from rewardsmith.core.samples.worker import main; main(int(sys.argv[2]))"
    )
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(sys.path), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    finally:
        theirs.close()

    def end() -> None:
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    return Template(ours, end)


def _fork(function: Callable[..., Any]) -> Template:
    ours, theirs = socket.socketpair()
    for stream in (sys.stdout, sys.stderr):  # else what is buffered would be printed twice
        with contextlib.suppress(Exception):
            stream.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            worker.serve(theirs, function)
        finally:
            os._exit(1)
    theirs.close()

    def end() -> None:
        if os.getpid() != parent:
            return
        until = time.monotonic() + 5.0
        with contextlib.suppress(ChildProcessError):
            while not os.waitpid(pid, os.WNOHANG)[0]:
                if time.monotonic() > until:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.002)

    return Template(ours, end)


def close_workers() -> None:
    """End every worker process; the next evaluation starts new ones."""
    with _guard:
        templates = [*_clean, *(each for _, each in _forked.values())]
        _clean.clear()
        _forked.clear()
    for template in templates:
        template.close()


def _after_fork() -> None:
    """A forked child of this process must not hold the sockets open, or workers would outlive their parent."""
    global _guard
    _guard = threading.Lock()
    for template in [*_clean, *(each for _, each in _forked.values())]:
        for one in (*template.idle, *busy):
            one.connection.close()
        template.control.close()
    _clean.clear()
    _forked.clear()
    busy.clear()


# Workers that are in the middle of an evaluation.
busy: set[Worker] = set()
atexit.register(close_workers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
