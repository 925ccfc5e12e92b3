"""A reward in OpenRLHF: a file with ``reward_func``, named by ``--reward.remote_url``.

    from rewardsmith.connect import openrlhf
    reward_func = openrlhf.reward_func(reward, no_verdict=0.0)

``rewardsmith export --for openrlhf`` writes such a file; ``rewardsmith serve`` answers over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.algebra import Reward
from .scoring import OnError
from .single import NoVerdictPolicy, Single

# How tokenizers write the end of a text, a turn, or padding: <|im_end|>, </s>, <eos>, <end_of_turn>, [PAD] ...
_SPECIAL = r"<\|[^|<>]*\|>|</?s>|<(?:pad|eos|bos|unk|end_of_turn|start_of_turn)>|\[(?:PAD|CLS|SEP|UNK)\]"
_AROUND = re.compile(rf"\A(?:{_SPECIAL})+|(?:{_SPECIAL})+\Z")


@dataclass(frozen=True)
class RewardFunc:
    """What ``reward_func`` returns: a callable with OpenRLHF's signature."""

    single: Single

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **kwargs: Any
    ) -> dict[str, Any]:
        """``{"rewards", "scores", "extra_logs"}`` as tensors, one entry per query."""
        import torch

        columns = {name: values for name, values in kwargs.items() if _per_query(values, len(queries))}
        rewards: list[float] = []
        logs: dict[str, list[float]] = {}
        for i, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True)):
            row = {"reference": label} | {name: values[i] for name, values in columns.items()}
            verdict = self.single.score(completion_of(query, prompt), prompt, row)
            total, parts = self.single.numbers(verdict)
            rewards.append(total)
            for name, value in parts.items():
                logs.setdefault(name, []).append(value)
        return {
            "rewards": torch.tensor(rewards),
            "scores": torch.tensor(rewards),
            "extra_logs": {name: torch.tensor(values) for name, values in logs.items()},
        }


def completion_of(query: str, prompt: str) -> str:
    """The completion in a decoded query: without the prompt, and without special tokens around it.

    Example:
        >>> completion_of("<s>What is 2+2? <b>4</b><|im_end|><|endoftext|>", "What is 2+2?")
        ' <b>4</b>'
    """
    start = query.find(prompt) if prompt else -1
    return _AROUND.sub("", query[start + len(prompt) :] if start >= 0 else query)


def reward_func(
    reward: Reward,
    *,
    no_verdict: NoVerdictPolicy,
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "abstain",
    timeout: float | None = None,
) -> RewardFunc:
    """A reward function for OpenRLHF, which calls it with one query at a time, in a thread.

    The reward reads ``prompt``, ``completion`` and ``reference`` (OpenRLHF's ``label``).  The parts are logged.

    Args:
        reward: any reward over single completions.
        no_verdict: OpenRLHF knows numbers only, so this must be said.  ``"raise"`` does not stop it: it writes
            the exception to its log at level INFO and goes on without a reward; so does ``on_error="raise"``.
        columns: ``{field: keyword}`` where they differ.
        on_error, timeout: see ``Scorer``.

    Raises:
        ScopeError, CompositionError: the reward compares completions, or keeps a state.
        BadInput: (when called) not as many prompts and labels as queries.
    """
    wired = Single.wire(
        reward, "OpenRLHF", columns=columns, on_error=on_error, timeout=timeout, no_verdict=no_verdict
    )
    return RewardFunc(wired)


def _per_query(values: Any, count: int) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str) and len(values) == count
