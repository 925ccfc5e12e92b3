"""History: what earlier rounds chose, round by round, for a writer that is told (ICPL)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .candidate import Candidate, View
from .method import Writing
from .propose.ask import Ask, Draft

LONGEST = 8  # choices that are told: the newest, the oldest of them first


def choices(candidates: Iterable[Candidate], number: int) -> list[str]:
    """Ids of what the rounds before ``number`` were made from, the oldest first and none of them twice.

    A round is made from the choice of the round before: the first parent of the first of its candidates that
    has one.  What round ``number`` itself is made from is not among them.

    Example:
        >>> made = [Candidate("r0c0", None, "fresh"), Candidate("r1c0", None, "improve", ("r0c0",))]
        >>> made += [Candidate("r2c0", None, "improve", ("r1c0", "r1c1"))]
        >>> choices(made, 3), choices(made, 2), choices(made, 1)
        (['r0c0', 'r1c0'], ['r0c0'], [])
    """
    firsts: dict[int, str] = {}
    for each in candidates:
        if each.parents and each.round < number:
            firsts.setdefault(each.round, each.parents[0])
    return list(dict.fromkeys(firsts[round] for round in sorted(firsts)))


def with_history(
    asks: Sequence[Ask], view: View, candidates: Mapping[str, Candidate], writing: Writing
) -> list[Ask]:
    """The asks of a round with what earlier rounds chose, where the method wants ``history``.

    At most ``LONGEST`` of them are told, the newest; what an ask shows as a parent is not told again.  It is a
    function of what the journal holds, so a search that was stopped tells the same.

    Source: Yu et al., "ICPL", arXiv:2410.17233 (traces of all earlier good rewards, and how each differs from
    the one before).
    Differs from the paper: a limit, which its five rounds do not reach.
    """
    if "history" not in writing.feedback:
        return list(asks)
    seen = {parent.candidate.id: parent for parent in view.ranked}
    known = [seen[name] for name in choices(candidates.values(), view.round) if name in seen]
    told: list[Ask] = []
    for ask in asks:
        earlier = tuple(each for each in known if each.candidate.id not in ask.names)[-LONGEST:]
        told.append(ask if ask.numbers or not ask.parents else replace(ask, earlier=earlier))
    return told


def history_record(drafts: Iterable[Draft]) -> dict[str, Any]:
    """What the journal says of it: the ids that a round was told of; nothing where it was told of none."""
    told = [each.candidate.id for draft in drafts for each in draft.ask.earlier]
    return {"history": list(dict.fromkeys(told))} if told else {}
