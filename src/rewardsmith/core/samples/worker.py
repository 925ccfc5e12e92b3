"""The child side of ``@term(each=True)``: a template process forks workers, and each works through samples.

Runs in processes of its own (see ``pool``).  The template is single-threaded, so forking it is safe whatever
threads the parent has; it imports a module once and all workers forked later have it.  Workers die with the
template (on Linux by a signal of the kernel), and the template ends when the parent's end of its socket closes.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pickle
import signal
import socket
import struct
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import RewardsmithError

LENGTH = struct.Struct("<Q")
# number of the sample, what came of it, the value, bytes of text that follow
RECORD = struct.Struct("<IBdI")
VALUE, ERROR, MISUSE, READY = range(4)
MOST_TEXT = 4000


def send(connection: socket.socket, message: Any) -> None:
    """One pickled message, its length first."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    connection.sendall(LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """The next message; EOFError where the other side is gone."""
    (size,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return pickle.loads(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


# ---------------------------------------------------------------------- template
def serve(control: socket.socket, inherited: Callable[..., Any] | None = None) -> None:
    """The life of a template: import, fork and end workers as told, until the parent is gone.

    Args:
        control: our end of the socket.
        inherited: the function that a template forked from the parent is for.
    """
    _inherited[:] = [] if inherited is None else [inherited]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends us
    children: set[int] = set()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            what, *arguments = receive(control)
            if what == "fork":
                send(control, _fork(control, children))
            elif what == "end":
                send(control, _end(arguments[0], children))
            else:
                sys.path[:] = arguments.pop()
                send(control, _answer(prepare, *arguments))
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(0)


def _fork(control: socket.socket, children: set[int]) -> int:
    _, (descriptor, *_), _, _ = socket.recv_fds(control, 1, 1)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        children.add(pid)
        return pid
    try:
        die_with(parent)
        control.close()
        work(socket.socket(fileno=descriptor))
    finally:
        os._exit(1)


def _end(pid: int, children: set[int]) -> str:
    """End a worker; says how it died if it was dead already.

    A dead worker keeps its process number until it is asked for here, so nobody else's process is ended.
    """
    if pid not in children:
        return ""
    children.discard(pid)
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return ""
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def die_with(parent: int) -> None:
    """Ask the kernel (Linux) for SIGKILL when the parent process ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def _answer(function: Callable[..., Any], *arguments: Any) -> str:
    """What went wrong, in one line; empty where nothing did."""
    try:
        function(*arguments)
    except BaseException as error:
        return one_line(error)
    return ""


# ---------------------------------------------------------------------- worker
def work(connection: socket.socket) -> None:
    """The life of a worker: one message is a chunk of samples; every result goes back at once."""
    function: Callable[..., Any] | None = None
    keywords: dict[str, Any] = {}
    while True:
        try:
            what, *content = receive(connection)
        except (EOFError, ConnectionError):
            os._exit(0)
        if what == "job":
            function, keywords = None, content[2]
            problem = ""
            try:
                function = load(content[0], content[1])
            except BaseException as error:
                problem = one_line(error)
            connection.sendall(_record(0, READY if function else MISUSE, 0.0, problem))
        elif function is not None:
            for number, arguments in content[0]:
                connection.sendall(_one(function, number, arguments, keywords))
            with contextlib.suppress(Exception):  # what the function printed; we may be ended at any time
                sys.stdout.flush()


def _one(
    function: Callable[..., Any], number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> bytes:
    try:
        return _record(number, VALUE, as_verdict(function(*arguments, **keywords)))
    except RewardsmithError as error:
        return _record(number, MISUSE, 0.0, one_line(error))
    except BaseException as error:  # SystemExit too: it is the sample's failure, not the worker's end
        text = one_line(error) + "\n" + traceback.format_exc(limit=-5)
        return _record(number, ERROR, 0.0, text)


def _record(number: int, kind: int, value: float, text: str = "") -> bytes:
    data = text.encode("utf-8", "replace")[:MOST_TEXT]
    return RECORD.pack(number, kind, value, len(data)) + data


def as_verdict(value: Any) -> float:
    """The number that a per-sample function returned; NaN for None."""
    if value is None:
        return float("nan")
    if isinstance(value, (str, bytes, tuple, list, dict)):
        raise TypeError(f"returned {value!r:.60}; allowed: a number, or None for no verdict")
    return float(value)


def one_line(error: BaseException) -> str:
    """An exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500].removesuffix(": ")


# ---------------------------------------------------------------------- functions by reference
_loaded: dict[tuple[str, str], Any] = {}
_inherited: list[Callable[..., Any]] = []


def load(where: tuple[str, str] | None, name: str) -> Callable[..., Any]:
    """The function ``name`` of a module, given as (module name, file); a term stands for its function.

    None for the module: the function that this process was forked with.
    """
    if where is None:
        return _inherited[0]
    if where not in _loaded:
        _loaded[where] = _module(*where)
    found = _loaded[where]
    for part in name.split("."):
        found = getattr(found, part)
    return found if isinstance(found, types.FunctionType) else found.function


def prepare(where: tuple[str, str] | None, name: str) -> None:
    """What the template does once for all workers: load the function, and import what its module wants.

    A module says so by a function ``rewardsmith_before_fork()``.
    """
    load(where, name)
    if where is not None:
        with contextlib.suppress(Exception):  # what is missing is said by the function that needs it
            getattr(_loaded[where], "rewardsmith_before_fork", lambda: None)()


def _module(name: str, file: str) -> Any:
    """By its name where that leads to the same file, else from the file."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
    else:
        if _same(getattr(module, "__file__", None), file):
            return module
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the module {name} from {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _same(file: str | None, other: str) -> bool:
    return file is not None and Path(file).resolve() == Path(other).resolve()


def main(descriptor: int) -> None:
    """Where a new interpreter starts as a template."""
    serve(socket.socket(fileno=descriptor))
