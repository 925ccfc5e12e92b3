"""What language models have cost: calls, tokens, money, retries, failures."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields

_guard = threading.Lock()
_spent: dict[str, Usage] = {}


@dataclass(frozen=True)
class Usage:
    """Counts; they add up with ``+``.

    Args:
        calls: requests that were answered.
        cached: replies that needed no request.
        retries: requests that were sent again.
        failures: requests without an answer after all retries.
        prompt_tokens, completion_tokens: as the endpoint counted them.
        money: of the tokens, by the prices of the endpoint's configuration.

    Example:
        >>> Usage(calls=1, money=0.5) + Usage(calls=2)
        Usage(calls=3, cached=0, retries=0, failures=0, prompt_tokens=0, completion_tokens=0, money=0.5)
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)))

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.prompt_tokens + self.completion_tokens


def usage() -> dict[str, Usage]:
    """What each model was asked and has read and written so far, in this process.

    Example:
        >>> sum(spent.calls for spent in usage().values()) >= 0
        True
    """
    with _guard:
        return dict(_spent)


def spend(model: str, more: Usage) -> None:
    """Add to the counts of a model."""
    with _guard:
        _spent[model] = _spent.get(model, Usage()) + more
