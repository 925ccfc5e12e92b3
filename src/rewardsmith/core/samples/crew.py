"""One evaluation by worker processes: samples travel in chunks, verdicts come back one by one.

The parent watches a deadline for each running sample, ends the worker that misses it, and gives the rest of its
chunk to others.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .. import errors
from ..errors import CompositionError, RewardsmithError
from . import worker
from .pool import MOST_IDLE, START_SECONDS, Gone, Template, Where, Worker, busy, forget, reference, template_for
from .worker import MISUSE, READY, RECORD, VALUE

LARGEST_CHUNK = 16


class Outcome(NamedTuple):
    """What came of one sample: a value, or why there is none."""

    number: int
    value: float
    failure: str = ""


def run(
    function: Callable[..., Any],
    rows: list[tuple[Any, ...]],
    keywords: dict[str, Any],
    *,
    timeout: float,
    concurrency: int,
) -> Generator[Outcome, None, None]:
    """Every sample's outcome, as they come; closing the generator ends the work that is still running."""
    if not hasattr(socket, "send_fds"):
        raise CompositionError("@term(each=True) on a plain function needs a POSIX system; use 'async def'")
    where = reference(function)
    job = ("job", where, function.__qualname__, keywords)
    left = set(range(len(rows)))
    for last in (False, True):  # where the template died, once more with a new one
        template = _ready(function, where)
        crew = _Crew(template, job, rows, timeout, deque(sorted(left)), min(concurrency, len(left)))
        try:
            for outcome in crew.outcomes():
                left.discard(outcome.number)
                yield outcome
            return
        except Gone:
            forget(template)
            if last:
                raise
        finally:
            crew.dismiss()


def _ready(function: Callable[..., Any], where: Where) -> Template:
    """A living template that has imported the function."""
    for attempt in range(2):
        template = template_for(function, where)
        if where in template.knows:
            return template
        try:
            problem = template.load(where, function.__qualname__)
        except Gone:
            forget(template)
            if attempt:
                raise
            continue
        if problem:
            name = function.__qualname__
            raise CompositionError(f"workers cannot load {name} from {function.__module__}: {problem}")
        return template
    raise AssertionError("unreachable")


@dataclass(eq=False)
class _Crew:
    template: Template
    job: tuple[Any, ...]
    rows: list[tuple[Any, ...]]
    timeout: float
    waiting: deque[int]
    size: int
    members: list[Worker] = field(default_factory=list)
    stillborn: int = 0
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def outcomes(self) -> Generator[Outcome, None, None]:
        left = len(self.waiting)
        for _ in range(self.size):
            self.hire()
        while left:
            nearest = min(one.deadline for one in self.members if one.chunk)
            events = self.selector.select(max(0.0, nearest - time.monotonic()))
            found: list[Outcome] = []
            for key, _ in events:
                found.extend(self.read(key.data))
            now = time.monotonic()
            for one in [one for one in self.members if one.chunk and one.deadline < now]:
                found.extend(self.lose(one, f"TimeoutError: no verdict within {self.timeout:g} s"))
            for one in self.members:
                if self.waiting and not one.chunk:
                    self.feed(one)
            left -= len(found)
            yield from found

    def hire(self) -> None:
        one = self.template.borrow(self.job[1])
        one.ready = False
        busy.add(one)
        self.members.append(one)
        self.selector.register(one.connection, selectors.EVENT_READ, one)
        with contextlib.suppress(OSError):  # a dead one shows when it is read
            worker.send(one.connection, self.job)
        self.feed(one)
        one.deadline = time.monotonic() + START_SECONDS

    def feed(self, one: Worker) -> None:
        count = max(1, min(LARGEST_CHUNK, len(self.waiting) // (2 * max(1, self.size))))
        one.chunk.extend(self.waiting.popleft() for _ in range(min(count, len(self.waiting))))
        one.deadline = time.monotonic() + self.timeout
        if one.chunk:
            with contextlib.suppress(OSError):
                worker.send(one.connection, ("rows", [(number, self.rows[number]) for number in one.chunk]))

    def read(self, one: Worker) -> list[Outcome]:
        try:
            data = one.connection.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            return self.lose(one, "")
        one.buffer += data
        found: list[Outcome] = []
        while len(one.buffer) >= RECORD.size:
            number, kind, value, extra = RECORD.unpack_from(one.buffer)
            if len(one.buffer) < RECORD.size + extra:
                break
            text = bytes(one.buffer[RECORD.size : RECORD.size + extra]).decode("utf-8", "replace")
            del one.buffer[: RECORD.size + extra]
            one.deadline = time.monotonic() + self.timeout
            if kind == MISUSE:
                raise _as_error(text)
            one.ready = True
            if kind != READY:
                one.chunk.remove(number)
                found.append(Outcome(number, value, "" if kind == VALUE else text or "Exception"))
        return found

    def lose(self, one: Worker, why: str) -> list[Outcome]:
        """End a worker; its running sample failed, the rest of its chunk goes to others.

        One that died before it began (it was killed while idle, say) costs nothing.
        """
        self.members.remove(one)
        self.selector.unregister(one.connection)
        busy.discard(one)
        died = self.template.end(one)
        failed: list[Outcome] = []
        if one.ready and one.chunk:
            why = why or f"the worker died ({died or 'ended'})"
            failed.append(Outcome(one.chunk.popleft(), float("nan"), why))
        self.stillborn += not one.ready
        if self.stillborn > 2 * MOST_IDLE + self.size:
            raise Gone("worker processes die as soon as they are started")
        self.waiting.extendleft(reversed(one.chunk))
        if self.waiting:
            self.hire()
        return failed

    def dismiss(self) -> None:
        for one in self.members:
            busy.discard(one)
            self.template.give_back(one)
        self.selector.close()


def _as_error(text: str) -> RewardsmithError:
    """The error of ours that a worker reported by name and message."""
    name, _, message = text.partition(": ")
    kind = getattr(errors, name, RewardsmithError)
    kind = kind if isinstance(kind, type) and issubclass(kind, RewardsmithError) else RewardsmithError
    error = kind.__new__(kind)
    error.args = (message if kind is not RewardsmithError else text,)
    return error
