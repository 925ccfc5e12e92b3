"""PairwiseJudge: which of two answers to one prompt is better, asked in both orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Scope, Shares
from ...core.arrays import Batch
from ...core.endpoint import Reply, Request, render
from ...core.errors import BadInput
from ...core.fields import read_field
from ...core.groups import Groups
from ..texts import text_list
from .judge import Judge
from .prompt import PAIR_SYSTEM, PAIR_TEMPLATE
from .verdict import read_winner

_OWN = ("rubric", "first", "second")


@dataclass(frozen=True, repr=False)
class PairwiseJudge(Judge):
    """The share of comparisons that a completion wins against others of its group; in [0, 1].

    Every pair is asked for in both orders and the two verdicts are averaged: a judge that prefers a place
    says "first" twice, and that is a tie.  A win is 1, a tie 0.5.  Equal completions tie unasked.

    Args:
        opponents: how many following members of its group (in a circle) each completion is compared with; 0 for
            all.  A group of G costs G (G - 1) requests with 0, and at most 2 G k with k.

    See ``Judge`` for the other arguments.  Reads ``completion``, ``group`` and the slots of the template.
    Shape (N,).  NaN where no comparison has a verdict (in both orders), in a group of one, and where a text is
    None.

    Source: Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena" (order swapped).
    Differs from the paper: two verdicts that disagree are averaged, so a win and a tie give 0.75, not 0.5.

    Example:
        >>> judge = PairwiseJudge("qwen3", rubric="Which is clearer?", base_url="http://localhost:8000/v1")
        >>> sorted(judge.fields), judge.scope.name
        (['completion', 'group', 'prompt'], 'GROUP')
    """

    opponents: int = 0
    name: str = "pairwise"
    written: ClassVar[str] = "PairwiseJudge"

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        if self.opponents < 0:
            raise BadInput("PairwiseJudge opponents", self.opponents, "0 (all) or more")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"completion", "group", *self.texts_of(self.template or PAIR_TEMPLATE, _OWN)})

    @property
    def scope(self) -> Scope:
        return Scope.GROUP

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        names = sorted(self.fields - {"group"})
        columns = {name: text_list(name, read_field(batch, name, self.name)) for name in names}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        index = np.asarray(Groups.from_batch(batch, self.name).index)
        if index.shape != (len(rows),):
            raise BadInput("group", f"shape {index.shape}", f"({len(rows)},), one id for each completion")
        pairs = list(self.pairs(rows, index))
        asked = [(i, j) for i, j in pairs if rows[i]["completion"] != rows[j]["completion"]]
        replies = self.ask([request for i, j in asked for request in self.both(rows[i], rows[j])])
        won = {pair: _average(replies[2 * k], replies[2 * k + 1]) for k, pair in enumerate(asked)}
        wins: list[list[float]] = [[] for _ in rows]
        for i, j in pairs:
            verdict = won.get((i, j), 0.5)
            if verdict is not None:
                wins[i].append(verdict)
                wins[j].append(1.0 - verdict)
        values = np.array([np.mean(each) if each else np.nan for each in wins], dtype=np.float64)
        first = next((r.text for r in replies if r is not None and read_winner(r.text) is None), "no reply")
        self.report(sum(verdict is None for verdict in won.values()), len(asked), first)
        return Shares(values, {self.label: values}), state

    def pairs(self, rows: list[dict[str, Any]], index: Any) -> Iterator[tuple[int, int]]:
        """Which samples are compared: each pair once, smaller number first."""
        seen: set[tuple[int, int]] = set()
        for group in np.unique(index):
            members = [int(i) for i in np.flatnonzero(index == group) if None not in rows[i].values()]
            reach = min(self.opponents or len(members), len(members) - 1)
            for place, i in enumerate(members):
                for step in range(1, reach + 1):
                    j = members[(place + step) % len(members)]
                    seen.add((min(i, j), max(i, j)))
        yield from sorted(seen)

    def both(self, one: dict[str, Any], other: dict[str, Any]) -> tuple[Request, Request]:
        """The two requests about a pair: one first, other first."""
        shared = {name: text for name, text in one.items() if name != "completion"}

        def ask(first: str, second: str) -> Request:
            fenced = {**shared, "first": first, "second": second}
            user = render(self.template or PAIR_TEMPLATE, {"rubric": self.rubric}, fenced)
            return self.request(self.system or PAIR_SYSTEM, user)

        return ask(one["completion"], other["completion"]), ask(other["completion"], one["completion"])


def _average(as_first: Reply | None, as_second: Reply | None) -> float | None:
    """How far the first of a pair won, over both orders; None where either order has no verdict."""
    if as_first is None or as_second is None:
        return None
    straight, swapped = read_winner(as_first.text), read_winner(as_second.text)
    return None if straight is None or swapped is None else (straight + 1.0 - swapped) / 2.0
