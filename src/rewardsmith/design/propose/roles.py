"""What language models do besides writing: criticise, analyse, compare."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.endpoint import Budget, BudgetSpent, Endpoint, Request
from ...terms.judge.verdict import read_object
from ..candidate import Parent
from .filling import JSON
from .ledger import Ledger, ask_counted
from .messages import Conversation
from .prompts import load_prompt

_log = logging.getLogger("rewardsmith.design")


@dataclass(frozen=True)
class Roles:
    """One model in the roles that published methods give it, each by a prompt of its own.

    Source: Li et al., "Auto MC-Reward", CVPR 2024, arXiv:2312.09238 (critic, analyzer); Yu et al., "ICPL",
    arXiv:2410.17233 (difference).
    Differs from the papers: replies are JSON objects where more than words is wanted.
    """

    endpoint: Endpoint
    conversation: Conversation
    budget: Budget
    ledger: Ledger

    def critic(self, programs: Sequence[tuple[Any, str, int]]) -> list[str]:
        """What speaks against each program (program, its author's words, sample); "" where nothing does.

        A reply that is no verdict, or none because the budget is used up, is taken as no objection.
        """
        asks = [
            (self._said("critic", program=self._code(program), thoughts=words or "(nothing)"), sample)
            for program, words, sample in programs
        ]
        found: list[str] = []
        try:
            replies = self._ask(asks, JSON)
        except BudgetSpent as spent:
            _log.warning("%s", spent)
            came = [reply.text for reply in spent.replies if reply is not None]
            replies = came + [""] * (len(asks) - len(came))
        for reply in replies:
            verdict = read_object(reply) or {}
            critique = str(verdict.get("critique") or "")
            found.append((critique or "the critic objects") if verdict.get("fine") is False else "")
        return found

    def analyzer(self, parent: Parent, episodes: str, sample: int = 0) -> str:
        """Why the agent failed, and what to pay for or charge: a note for the next ask; "" where unreadable."""
        (reply,) = self._ask([(self.analyzer_prompt(parent, episodes), sample)], JSON)
        found = read_object(reply) or {}
        parts = [str(found[name]) for name in ("cause", "suggestion") if found.get(name)]
        return " ".join(parts)

    def difference(self, newer: Parent, older: Parent, sample: int = 0) -> str:
        """How this round's choice differs from that of the round before: a note for the next ask."""
        (reply,) = self._ask([(self.difference_prompt(newer, older), sample)])
        return reply.strip()

    def analyzer_prompt(self, parent: Parent, episodes: str) -> str:
        """What an analyzer is asked."""
        return self._said("analyzer", program=self.conversation.shown(parent), episodes=episodes)

    def difference_prompt(self, newer: Parent, older: Parent) -> str:
        """What is asked about two choices."""
        shown = self.conversation.shown
        return self._said("difference", newer=shown(newer), older=shown(older))

    def _said(self, role: str, **values: str) -> str:
        conversation = self.conversation
        prompt = load_prompt(role, conversation.prompts)
        return prompt.fill(task=conversation.task.text, fields=conversation.description.text, **values)

    def _code(self, program: Any) -> str:
        names = self.conversation.description.names
        return str(program) if names is None else names.to_names(str(program)).text

    def _ask(self, said: Sequence[tuple[str, int]], form: Mapping[str, Any] | None = None) -> list[str]:
        requests = [Request(({"role": "user", "content": text},), sample, form) for text, sample in said]
        return [reply.text for reply in ask_counted(self.endpoint, requests, self.budget, self.ledger)]
