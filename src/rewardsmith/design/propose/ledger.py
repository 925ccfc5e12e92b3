"""Ledger: what a search has asked of language models, and the one place where they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.endpoint import Budget, BudgetSpent, Endpoint, Reply, Request, Usage


@dataclass(eq=False)
class Ledger:
    """What a writer has used so far, and which models answered; the one thing about a writer that changes.

    It counts replies from disk like new ones, so a search that is continued has used what it had used.
    """

    used: Usage = field(default_factory=Usage)
    models: set[str] = field(default_factory=set[str])
    repairs: int = 0

    def restore(self, endpoint: Endpoint, read: int, written: int) -> None:
        """Count a reply again that a journal holds, by its tokens."""
        self.used = self.used + Usage(1, 0, 0, 0, read, written, endpoint.cost(read, written))

    def enter(self, endpoint: Endpoint, reply: Reply | None) -> None:
        """Count a reply."""
        self.used = self.used + endpoint.used(reply)
        if reply is not None and reply.model:
            self.models.add(reply.model)


def ask_counted(endpoint: Endpoint, requests: Sequence[Request], budget: Budget, ledger: Ledger) -> list[Reply]:
    """The replies, counted in the ledger.

    Raises:
        EndpointError: a request stayed without an answer: going on without it would give another result than an
            endpoint that answers.
        BudgetSpent: ``replies`` are those that came before.
    """
    try:
        replies = endpoint.ask(requests, budget, ledger.used, whole=True)
    except BudgetSpent as spent:
        _count(endpoint, spent.replies, ledger)
        raise
    return _count(endpoint, replies, ledger)


def _count(endpoint: Endpoint, replies: Sequence[Reply | None], ledger: Ledger) -> list[Reply]:
    came = [reply for reply in replies if reply is not None]
    for reply in came:
        ledger.enter(endpoint, reply)
    return came
