"""An event loop in a thread of its own: asynchronous work from synchronous code, also inside a running loop."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import math
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from ..errors import CompositionError, RewardsmithError
from .crew import Outcome
from .worker import as_verdict, one_line

_PATIENCE = 10.0
Result = Outcome | RewardsmithError
_guard = threading.Lock()
_running: list[tuple[asyncio.AbstractEventLoop, threading.Thread]] = []


def shared_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process, started on first use.

    It lives on between calls, so that clients which belong to a loop (connection pools) can be kept.
    """
    with _guard:
        if not _running or _running[-1][0].is_closed():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="rewardsmith-loop", daemon=True)
            thread.start()
            _running.append((loop, thread))
        return _running[-1][0]


def wait_for(awaitable: Awaitable[Any]) -> Any:
    """The result of an awaitable, from synchronous code."""
    _refuse_inside()

    async def result() -> Any:
        return await awaitable

    future = asyncio.run_coroutine_threadsafe(result(), shared_loop())
    try:
        return future.result()
    finally:
        future.cancel()


def run(
    function: Callable[..., Coroutine[Any, Any, Any]],
    rows: list[tuple[Any, ...]],
    keywords: dict[str, Any],
    *,
    timeout: float,
    concurrency: int,
) -> Generator[Outcome, None, None]:
    """Every sample's outcome, as they come; a sample that misses its timeout is cancelled.

    Only waiting can be cancelled: a function that computes or blocks without awaiting stops all others, which
    is an error after ``timeout`` and ten seconds.  Such work belongs into a plain function.
    """
    _refuse_inside()
    loop = shared_loop()
    crew = _Crew(function, rows, keywords, timeout)
    future = asyncio.run_coroutine_threadsafe(crew.work(min(concurrency, len(rows))), loop)
    try:
        left = len(rows)
        while left:
            for result in _next(crew.done, loop, timeout):
                if isinstance(result, RewardsmithError):
                    raise result
                left -= 1
                yield result
    finally:
        crew.closed = True
        future.cancel()


@dataclass(eq=False)
class _Place:
    """One of the samples that run at the same time."""

    task: asyncio.Task[None] | None = None
    number: int = -1
    deadline: float = math.inf
    left: bool = False


@dataclass(eq=False)
class _Crew:
    """Runs every sample; one watch looks at all deadlines, because a timer for each sample costs more.

    A sample that misses its deadline is cancelled and its place is given to a new task at once, so a function
    that swallows its cancellation holds up nobody.  Results cross to the calling thread in batches, because at
    each crossing the two threads wait for one another.
    """

    function: Callable[..., Coroutine[Any, Any, Any]]
    rows: list[tuple[Any, ...]]
    keywords: dict[str, Any]
    timeout: float
    done: queue.SimpleQueue[list[Result]] = field(default_factory=queue.SimpleQueue)
    batch: list[Result] = field(default_factory=list)
    finished: int = 0
    places: set[_Place] = field(default_factory=set)
    closed: bool = False
    started: int = 0

    async def work(self, concurrency: int) -> None:
        try:
            for _ in range(concurrency):
                self.open_place()
            while self.places and not self.closed:
                await asyncio.sleep(min(0.05, self.timeout / 4))
                now = time.monotonic()
                for place in [place for place in self.places if place.deadline < now]:
                    self.leave(place)
        finally:
            for place in self.places:
                place.left = True
                if place.task is not None:
                    place.task.cancel()

    def open_place(self) -> None:
        place = _Place()
        self.places.add(place)
        place.task = asyncio.ensure_future(self.fill(place))

    def leave(self, place: _Place) -> None:
        place.left = True
        self.places.discard(place)
        why = f"TimeoutError: no verdict within {self.timeout:g} s"
        self.give(Outcome(place.number, float("nan"), why))
        if place.task is not None:
            place.task.cancel()
        self.open_place()

    async def fill(self, place: _Place) -> None:
        while self.started < len(self.rows) and not self.closed:
            place.number, self.started = self.started, self.started + 1
            place.deadline = time.monotonic() + self.timeout
            result = await self.one(place.number)
            if place.left:
                return
            self.give(result)
        self.places.discard(place)

    def give(self, result: Result) -> None:
        self.batch.append(result)
        self.finished += 1
        if self.finished == len(self.rows):
            self.flush()
        elif len(self.batch) == 1:
            asyncio.get_running_loop().call_later(0.01, self.flush)

    def flush(self) -> None:
        if self.batch:
            self.done.put(self.batch)
            self.batch = []

    async def one(self, number: int) -> Result:
        try:
            value = await self.function(*self.rows[number], **self.keywords)
            return Outcome(number, as_verdict(value))
        except RewardsmithError as error:
            return error
        except (Exception, asyncio.CancelledError) as error:
            return Outcome(number, float("nan"), one_line(error))


def _next(
    done: queue.SimpleQueue[list[Result]], loop: asyncio.AbstractEventLoop, timeout: float
) -> list[Result]:
    """The next outcomes; an error where the loop itself has stopped."""
    while True:
        with contextlib.suppress(queue.Empty):
            return done.get(timeout=max(1.0, timeout))
        alive = threading.Event()
        loop.call_soon_threadsafe(alive.set)
        if not alive.wait(_PATIENCE):
            with _guard:
                _running[:] = [each for each in _running if each[0] is not loop]
            raise CompositionError(
                f"an async per-sample function blocked its event loop for more than {_PATIENCE:g} s; "
                "write blocking work as a plain 'def', which runs in a process that can be ended"
            )


def _refuse_inside() -> None:
    if any(thread is threading.current_thread() for _, thread in _running):
        raise CompositionError(
            "a reward was evaluated inside an async per-sample function; that waits for itself: "
            "evaluate it outside, or in a plain 'def'"
        )


def _stop() -> None:
    for loop, thread in _running:
        loop.call_soon_threadsafe(loop.stop)
        until = time.monotonic() + 1.0
        while thread.is_alive() and time.monotonic() < until:
            time.sleep(0.001)
    _running.clear()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)
