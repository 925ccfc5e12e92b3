"""Preference pairs from scored completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import BadInput
from .texts import run_ids


def pairs(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    scores: Sequence[float | None],
    *,
    margin: float = 0.0,
    group_size: int | None = None,
    with_margin: bool = False,
) -> list[dict[str, Any]]:
    """Rows ``{prompt, chosen, rejected}``, the best and the worst of each group, for DPO and reward models.

    Args:
        prompts, completions: texts or conversations; completions of one prompt stand together.
        scores: one number per completion; None is left out.
        margin: groups whose best is not more than this above their worst are left out, so ties are, too.
        group_size: completions per prompt, where one prompt may stand twice in a row.
        with_margin: add the difference as the column ``margin``, which ``RewardTrainer`` reads.

    Example:
        >>> pairs(["p"] * 3 + ["q"] * 2, ["a", "b", "c", "d", "e"], [0.0, None, 1.0, 2.0, 2.0])
        [{'prompt': 'p', 'chosen': 'c', 'rejected': 'a'}]
    """
    if not len(prompts) == len(completions) == len(scores):
        received = f"{len(prompts)} prompts, {len(completions)} completions, {len(scores)} scores"
        raise BadInput("pairs", received, "as many of each")
    if not margin >= 0:
        raise BadInput("margin of pairs", margin, "at least 0")
    groups: dict[int, list[tuple[float, int]]] = {}
    for i, (group, score) in enumerate(zip(run_ids(prompts, group_size).tolist(), scores, strict=True)):
        if score is not None and score == score:
            groups.setdefault(group, []).append((score, i))
    rows: list[dict[str, Any]] = []
    for members in groups.values():
        (high, best), (low, worst) = max(members, key=_score), min(members, key=_score)
        if high - low > margin:
            row = {"prompt": prompts[best], "chosen": completions[best], "rejected": completions[worst]}
            rows.append(row | ({"margin": high - low} if with_margin else {}))
    return rows


def _score(member: tuple[float, int]) -> float:
    return member[0]
