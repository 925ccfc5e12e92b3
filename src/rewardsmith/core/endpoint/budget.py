"""Budgets of language models: how many calls, tokens and how much money a search may use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BadInput, RewardsmithError
from .cache import Reply
from .usage import Usage


class BudgetSpent(RewardsmithError, RuntimeError):
    """The next call could cost more than is left; ``replies`` are those that came before it."""

    def __init__(self, message: str, replies: Sequence[Reply | None] = ()) -> None:
        self.replies = tuple(replies)
        Exception.__init__(self, message)


@dataclass(frozen=True)
class Budget:
    """What may be used at most; None is without limit.

    A call is made only where all that it can cost still fits.  Replies from disk count as much as new ones, so
    that a search that is continued or repeated stops exactly where it would have stopped without.

    Args:
        calls: replies.
        tokens: read and written.
        money: in the currency of the endpoint's prices.

    Example:
        >>> Budget(calls=3).left(Usage(calls=1, cached=1)).calls
        1
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "money"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise BadInput(f"{name} of a Budget", value, "0 or more, or None for no limit")

    def left(self, spent: Usage) -> Budget:
        """The budget after what was spent; never below 0."""
        return Budget(
            None if self.calls is None else max(self.calls - spent.calls - spent.cached, 0),
            None if self.tokens is None else max(self.tokens - spent.tokens, 0),
            None if self.money is None else max(self.money - spent.money, 0.0),
        )

    def first(self, most: Sequence[Usage], spent: Usage) -> int:
        """How many calls of a list, from its beginning, fit all together; ``most`` is what each can cost.

        Example:
            >>> Budget(tokens=100).first([Usage(calls=1, prompt_tokens=40)] * 4, Usage(prompt_tokens=10))
            2
        """
        total = spent
        for count, each in enumerate(most):
            total = total + each
            if not self.covers(total):
                return count
        return len(most)

    def covers(self, spent: Usage) -> bool:
        """True where what was spent is within the budget."""
        return (
            (self.calls is None or spent.calls + spent.cached <= self.calls)
            and (self.tokens is None or spent.tokens <= self.tokens)
            and (self.money is None or spent.money <= self.money)
        )

    def __str__(self) -> str:
        named = {"calls": self.calls, "tokens": self.tokens, "money": self.money}
        limits = [f"{value:g} {name}" for name, value in named.items() if value is not None]
        return ", ".join(limits) or "no limit"
