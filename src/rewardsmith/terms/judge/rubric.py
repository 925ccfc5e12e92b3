"""RubricJudge: one text, one score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Scope, Shares
from ...core.arrays import Batch
from ...core.endpoint import render
from ...core.errors import BadInput
from ...core.fields import read_field
from ..texts import text_list
from .judge import Judge
from .prompt import RUBRIC_SYSTEM, RUBRIC_TEMPLATE
from .verdict import read_score

_OWN = ("rubric", "low", "high")


@dataclass(frozen=True, repr=False)
class RubricJudge(Judge):
    """(score - low) / (high - low), where a language model scores each completion by a rubric; in [0, 1].

    Args:
        low, high: the range of scores that the model is asked for.

    See ``Judge`` for the other arguments.  Shape (N,).  NaN where a text is None, where the endpoint did not
    answer, refused or was cut off, and where the reply is not the JSON that was asked for or its score is out
    of range.

    Source: Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena" (single answer grading).
    Differs from the paper: the judged text is fenced, and the verdict is read from JSON instead of free text.

    Example:
        >>> judge = RubricJudge("qwen3", rubric="Is it polite?", base_url="http://localhost:8000/v1")
        >>> sorted(judge.fields), judge.scope.name
        (['completion', 'prompt'], 'STEP')
    """

    low: float = 1.0
    high: float = 5.0
    name: str = "rubric"
    written: ClassVar[str] = "RubricJudge"

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        if not self.low < self.high:
            raise BadInput("RubricJudge", f"low {self.low}, high {self.high}", "low < high")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.texts_of(self.template or RUBRIC_TEMPLATE, _OWN))

    @property
    def scope(self) -> Scope:
        return Scope.STEP

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        columns = {name: text_list(name, read_field(batch, name, self.name)) for name in sorted(self.fields)}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        whole = [number for number, row in enumerate(rows) if None not in row.values()]
        replies = self.ask([self.request(self.system or RUBRIC_SYSTEM, self.user(rows[n])) for n in whole])
        values = np.full(len(rows), np.nan)
        first = ""
        for number, reply in zip(whole, replies, strict=True):
            score = None if reply is None else read_score(reply.text, self.low, self.high)
            if score is not None:
                values[number] = (score - self.low) / (self.high - self.low)
            first = first or ("no reply" if reply is None else reply.text) if score is None else first
        self.report(len(whole) - int(np.sum(~np.isnan(values))), len(whole), first)
        return Shares(values, {self.label: values}), state

    def user(self, texts: Mapping[str, Any]) -> str:
        """The message to the model about one sample."""
        plain = {"rubric": self.rubric, "low": f"{self.low:g}", "high": f"{self.high:g}"}
        return render(self.template or RUBRIC_TEMPLATE, plain, texts)
