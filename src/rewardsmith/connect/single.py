"""What frameworks have in common that ask for one completion at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..core.algebra import Reward, Scope
from ..core.errors import BadInput, CompositionError, RewardsmithError
from .parts import keeps_state
from .scoring import OnError, Scorer, number_or
from .texts import text_batch

NoVerdictPolicy = Literal["raise"] | float
VERDICT = "verdict"


class NoVerdict(RewardsmithError, ArithmeticError):
    """The reward had no verdict (NaN), in a framework that needs a number, and was told to raise."""


@dataclass(frozen=True)
class Verdict:
    """What one completion got; None is 'no verdict'."""

    total: float | None
    parts: dict[str, float | None]
    errors: list[str]


@dataclass(frozen=True)
class Single:
    """A reward for single completions.

    Args:
        scorer: the reward and its policy.
        columns: ``{field: column}`` where a field has another name in the framework's data.
        no_verdict: for frameworks that know numbers only: ``"raise"``, or the number that stands for
            'no verdict'.

    Raises:
        ScopeError: the reward compares completions, and here is only one.
        CompositionError: it keeps a state, which one completion at a time in many processes cannot share.
    """

    scorer: Scorer
    columns: tuple[tuple[str, str], ...] = ()
    no_verdict: NoVerdictPolicy = "raise"

    def __post_init__(self) -> None:
        number_or(("raise",), "no_verdict", self.no_verdict)

    @classmethod
    def wire(
        cls,
        reward: Reward,
        where: str,
        *,
        columns: Mapping[str, str] | None = None,
        on_error: OnError = "abstain",
        timeout: float | None = None,
        no_verdict: NoVerdictPolicy = "raise",
    ) -> Single:
        """Check that the reward can work there."""
        scorer = Scorer(reward, on_error, timeout)
        scorer.require(f"{where}, which scores one completion at a time,", Scope.EPISODE)
        if keeps_state(reward):
            why = f"{where} scores one completion at a time, in several processes"
            raise CompositionError(f"{reward} keeps a state from batch to batch, but {why}")
        if columns is not None and not isinstance(columns, Mapping):
            raise BadInput("columns", repr(columns), "{field: column}")
        return cls(scorer, tuple((columns or {}).items()), no_verdict)

    def score(
        self, completion: Any, prompt: Any = None, columns: Mapping[str, Any] | None = None, length: Any = None
    ) -> Verdict:
        """Score one completion; see ``text_batch``."""
        given = dict(columns or {})
        given |= {field: given[column] for field, column in self.columns if column in given}
        batch = text_batch(
            [completion],
            None if prompt is None else [prompt],
            {name: [value] for name, value in given.items()},
            lengths=None if length is None else [length],
        )
        scores = self.scorer.score(batch)
        parts = {name: values[0] for name, values in scores.terms.items()}
        return Verdict(scores.total[0], parts, scores.errors)

    def numbers(self, verdict: Verdict) -> tuple[float, dict[str, float]]:
        """Total and parts where only numbers are understood.

        The parts have the same keys for every completion.  Without a verdict total and parts are the agreed
        number, and the part ``verdict`` is 0 instead of 1, so that it can be told from a real score.

        Raises:
            NoVerdict: the policy says so.
        """
        total = self.number(verdict.total, verdict.errors)
        instead = 0.0 if isinstance(self.no_verdict, str) else float(self.no_verdict)
        parts = {name: instead if value is None else value for name, value in verdict.parts.items()}
        decided = verdict.total is not None and not verdict.errors
        return total, parts | {VERDICT: float(decided)}

    def number(self, total: float | None, errors: list[str]) -> float:
        """A total where only numbers are understood; raises as ``numbers`` does."""
        if total is not None:
            return total
        if isinstance(self.no_verdict, str):
            why = f" ({errors[0]})" if errors else ""
            allowed = "a number, or no_verdict=NUMBER"
            raise NoVerdict(f"{self.scorer.reward} has no verdict (NaN){why}; allowed: {allowed}")
        return float(self.no_verdict)
