"""Rate limits: requests and tokens per minute, kept by everybody in this process who asks one endpoint."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0
_guard = threading.Lock()
_paces: dict[tuple[str, str, int | None, int | None], Pace] = {}


@dataclass(eq=False)
class Pace:
    """A sliding window over what was sent.

    Args:
        requests, tokens: at most these in any window; None is without limit.
        window: seconds.
    """

    requests: int | None
    tokens: int | None
    window: float = MINUTE
    sent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def pause(self, now: float, tokens: int) -> float:
        """Seconds until a request of this size may be sent; where it may at once, it is noted as sent.

        A request above the limit by itself is sent alone: waiting would not make it smaller.

        Example:
            >>> pace = Pace(2, None)
            >>> [pace.pause(at, 1) for at in (0.0, 10.0, 30.0)]
            [0.0, 0.0, 30.0]
        """
        while self.sent and self.sent[0][0] <= now - self.window:
            self.sent.popleft()
        left, wait = list(self.sent), 0.0
        while left and not self._room(left, tokens):
            wait = left.pop(0)[0] + self.window - now
        if wait <= 0:
            self.sent.append((now, tokens))
        return wait

    def _room(self, left: list[tuple[float, int]], tokens: int) -> bool:
        fits = self.requests is None or len(left) < self.requests
        return fits and (self.tokens is None or sum(size for _, size in left) + tokens <= self.tokens)


def pace_of(base_url: str, model: str, requests: int | None, tokens: int | None) -> Pace:
    """The pace of an endpoint, one for all who ask it in this process."""
    with _guard:
        return _paces.setdefault((base_url, model, requests, tokens), Pace(requests, tokens, MINUTE))


async def wait_turn(pace: Pace, tokens: int) -> None:
    """Sleep until a request of this size may be sent."""
    if pace.requests is None and pace.tokens is None:
        return
    while True:
        with _guard:
            pause = pace.pause(time.monotonic(), tokens)
        if pause <= 0:
            return
        await asyncio.sleep(pause)
