"""What judges have cost this process: calls, tokens, retries, failures."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

_guard = threading.Lock()
_spent: dict[str, Usage] = {}


@dataclass(frozen=True)
class Usage:
    """Counts of one model since the process began.

    Args:
        calls: requests that were answered.
        cached: verdicts that needed no request.
        retries: requests that were sent again.
        failures: requests without an answer after all retries.
        prompt_tokens, completion_tokens: as the endpoint counted them.
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def usage() -> dict[str, Usage]:
    """What each model was asked and has read and written so far, in this process.

    Example:
        >>> sum(spent.calls for spent in usage().values()) >= 0
        True
    """
    with _guard:
        return dict(_spent)


def spend(model: str, **more: int) -> None:
    """Add to the counts of a model."""
    with _guard:
        old = _spent.get(model, Usage())
        _spent[model] = replace(old, **{name: getattr(old, name) + count for name, count in more.items()})
