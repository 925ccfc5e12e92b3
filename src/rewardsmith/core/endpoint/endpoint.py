"""Endpoint: where a language model is, how it is asked, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput
from ..samples.loop import wait_for
from .budget import Budget, BudgetSpent
from .cache import Cache, Reply, cache_file, key_of
from .client import ask_all
from .usage import Usage, spend

Message = Mapping[str, str]
_SEEDS = 2**31
_BYTES_PER_TOKEN = 2
_TOKENS_PER_MESSAGE = 8


@dataclass(frozen=True)
class Request:
    """One question.

    Args:
        messages: ``{"role": ..., "content": ...}``, in order.
        sample: which of several answers to the same question this is: each has a key of its own.
        form: ``response_format`` of the protocol; an endpoint that refuses it is asked without.
    """

    messages: tuple[Message, ...]
    sample: int = 0
    form: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Endpoint:
    """A language model over any endpoint with ``/chat/completions`` (OpenAI, vLLM, SGLang, Ollama ...).

    Args:
        model: the name that the endpoint knows.
        base_url: address, up to ``/v1``.
        key_variable: the environment variable that holds the key; the key itself is no part of a configuration.
        temperature, max_tokens, seed: how replies are sampled; a temperature or seed of None is not sent.  The
            n-th sample of a request is sent with seed + n.
        revision: part of the key of the cache; change it when the weights behind the name change.
        cache: the folder of the replies; "" is ``$REWARDSMITH_CACHE``, else ``~/.cache/rewardsmith``; None
            keeps none.
        concurrency: requests at the same time.
        timeout: seconds for each try.
        retries: tries after the first, with growing pauses, on timeouts, lost connections, 408, 409, 429, 5xx.
        requests_per_minute, tokens_per_minute: limits of the endpoint, kept by waiting; None is no limit.
        price_in, price_out: money for a million tokens read and written.

    Every call carries its key as ``Idempotency-Key``: an endpoint that honours it answers a call that was under
    way when this process died without charging it again.

    Example:
        >>> endpoint = Endpoint("qwen3", "http://localhost:8000/v1", price_in=1.0, price_out=2.0)
        >>> endpoint.cost(500_000, 100_000)
        0.7
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    key_variable: str = "OPENAI_API_KEY"
    temperature: float | None = 1.0
    max_tokens: int = 4096
    seed: int | None = None
    revision: str = ""
    cache: str | None = ""
    concurrency: int = 16
    timeout: float = 120.0
    retries: int = 6
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    price_in: float = 0.0
    price_out: float = 0.0

    def __post_init__(self) -> None:
        if not self.model or "://" not in self.base_url:
            received = f"model {self.model!r}, base_url {self.base_url!r}"
            raise BadInput(
                "Endpoint", received, "the name of a model, and an address such as http://host:8000/v1"
            )
        if not 0 < self.timeout < math.inf or self.concurrency < 1 or self.retries < 0 or self.max_tokens < 1:
            received = f"timeout {self.timeout}, concurrency {self.concurrency}, retries {self.retries}"
            received += f", max_tokens {self.max_tokens}"
            raise BadInput("Endpoint", received, "timeout > 0, concurrency >= 1, retries >= 0, max_tokens >= 1")
        for name in ("requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadInput(f"{name} of an Endpoint", value, "at least 1, or None for no limit")
        if not (0 <= self.price_in < math.inf and 0 <= self.price_out < math.inf):
            received = f"{self.price_in}, {self.price_out}"
            raise BadInput("prices of an Endpoint", received, "0 or more for a million tokens")

    # ------------------------------------------------------------------ asking
    def ask(
        self,
        requests: Sequence[Request],
        budget: Budget | None = None,
        spent: Usage | None = None,
        whole: bool = False,
    ) -> list[Reply | None]:
        """The reply to each request, from disk or the endpoint; None where there is none after all retries.

        Args:
            requests: sent at the same time, as far as ``concurrency`` and the limits allow.
            budget: what may be used, together with what was ``spent`` before.
            whole: a request that stays without an answer is an error; the answers that came are kept on disk.

        Raises:
            EndpointError: the endpoint refuses all requests, or (with ``whole``) leaves one without an answer.
            BudgetSpent: the next call could cost more than is left; ``replies`` has those before it.
        """
        if budget is None:
            return self._ask(requests, whole)
        replies: list[Reply | None] = []
        used = spent or Usage()
        most = [self.most(request) for request in requests]
        while len(replies) < len(requests):
            # In waves, in order: which calls are made never depends on which answer comes first.
            count = budget.first(most[len(replies) :], used)
            if count == 0:
                raise BudgetSpent(f"the budget of {self.model} ({budget}) is used up: {_said(used)}", replies)
            new = self._ask(requests[len(replies) : len(replies) + count], whole)
            replies += new
            used = sum((self.used(reply) for reply in new), used)
        return replies

    def key(self, request: Request) -> str:
        """The content key of a request."""
        return key_of({**self.body(request), "revision": self.revision, "sample": request.sample})

    def known(self, requests: Sequence[Request]) -> list[bool]:
        """Whether the reply to each request is on disk."""
        if self.cache is None or not cache_file(self.cache).is_file():
            return [False] * len(requests)
        cache = Cache(cache_file(self.cache))
        try:
            keys = [self.key(request) for request in requests]
            found = cache.find(keys)
        finally:
            cache.close()
        return [key in found for key in keys]

    def _ask(self, requests: Sequence[Request], whole: bool) -> list[Reply | None]:
        keys = [self.key(request) for request in requests]
        todo = {key: self.body(request) for key, request in zip(keys, requests, strict=True)}
        cache = None if self.cache is None else Cache(cache_file(self.cache))
        try:
            known = {} if cache is None else cache.find(todo)
            spend(self.model, Usage(cached=len(known)))
            new = {key: body for key, body in todo.items() if key not in known}
            if new:
                known |= wait_for(ask_all(self, new, cache, whole))
        finally:
            if cache is not None:
                cache.close()
        return [known.get(key) for key in keys]

    def body(self, request: Request) -> dict[str, Any]:
        """What is sent for a request."""
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [dict(message) for message in request.messages],
            "max_tokens": self.max_tokens,
        }
        if self.temperature is not None:
            asked["temperature"] = self.temperature
        if self.seed is not None:
            asked["seed"] = (self.seed + request.sample) % _SEEDS
        if request.form is not None:
            asked["response_format"] = dict(request.form)
        return asked

    # ------------------------------------------------------------------ cost
    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Money for tokens read and written."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1e6

    def used(self, reply: Reply | None) -> Usage:
        """What a reply has used, whether it came from disk or not."""
        if reply is None:
            return Usage(calls=1)
        money = self.cost(reply.prompt_tokens, reply.completion_tokens)
        return Usage(1, 0, 0, 0, reply.prompt_tokens, reply.completion_tokens, money)

    def most(self, request: Request) -> Usage:
        """What a request can cost: a token for every two bytes of the prompt, and ``max_tokens``."""
        size = sum(len(message["content"].encode("utf-8", "replace")) for message in request.messages)
        read = math.ceil(size / _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(request.messages)
        return Usage(1, 0, 0, 0, read, self.max_tokens, self.cost(read, self.max_tokens))


def _said(used: Usage) -> str:
    money = f", {used.money:.4g} of money" if used.money else ""
    return f"{used.calls + used.cached} calls, {used.tokens} tokens{money}; the next call may not fit"
