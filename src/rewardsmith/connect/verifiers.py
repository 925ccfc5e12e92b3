"""A reward in verifiers: a function ``(task, trace)`` named in a task's config, or called in ``@vf.reward``.

    from rewardsmith.connect import verifiers
    solved = verifiers.reward(reward)          # rewards.solved.fn = "path/to/file.py:solved"

``rewardsmith export --for verifiers`` writes such a file.  Nothing of verifiers is imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.algebra import Reward, Scope
from .scoring import OnError, Scorer
from .single import NoVerdictPolicy, Single
from .texts import text_batch

_OBJECTS = ("state", "task", "parser")  # what the old rubrics pass besides the columns of the data set


class TraceReward:
    """What ``reward`` returns: an async callable that verifiers 0.4 calls with the arguments it names."""

    def __init__(self, single: Single, name: str, by_part: bool) -> None:
        self.single, self.by_part = single, by_part
        self.__name__ = self.__qualname__ = name

    async def __call__(self, task: Any, trace: Any) -> float | dict[str, float]:
        """The reward of a trace, or one number for each part."""
        data = _columns(task)
        prompt = data.pop("prompt", None)
        tokens = getattr(trace, "num_output_tokens", None)
        verdict = await asyncio.to_thread(self.single.score, trace.last_reply, prompt, data, tokens or None)
        total, parts = self.single.numbers(verdict)
        return {name: parts[name] for name in verdict.parts} if self.by_part else total


class RolloutReward:
    """What ``legacy`` returns: called with the arguments it names, in verifiers up to 0.3."""

    def __init__(self, single: Single, name: str) -> None:
        self.single, self.__name__ = single, name

    def __call__(
        self, prompt: Any, completion: Any, answer: Any = "", info: Any = None, **kwargs: Any
    ) -> float:
        """The reward of one rollout."""
        given = {name: value for name, value in kwargs.items() if name not in _OBJECTS}
        columns = given | (dict(info) if isinstance(info, Mapping) else {}) | {"reference": answer}
        return self.single.numbers(self.single.score(completion, prompt, columns))[0]


class GroupReward:
    """What ``legacy`` returns for a reward that compares the rollouts of one prompt."""

    def __init__(self, single: Single, name: str) -> None:
        self.single, self.__name__ = single, name

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Any], answers: Sequence[Any], **kwargs: Any
    ) -> list[float]:
        """The rewards of all rollouts of one prompt."""
        del kwargs
        columns = {"reference": list(answers), "group": [0] * len(completions)}
        scores = self.single.scorer.score(text_batch(list(completions), list(prompts), columns))
        return [self.single.number(total, scores.errors) for total in scores.total]


def reward(
    reward: Reward,
    *,
    name: str = "reward",
    by_part: bool = False,
    no_verdict: NoVerdictPolicy = "raise",
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "abstain",
    timeout: float | None = None,
) -> TraceReward:
    """A reward function for verifiers 0.4 and later.

    The reward reads ``completion`` (the last reply), ``prompt``, every field of the task's data, ``reference``
    (its field ``reference``, ``answer`` ...) and ``length`` (output tokens, where the trace knows them).

    Args:
        reward: any reward over single completions.
        name: what verifiers calls it, unless its config does.
        by_part: give every part as a reward of its own; verifiers adds them up, and logs them.
        no_verdict: ``"raise"`` makes it an error of the rollout, which verifiers leaves out of training;
            a number is counted like a score.
        columns: ``{field: field of the task's data}`` where they differ.
        on_error, timeout: see ``Scorer``.

    Raises:
        ScopeError, CompositionError: the reward compares completions, or keeps a state.
    """
    wired = Single.wire(
        reward, "verifiers", columns=columns, on_error=on_error, timeout=timeout, no_verdict=no_verdict
    )
    return TraceReward(wired, name, by_part)


def legacy(
    reward: Reward,
    *,
    name: str = "reward",
    no_verdict: NoVerdictPolicy,
    on_error: OnError = "abstain",
    timeout: float | None = None,
) -> RolloutReward | GroupReward:
    """A function for ``Rubric(funcs=[...])`` of verifiers up to 0.3.

    A reward that compares completions becomes a group function, which verifiers tells by its plural names.
    An exception is logged and counts 0 there, so ``no_verdict`` must be said.
    """
    if reward.scope == Scope.GROUP:
        scorer = Scorer(reward, on_error, timeout)
        return GroupReward(Single(scorer, (), no_verdict), name)
    wired = Single.wire(reward, "verifiers", on_error=on_error, timeout=timeout, no_verdict=no_verdict)
    return RolloutReward(wired, name)


def _columns(task: Any) -> dict[str, Any]:
    """The fields of a task's data (a pydantic model) with their values as they are."""
    names = getattr(type(task), "model_fields", None)
    data = {name: getattr(task, name) for name in names} if names else dict(vars(task))
    extra: Any = getattr(task, "model_extra", None)
    prompt = data.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        data["prompt"] = [_message(each) for each in prompt]
    return data | dict(extra or {})


def _message(message: Any) -> Any:
    return message if isinstance(message, Mapping) else message.model_dump()
