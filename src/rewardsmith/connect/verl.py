"""A reward in verl: a file with ``compute_score``, named by ``reward.custom_reward_function.path``.

    from rewardsmith.connect import verl
    compute_score = verl.compute_score(reward, no_verdict=0.0)

``rewardsmith export --for verl`` writes such a file.  Nothing of verl is imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.algebra import Reward
from .scoring import OnError
from .single import NoVerdictPolicy, Single

SCORE = "score"


@dataclass(frozen=True)
class ComputeScore:
    """What ``compute_score`` returns: a callable with verl's signature; ``awaited`` is the async one."""

    single: Single

    def __call__(
        self,
        data_source: Any,
        solution_str: str,
        ground_truth: Any = None,
        extra_info: Any = None,
        **kwargs: Any,
    ) -> dict[str, float]:
        """``{"score": total, part: share, ..., "verdict": 1.0}``, with the same keys for every sample."""
        del kwargs  # addresses of verl's own reward models
        info = dict(extra_info) if isinstance(extra_info, Mapping) else {}
        prompt = info.pop("prompt", None)
        columns = {**info, "data_source": data_source, "reference": ground_truth}
        length = columns.pop("length", None)
        total, parts = self.single.numbers(self.single.score(solution_str, prompt, columns, length))
        return {**parts, SCORE: total}

    async def awaited(
        self,
        data_source: Any,
        solution_str: str,
        ground_truth: Any = None,
        extra_info: Any = None,
        **kwargs: Any,
    ) -> dict[str, float]:
        """The same in a thread: ``compute_score = verl.compute_score(...).awaited``."""
        return await asyncio.to_thread(self, data_source, solution_str, ground_truth, extra_info, **kwargs)


def compute_score(
    reward: Reward,
    *,
    no_verdict: NoVerdictPolicy,
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "abstain",
    timeout: float | None = None,
) -> ComputeScore:
    """A reward function for verl's reward managers (``naive``, ``dapo``, ``gdpo``, ``rate_limited``).

    The reward reads ``completion``, ``reference`` (verl's ``ground_truth``), ``data_source`` and every entry
    of ``extra_info``; ``prompt`` and ``length`` only where ``extra_info`` has them, as verl passes neither.

    Args:
        reward: any reward over single completions.
        no_verdict: verl knows numbers only, so this must be said: ``"raise"`` ends the training, a number
            stands for a missing verdict (the key ``verdict`` is 0 then).
        columns: ``{field: key of extra_info}`` where they differ.
        on_error, timeout: see ``Scorer``; ``"abstain"`` leads to ``no_verdict``.

    Raises:
        ScopeError, CompositionError: the reward compares completions, or keeps a state.

    Example:
        >>> import rewardsmith as rs
        >>> @rs.term
        ... def exact(completion, reference):
        ...     return [float(a == b) for a, b in zip(completion, reference)]
        >>> compute_score(exact, no_verdict=0.0)("gsm8k", "4", "4", {})
        {'exact': 1.0, 'verdict': 1.0, 'score': 1.0}
    """
    wired = Single.wire(
        reward, "verl", columns=columns, on_error=on_error, timeout=timeout, no_verdict=no_verdict
    )
    return ComputeScore(wired)
