"""A reward in eval-protocol: the function under ``@reward_function``.

    from eval_protocol import reward_function
    from rewardsmith.connect import eval_protocol
    evaluate = reward_function(eval_protocol.pointwise(reward), id="my-reward")

Nothing of eval-protocol is imported: it builds its ``EvaluateResult`` from the dictionaries given here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.algebra import Reward, Scope
from ..core.errors import CompositionError
from .parts import keeps_state
from .scoring import OnError, Scorer
from .single import Single, Verdict
from .texts import text_batch


class Pointwise:
    """What ``pointwise`` returns."""

    def __init__(self, single: Single, name: str) -> None:
        self.single = single
        self.__name__ = self.__qualname__ = name

    def __call__(self, messages: Any, ground_truth: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The fields of an ``EvaluateResult`` for one rollout."""
        spoken = [_message(each) for each in messages]
        asked, answer = _split(spoken)
        return _result(self.single.score(answer, asked, kwargs | {"reference": ground_truth}))


class Batchwise:
    """What ``batch`` returns."""

    def __init__(self, scorer: Scorer, name: str) -> None:
        self.scorer = scorer
        self.__name__ = self.__qualname__ = name

    def __call__(self, rollouts_messages: Any, ground_truth: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        """The fields of an ``EvaluateResult`` for every rollout; equal prompts are a group."""
        split = [_split([_message(each) for each in rollout]) for rollout in rollouts_messages]
        count = len(split)
        truths = ground_truth if _is_column(ground_truth, count) else [ground_truth] * count
        columns = {name: values for name, values in kwargs.items() if _is_column(values, count)}
        prompts, answers = [asked for asked, _ in split], [answer for _, answer in split]
        scores = self.scorer.score(text_batch(answers, prompts, columns | {"reference": list(truths)}))
        return [
            _result(Verdict(total, {name: part[i] for name, part in scores.terms.items()}, scores.errors))
            for i, total in enumerate(scores.total)
        ]


def pointwise(
    reward: Reward,
    *,
    name: str = "reward",
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "abstain",
    timeout: float | None = None,
) -> Pointwise:
    """A function for ``reward_function(mode="pointwise")``: one rollout at a time.

    The reward reads ``completion`` (the last message of the assistant), ``prompt``, ``reference``
    (``ground_truth``) and every further keyword.  The parts become ``metrics``.  A missing verdict is
    ``is_score_valid=False`` (with the score 0 that the format demands).

    Raises:
        ScopeError, CompositionError: the reward compares completions (use ``batch``), or keeps a state.
    """
    return Pointwise(
        Single.wire(reward, "eval-protocol", columns=columns, on_error=on_error, timeout=timeout), name
    )


def batch(
    reward: Reward, *, name: str = "reward", on_error: OnError = "abstain", timeout: float | None = None
) -> Batchwise:
    """A function for ``reward_function(mode="batch")``: all rollouts at once, runs of a prompt as groups."""
    scorer = Scorer(reward, on_error, timeout)
    scorer.require("eval-protocol", Scope.GROUP)
    if keeps_state(reward):
        raise CompositionError(
            f"{reward} keeps a state from batch to batch, which eval-protocol does not pass on"
        )
    return Batchwise(scorer, name)


def _result(verdict: Verdict) -> dict[str, Any]:
    reason = verdict.errors[0] if verdict.errors else ("no verdict" if verdict.total is None else "scored")
    metrics = {
        name: {"score": value or 0.0, "is_score_valid": value is not None, "reason": f"share of {name}"}
        for name, value in verdict.parts.items()
    }
    result = {"score": verdict.total or 0.0, "is_score_valid": verdict.total is not None, "reason": reason}
    return result | {"metrics": metrics, "error": verdict.errors[0] if verdict.errors else None}


def _split(messages: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Question and answer: the answer begins after the last message of the user."""
    last = max((i for i, message in enumerate(messages) if message.get("role") == "user"), default=-1)
    return list(messages[: last + 1]), list(messages[last + 1 :])


def _message(message: Any) -> Any:
    return message if isinstance(message, Mapping) else message.model_dump()


def _is_column(values: Any, count: int) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str) and len(values) == count
