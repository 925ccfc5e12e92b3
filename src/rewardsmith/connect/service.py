"""What stands behind the reward server: a reward, its threads, its state and its counts."""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..core.algebra import Reward, Scope
from ..core.errors import BadInput, MissingExtra, RewardsmithError
from .parts import keeps_state
from .scoring import OnError, Scorer, Scores, ScoreTimeout
from .server_schema import Refused, dump

try:
    from fastapi import Request, Response
    from prometheus_client import CollectorRegistry, Counter, Histogram
except ModuleNotFoundError as error:
    raise MissingExtra(error.name or "fastapi", "server", "the reward server") from error

THREADS = 32
MOST_LATE = 64  # evaluations that hang, before the server asks to be started anew
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Settings:
    """How a reward is served.

    Args:
        on_error: as for ``Scorer``: what happens to samples that cannot be scored.
        timeout: seconds for one request; what is late answers 504 under ``on_error="raise"`` and follows
            the policy otherwise.
        no_verdict: what ``/get_reward`` gives where the reward has no verdict, because OpenRLHF cannot read
            null; null if None.
        max_batch, max_bytes: the largest request.
        token: what clients must show; nobody is asked if None.
    """

    on_error: OnError = "abstain"
    timeout: float | None = None
    no_verdict: float | None = None
    max_batch: int = 4096
    max_bytes: int = 64 * 2**20
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("max_batch", "max_bytes"):
            if getattr(self, name) < 1:
                raise BadInput(name, getattr(self, name), "at least 1")
        if self.token == "":
            raise BadInput("token", "an empty text", "a secret that clients must show")


class Service:
    """A reward, its threads, its state and its counts."""

    def __init__(self, reward: Reward, settings: Settings) -> None:
        self.settings, self.no_verdict = settings, settings.no_verdict
        self.scorer = Scorer(reward, settings.on_error, settings.timeout)
        self.reward = reward
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rewardsmith-serve")
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rewardsmith_requests", "requests", ("endpoint", "status"), registry=self.registry
        )
        self.verdicts = Counter("rewardsmith_verdicts", "samples that got a verdict", registry=self.registry)
        self.missing = Counter("rewardsmith_missing_verdicts", "samples without one", registry=self.registry)
        self.latency = Histogram(
            "rewardsmith_seconds", "of a request", ("endpoint",), buckets=_BUCKETS, registry=self.registry
        )
        self._token = None if settings.token is None else settings.token.encode()
        self._lock = threading.Lock() if keeps_state(reward) else None
        self._state: Any = None
        self._working = 0

    @property
    def description(self) -> dict[str, Any]:
        """What clients may want to know."""
        return {
            "reward": str(self.reward),
            "fields": sorted(self.reward.fields),
            "scope": Scope(self.reward.scope).name,
            "terms": list(self.scorer.parts),
            "numbers": self.reward.numbers(),
            "keeps_state": self._lock is not None,
            "on_error": self.settings.on_error,
            "timeout": self.settings.timeout,
            "max_batch": self.settings.max_batch,
        }

    async def answer(
        self, request: Request, read: Callable[[bytes, Reward, int], Any], write: Callable[[Scores], Any]
    ) -> Response:
        """Read, score in a thread, write; count it."""
        began, endpoint = time.perf_counter(), request.url.path
        response = self.refusal(request) or await self._scored(request, read, write)
        self.requests.labels(endpoint, str(response.status_code)).inc()
        self.latency.labels(endpoint).observe(time.perf_counter() - began)
        return response

    async def _scored(self, request: Request, read: Any, write: Any) -> Response:
        try:
            if self.late() >= MOST_LATE:
                raise Refused(503, f"{MOST_LATE} evaluations are hanging; the server must be started anew")
            batch = read(await self._body(request), self.reward, self.settings.max_batch)
            self._working += 1
            try:
                scores = await asyncio.get_running_loop().run_in_executor(self.pool, self._score, batch)
            finally:
                self._working -= 1
        except Refused as refused:
            return self.reply(refused.status, {"error": refused.why})
        except Exception as error:
            return self.reply(
                _status(error), {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
            )
        silent = scores.total.count(None)
        self.missing.inc(silent)
        self.verdicts.inc(len(scores.total) - silent)
        return self.reply(200, write(scores))

    def _score(self, batch: Mapping[str, Any]) -> Scores:
        if self._lock is None:
            return self.scorer.score(batch)
        with self._lock:  # running statistics see one batch after the other
            scores = self.scorer.score(batch, self._state)
            self._state = scores.state
            return scores

    async def _body(self, request: Request) -> bytes:
        most, pieces, size = self.settings.max_bytes, [], 0
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise Refused(413, f"more than {most} bytes in one request")
            pieces.append(piece)
        return b"".join(pieces)

    def late(self) -> int:
        """Evaluations that ran into the timeout and still run."""
        if self.settings.timeout is None:
            return 0
        running = sum(thread.name == "rewardsmith-score" for thread in threading.enumerate())
        return max(0, running - self._working)

    def refusal(self, request: Request) -> Response | None:
        """None where the client may come in."""
        if self._token is None:
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = given or request.query_params.get("token", "")  # OpenRLHF sends no headers
        if hmac.compare_digest(given.encode(), self._token):
            return None
        return self.reply(401, {"error": "the token is missing or wrong; send 'Authorization: Bearer TOKEN'"})

    def plain(self, request: Request, status: int, value: Any) -> Response:
        """An answer without scoring."""
        return self.refusal(request) or self.reply(status, value)

    @staticmethod
    def reply(status: int, value: Any) -> Response:
        """JSON."""
        return Response(dump(value), status, media_type="application/json")


def _status(error: Exception) -> int:
    """504 for what is late, 422 where the fields do not suit the reward, 500 where the reward is at fault."""
    if isinstance(error, ScoreTimeout):
        return 504
    return 422 if isinstance(error, RewardsmithError) else 500
