"""What all judges share: where the model is, how it is asked, and what is kept."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ...core.algebra import Reward
from ...core.errors import BadInput, MissingExtra, RewardsmithError
from ...core.node import Node
from ...core.samples.loop import wait_for
from .cache import Cache, Reply, cache_file, key_of
from .prompt import slots
from .usage import spend

_log = logging.getLogger("rewardsmith.judge")
Request = dict[str, Any]


class JudgeError(RewardsmithError, ConnectionError):
    """The endpoint refuses every request: a wrong key, address or model."""


@dataclass(frozen=True, repr=False)
class Judge(Reward):
    """A language model that is asked for verdicts.

    Args:
        model: the name that the endpoint knows.
        rubric: what is asked for, in words.
        name: under which it is listed in ``terms()``.
        base_url: of any endpoint with ``/chat/completions`` (OpenAI, vLLM, SGLang, llama.cpp, Ollama ...).
        key_variable: the environment variable that holds the key; the key itself is no part of a reward.
        temperature, max_tokens, seed: how replies are sampled; a temperature or seed of None is not sent.
        json_mode: ask for a JSON reply by the protocol; off for endpoints that do not know it.
        revision: part of the key of the cache; change it when the weights behind the name change.
        cache: the folder of the replies; "" is ``$REWARDSMITH_CACHE``, else ``~/.cache/rewardsmith``; None
            keeps none.
        concurrency: requests at the same time.
        timeout: seconds for each try.
        retries: tries after the first, with growing pauses, on timeouts, lost connections, 408, 409, 429, 5xx.
        system, template: the prompt, as data; "" is that of the library.  A template's slots are fields of the
            batch, which become fenced data; ``{rubric}`` (and the class's own ones) are plain.
    """

    model: str
    rubric: str = ""
    name: str = "judge"
    base_url: str = "https://api.openai.com/v1"
    key_variable: str = "OPENAI_API_KEY"
    temperature: float | None = 0.0
    max_tokens: int = 1024
    seed: int | None = None
    json_mode: bool = True
    revision: str = ""
    cache: str | None = ""
    concurrency: int = 16
    timeout: float = 60.0
    retries: int = 4
    system: str = ""
    template: str = ""

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        kind = type(self).__name__
        if not self.model or not self.rubric.strip():
            received = f"model {self.model!r}, rubric {self.rubric!r}"
            raise BadInput(kind, received, "the name of a model, and what it should judge by")
        if not 0 < self.timeout < math.inf or self.concurrency < 1 or self.retries < 0 or self.max_tokens < 1:
            received = f"timeout {self.timeout}, concurrency {self.concurrency}, retries {self.retries}"
            raise BadInput(kind, received, "timeout > 0, concurrency >= 1, retries >= 0, max_tokens >= 1")

    @classmethod
    def called(cls, *arguments: Any, **settings: Any) -> Self:
        """What its text form calls: the class itself."""
        return cls(*arguments, **settings)

    @property
    def label(self) -> str:
        return self.name

    def texts_of(self, template: str, own: Sequence[str]) -> tuple[str, ...]:
        """The fields that a template reads: its slots but the class's own."""
        return tuple(slot for slot in slots(template) if slot not in own)

    def request(self, system: str, user: str) -> Request:
        """One request: what is sent, and what the key of the cache is made of."""
        asked: Request = {
            "model": self.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "max_tokens": self.max_tokens,
        }
        if self.temperature is not None:
            asked["temperature"] = self.temperature
        if self.seed is not None:
            asked["seed"] = self.seed
        if self.json_mode:
            asked["response_format"] = {"type": "json_object"}
        return asked

    def ask(self, requests: Sequence[Request]) -> list[Reply | None]:
        """The reply to each request, from disk or the endpoint; None where there is none after all retries.

        Raises:
            JudgeError: the endpoint refuses all requests.
        """
        keys = [key_of({**request, "revision": self.revision}) for request in requests]
        todo = dict(zip(keys, requests, strict=True))
        cache = None if self.cache is None else Cache(cache_file(self.cache))
        try:
            known = {} if cache is None else cache.find(todo)
            spend(self.model, cached=len(known))
            new = {key: request for key, request in todo.items() if key not in known}
            if new:
                known |= wait_for(_ask_all(self, new, cache))
        finally:
            if cache is not None:
                cache.close()
        return [known.get(key) for key in keys]

    def report(self, missing: int, count: int, first: str) -> None:
        """Say in one line of the log how many verdicts are missing."""
        if missing:
            _log.warning("%s: %d of %d without verdict; first: %s", self.name, missing, count, first[:200])


async def _ask_all(judge: Judge, requests: Mapping[str, Request], cache: Cache | None) -> dict[str, Reply]:
    try:
        import openai
    except ImportError:
        raise MissingExtra("openai", "judge", type(judge).__name__) from None
    replies: dict[str, Reply] = {}
    failures: list[str] = []
    refused: list[str] = []
    limit = asyncio.Semaphore(judge.concurrency)
    # Local endpoints want no key, but the client wants a text.
    key = os.environ.get(judge.key_variable) or "none"
    client = openai.AsyncOpenAI(
        base_url=judge.base_url, api_key=key, timeout=judge.timeout, max_retries=judge.retries
    )

    async def one(key: str, request: Request) -> None:
        async with limit:
            if refused:
                return
            try:
                reply = await _ask(client, judge.model, request)
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                refused.append(f"{judge.base_url} refuses {judge.model}: {_line(error)}")
                return
            except (openai.OpenAIError, ValueError) as error:
                spend(judge.model, failures=1)
                failures.append(_line(error))
                return
        replies[key] = reply
        if cache is not None:
            cache.keep(key, request, reply)

    tasks = [asyncio.ensure_future(one(key, request)) for key, request in requests.items()]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.close()
    if refused:
        raise JudgeError(refused[0])
    if failures:
        _log.warning("%s: %d requests failed; first: %s", judge.name, len(failures), failures[0])
    return replies


async def _ask(client: Any, model: str, request: Request) -> Reply:
    answer = await client.chat.completions.with_raw_response.create(**request)
    spend(model, calls=1, retries=answer.retries_taken)
    reply = _reply(answer.text)
    spend(model, prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens)
    return reply


def _reply(body: str) -> Reply:
    """The reply in an answer of the protocol; no text where it was refused, filtered or cut off.

    Raises:
        ValueError: the answer is not of the protocol.
    """
    try:
        data = json.loads(body)
        spent = data.get("usage") or {}
        tokens = (int(spent.get("prompt_tokens") or 0), int(spent.get("completion_tokens") or 0))
        choice = data["choices"][0]
        text, refusal = choice["message"].get("content"), choice["message"].get("refusal")
        whole = choice.get("finish_reason") in ("stop", None) and not refusal and isinstance(text, str)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise ValueError(f"no chat completion: {body[:80]!r}") from None
    return Reply(text if whole else "", *tokens)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
