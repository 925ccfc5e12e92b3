"""A reward in TRL: ``GRPOTrainer(reward_funcs=trl.reward(reward), ...)``, also RLOO; pairs for DPO and Reward.

Nothing of TRL is imported here: it takes any callable, and pickles it for its worker processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from ..core.algebra import Reward, Scope
from ..core.errors import BadInput
from ..core.term import Term
from .pairs import pairs as pairs
from .scoring import OnError, Scorer
from .texts import REFERENCES
from .trl_functions import AsyncRewardFunction, PartFunction, RewardFunction, SharedScores, Wiring

__all__ = ["components", "pairs", "reward"]

_ALWAYS = (
    *("prompt", "prompt_messages", "completion", "completion_messages", "group", "length"),
    *("terminated", "first", "step", "progress"),
)


def reward(
    reward: Reward,
    columns: Mapping[str, str] | Iterable[str] | None = None,
    *,
    on_error: OnError = "abstain",
    timeout: float | None = None,
    name: str | None = None,
    group_size: int | None = None,
    asynchronous: bool = False,
) -> RewardFunction:
    """A reward function for ``GRPOTrainer`` and ``RLOOTrainer``, in TRL 1.16 or later, below 2.

    The reward reads the fields of ``text_batch``: ``prompt``, ``completion``, ``reference``, ``group``,
    ``length`` (tokens) and every column of the data set, and the numbers ``step`` and ``progress``
    (0..1) of the training.  The mean of each part is logged as ``<name>/<part>``, the share of completions
    without verdict as ``<name>/no_verdict``.

    Args:
        reward: any reward over texts.
        columns: ``dataset.column_names``, so that a missing field is an error here and not in the middle of
            training; or ``{field: column}`` where a field has another name in the data set.
        on_error, timeout: see ``Scorer``.
        name: what TRL calls it in its logs; it must differ from that of other rewards of the trainer.
        group_size: ``num_generations``.  Without it a group is a run of equal prompts, which is the same
            unless one prompt is drawn twice in a row.
        asynchronous: a function that TRL awaits, together with others; the reward runs in a thread.

    Raises:
        MissingField: the reward reads a field that is not among ``columns``.

    Example:
        >>> import rewardsmith as rs
        >>> @rs.term
        ... def exact(completion, reference):
        ...     return [float(a == b) for a, b in zip(completion, reference)]
        >>> function = reward(exact, ["prompt", "answer"], name="exact")
        >>> function(prompts=["1+1"] * 2, completions=["2", "3"], answer=["2", "2"])
        [1.0, 0.0]
    """
    wiring = _wiring(reward, columns, on_error, timeout, group_size)
    kind = AsyncRewardFunction if asynchronous else RewardFunction
    return kind(wiring, name or _name(reward))


def components(
    reward: Reward,
    columns: Mapping[str, str] | Iterable[str] | None = None,
    *,
    on_error: OnError = "abstain",
    timeout: float | None = None,
    group_size: int | None = None,
) -> list[PartFunction]:
    """One reward function for each part of a reward; arguments as in ``reward``.

    For ``GRPOConfig(multi_objective_aggregation="normalize_then_sum")`` (GDPO), which must see the parts.
    They sum to the reward, so ``reward_weights`` stay 1.
    """
    if isinstance(on_error, (int, float)):
        raise BadInput("on_error of components", on_error, "'raise' or 'abstain'", "a constant has no parts")
    shared = SharedScores(_wiring(reward, columns, on_error, timeout, group_size))
    return [PartFunction(shared, part) for part in shared.wiring.scorer.parts]


def _wiring(
    reward: Reward,
    columns: Mapping[str, str] | Iterable[str] | None,
    on_error: OnError,
    timeout: float | None,
    group_size: int | None,
) -> Wiring:
    scorer = Scorer(reward, on_error, timeout)
    if group_size is not None and group_size < 1:
        raise BadInput("group_size", group_size, "at least 1")
    if isinstance(columns, Mapping):
        return Wiring(scorer, tuple(columns.items()), group_size)
    if isinstance(columns, str):
        raise BadInput("columns", repr(columns), "names of columns, or {field: column}")
    fields = None
    if columns is not None:
        names = set(columns)
        fields = {*_ALWAYS, *names, *(["reference"] if names & set(REFERENCES) else [])}
    scorer.require("TRL", Scope.GROUP, fields)
    return Wiring(scorer, (), group_size)


def _name(reward: Reward) -> str:
    """A term's own name; else one that different rewards do not share, because TRL merges equal names."""
    if isinstance(reward, Term) and not reward.settings and not reward.options:
        return reward.label
    return f"reward_{hashlib.sha256(str(reward).encode()).hexdigest()[:6]}"
