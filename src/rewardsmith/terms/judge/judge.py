"""What all judges share: where the model is, how it is asked, and what is kept."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ...core.algebra import Reward
from ...core.endpoint import Endpoint, Reply, Request, slots
from ...core.errors import BadInput
from ...core.node import Node

_log = logging.getLogger("rewardsmith.judge")


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
        json_mode: ask for a JSON reply by the protocol; an endpoint that refuses is asked without.
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

    @property
    def endpoint(self) -> Endpoint:
        """Where and how the model is asked."""
        return Endpoint(
            self.model,
            self.base_url,
            self.key_variable,
            self.temperature,
            self.max_tokens,
            self.seed,
            self.revision,
            self.cache,
            self.concurrency,
            self.timeout,
            self.retries,
        )

    def request(self, system: str, user: str) -> Request:
        """One request for a verdict."""
        messages = ({"role": "system", "content": system}, {"role": "user", "content": user})
        return Request(messages, form={"type": "json_object"} if self.json_mode else None)

    def ask(self, requests: Sequence[Request]) -> list[Reply | None]:
        """The reply to each request, from disk or the endpoint; None where there is none after all retries.

        Raises:
            EndpointError: the endpoint refuses all requests.
        """
        return self.endpoint.ask(requests)

    def report(self, missing: int, count: int, first: str) -> None:
        """Say in one line of the log how many verdicts are missing."""
        if missing:
            _log.warning("%s: %d of %d without verdict; first: %s", self.name, missing, count, first[:200])
