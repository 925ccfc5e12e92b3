"""The calls themselves: all at once, retried, paced, and each reply committed before it is used."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra, RewardsmithError
from . import wire
from .cache import Cache, Reply
from .pace import Pace, pace_of, wait_turn
from .usage import Usage, spend

if TYPE_CHECKING:
    from .endpoint import Endpoint

_log = logging.getLogger("rewardsmith.endpoint")
Body = dict[str, Any]
# What an (address, model) answered 400 to, and 200 without.
_refused: dict[tuple[str, str], frozenset[str]] = {}
_NAMED = ("temperature", "seed")
_MOST_TOKENS = 1 << 40
_LONGEST_NAME = 200
_PAUSE = 60.0  # the longest that the client waits between two tries, because the endpoint says so
_PAID = "the account has no quota left: waiting does not help, so it was not asked again"
_TRUSTED = "nothing was sent there: give that address itself if you trust it"
LONGEST_REPLY = 200_000  # characters; nobody reads a program of this size, and a repair would send it back
PATIENCE_SECONDS = 20.0


class EndpointError(RewardsmithError, ConnectionError):
    """The endpoint refuses every request (a wrong key, address or model), or does not answer."""


async def ask_all(
    endpoint: Endpoint, bodies: Mapping[str, Body], cache: Cache | None, whole: bool = False
) -> dict[str, Reply]:
    """The replies that came, by key.

    Raises:
        EndpointError: the endpoint refuses all requests, or (with ``whole``) leaves one without an answer.
    """
    try:
        import openai
    except ImportError:
        raise MissingExtra("openai", "llm", f"asking {endpoint.model}") from None
    # Local endpoints want no key, but the client wants a text.
    secret = os.environ.get(endpoint.key_variable) or "none"
    client = wire.client(openai, endpoint.base_url, secret, endpoint.timeout, endpoint.retries)
    pace = pace_of(endpoint.base_url, endpoint.model, endpoint.requests_per_minute, endpoint.tokens_per_minute)
    batch = _Batch(endpoint, cache, client, openai, pace, asyncio.Semaphore(endpoint.concurrency), secret)
    tasks = [asyncio.ensure_future(batch.one(key, body)) for key, body in bodies.items()]
    watch = asyncio.ensure_future(_say_that_it_waits(batch, len(tasks)))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in (*tasks, watch):
            task.cancel()
        await asyncio.gather(*tasks, watch, return_exceptions=True)
        await client.close()
    if batch.refused:
        raise EndpointError(batch.refused[0])
    if batch.failures and whole:
        raise EndpointError(
            f"{endpoint.base_url} left {len(batch.failures)} of {len(bodies)} requests to {endpoint.model} "
            f"without an answer{batch.tried} (first: {batch.failures[0]}); "
            "what came is kept on disk"
        )
    if batch.failures:
        _log.warning(
            "%s: %d requests failed; first: %s", endpoint.model, len(batch.failures), batch.failures[0]
        )
    return batch.replies


@dataclass(eq=False)
class _Batch:
    """Requests that run at the same time, and what became of them."""

    endpoint: Endpoint
    cache: Cache | None
    client: Any
    openai: Any
    pace: Pace
    limit: asyncio.Semaphore
    secret: str
    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])
    failures: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    tried: str = ""

    async def one(self, key: str, body: Body) -> None:
        """Ask, count, commit."""
        openai, endpoint = self.openai, self.endpoint
        async with self.limit:
            if self.refused:
                return
            await wait_turn(self.pace, len(json.dumps(body["messages"])) // 4 + endpoint.max_tokens)
            try:
                reply = await self.ask(key, body)
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                advice = _advice(endpoint, isinstance(error, openai.NotFoundError))
                self.refused.append(
                    f"{endpoint.base_url} refuses {endpoint.model}: {self.line(error)}; {advice}"
                )
                return
            except (openai.OpenAIError, ValueError, TimeoutError) as error:
                if getattr(error, "status_code", None) == 429 and _no_money(error):
                    told = f"{endpoint.base_url} refuses {endpoint.model}: {self.line(error)}"
                    self.refused.append(f"{told}; {_PAID}")
                    return
                if (elsewhere := _sent_on(error)) is not None:
                    self.refused.append(f"{endpoint.base_url} sends requests on to {elsewhere}; {_TRUSTED}")
                    return
                spend(endpoint.model, Usage(failures=1))
                odd = isinstance(error, (ValueError, TimeoutError))  # ours: their text says it all
                self.failures.append(self.line(error).partition(": ")[2] if odd else self.line(error))
                self.tried = "" if odd else f" after {endpoint.retries} retries"
                return
            if self.cache is not None:  # in its turn: a kill costs no more replies than run at the same time
                reply = await asyncio.to_thread(self.cache.keep, key, body, reply)
        self.replies[key] = reply

    async def ask(self, key: str, body: Body) -> Reply:
        """One request, without what the endpoint refuses: some know no ``response_format``, some no other
        temperature than their own, some call ``max_tokens`` by another name.
        """
        place = (self.endpoint.base_url, self.endpoint.model)
        without = _refused.get(place, frozenset())
        while True:
            try:
                reply = await self.send(_key(key, without, body), fitted(body, without))
            except (self.openai.BadRequestError, self.openai.UnprocessableEntityError) as error:
                refused = blamed(str(error), fitted(body, without))
                if refused is None:
                    raise
                without |= {refused}
                continue
            if more := without - _refused.get(place, frozenset()):
                _refused[place] = _refused.get(place, frozenset()) | without
                _log.warning("%s at %s refuses %s; asked without", place[1], place[0], ", ".join(sorted(more)))
            return reply

    async def send(self, key: str, body: Body) -> Reply:
        """One request with all its retries."""
        create = self.client.chat.completions.with_raw_response.create
        endpoint = self.endpoint
        # each try is bounded by itself; this bounds a server that never gets beyond its first lines
        longest = (endpoint.timeout + _PAUSE) * (endpoint.retries + 2)
        try:
            async with asyncio.timeout(longest):
                answer = await create(**body, extra_headers={"Idempotency-Key": key})
        except TimeoutError:
            raise TimeoutError(f"no whole answer within {longest:.0f} s") from None
        reply = read_reply(wire.without_secret(answer.text, self.secret))
        money = self.endpoint.cost(reply.prompt_tokens, reply.completion_tokens)
        tokens = (reply.prompt_tokens, reply.completion_tokens)
        spend(self.endpoint.model, Usage(1, 0, answer.retries_taken, 0, *tokens, money))
        return reply

    def line(self, error: Exception) -> str:
        """What went wrong, in one line that can be printed and holds no key."""
        cause = f" ({error.__cause__})" if isinstance(error, self.openai.APIConnectionError) else ""
        said = wire.without_secret(f"{type(error).__name__}: {error}{cause}", self.secret)
        return " ".join("".join(c if c.isprintable() else " " for c in said[:1000]).split())[:300]


def fitted(body: Body, without: frozenset[str]) -> Body:
    """A request without what an endpoint refuses; ``max_tokens`` goes by its newer name then.

    Example:
        >>> fitted({"max_tokens": 7, "seed": 1}, frozenset({"max_tokens", "seed"}))
        {'max_completion_tokens': 7}
    """
    kept = {name: value for name, value in body.items() if name not in without}
    if "max_tokens" in without and "max_tokens" in body:
        kept["max_completion_tokens"] = body["max_tokens"]
    return kept


def blamed(message: str, body: Body) -> str | None:
    """Which part of a refused request to leave out: one that the refusal names, else ``response_format``."""
    if "max_completion_tokens" in message and "max_tokens" in body:
        return "max_tokens"
    named = [name for name in _NAMED if name in message and name in body]
    return named[0] if named else "response_format" if "response_format" in body else None


def _key(key: str, without: frozenset[str], body: Body) -> str:
    """Another request under the same content key: an endpoint must not take one for the other."""
    changed = sorted(without & set(body))
    return "-".join([key, *changed])


def read_reply(body: str) -> Reply:
    """The reply in an answer of the protocol; no text where it was refused, filtered or cut off.

    Raises:
        ValueError: the answer is not of the protocol.

    Example:
        >>> read_reply('{"choices": [{"message": {"content": "hello"}}]}').text
        'hello'
    """
    try:
        data = json.loads(body)
        spent = data.get("usage") or {}
        tokens = (_count(spent.get("prompt_tokens")), _count(spent.get("completion_tokens")))
        choice = data["choices"][0]
        text, refusal = choice["message"].get("content"), choice["message"].get("refusal")
        finish = choice.get("finish_reason") or "stop"
        model = _name(data.get("model"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError):
        told = f"no chat completion: {body[:80]!r}; is the address right, up to /v1?"
        raise ValueError(told) from None
    trouble = "refusal" if refusal else _name(finish) if finish != "stop" else ""
    if not trouble and not isinstance(text, str):
        trouble = "empty"
    if not trouble and len(text) > LONGEST_REPLY:
        trouble = "too long"
    return Reply("" if trouble else _text(text), *tokens, model, trouble)


def _name(value: Any) -> str:
    """A short name that can be printed."""
    return "".join(letter for letter in str(value or "")[:_LONGEST_NAME] if letter.isprintable())


def _count(value: Any) -> int:
    """A number of tokens as the endpoint gives it: a whole number, none where it gives none."""
    count = int(value or 0)
    if not 0 <= count <= _MOST_TOKENS:
        raise ValueError("a count of tokens that is none")
    return count


def _text(text: str) -> str:
    """Text that every file and terminal can hold: half of a pair of surrogates is no letter."""
    return text.encode("utf-8", "replace").decode()


def _sent_on(error: Exception) -> str | None:
    """Where a redirect points to; None for any other error."""
    response: Any = getattr(error, "response", None)
    if response is None or not 300 <= response.status_code < 400:
        return None
    place = str(response.headers.get("location", "nowhere"))
    return "".join(letter for letter in place if letter.isprintable())[:100]


def _no_money(error: Any) -> bool:
    return wire.spent_out(error.response.content)


def _advice(endpoint: Endpoint, missing: bool) -> str:
    if missing:
        return f"its models: {endpoint.base_url.rstrip('/')}/models; the address goes up to /v1"
    state = "is set" if os.environ.get(endpoint.key_variable) else "is not set"
    return f"the key is read from ${endpoint.key_variable}, which {state}"


async def _say_that_it_waits(batch: _Batch, count: int) -> None:
    await asyncio.sleep(PATIENCE_SECONDS)
    endpoint, there = batch.endpoint, len(batch.replies)
    _log.warning(
        "%s: %d of %d answers after %.0f s; waiting up to %.0f s for each try, %d tries (Ctrl-C loses nothing)",
        *(endpoint.base_url, there, count, PATIENCE_SECONDS, endpoint.timeout, endpoint.retries + 1),
    )
