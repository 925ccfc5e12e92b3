"""The winner of a search, by the rule of its method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import StoreError
from .candidate import Candidate
from .race import Standing
from .select import choose, pruned, published

if TYPE_CHECKING:
    from .loop import Search


class NoWinner(StoreError):
    """The search came to its end, and nothing of it could be trained; to continue it changes nothing."""


def select_winner(search: Search) -> Candidate:
    """The winner; ``search.selection`` says what it was chosen on.

    Raises:
        NoWinner: no candidate could be trained.
    """
    ranked = [s for s in search.ranked() if s.finished] or search.ranked()
    if not ranked:
        raise NoWinner(f"run {search.run.id} has no winner: {_why_none(search)}")
    selection = search.config.resolved.selection
    if selection.kind != "honest":
        best = ranked[0] if selection.judge == "people" else published(selection.kind, ranked)
        search.selection = {best.id: best}
        return search.candidates[best.id]
    return _honestly(search, ranked)


def _why_none(search: Search) -> str:
    """What happened to all candidates, and what to do about it."""
    refused = ", ".join(f"{code} {count}" for code, count in sorted(search.refused.items()))
    if search.standings:
        told = f"success of all {len(search.standings)} rewards that were trained was NaN, no verdict"
        return f"{told}; look at the task's success, and at whether its rewards stay finite"
    if set(search.refused) == {"E_REPLY"}:
        asked = sum(search.refused.values())
        model = "the model" if search.config.llm is None else search.config.llm.model
        return f"no answer of {model} held a program ({asked} asked for); read --dry-run, try another --model"
    if not search.refused and search.config.llm is not None:
        return f"the budget of {search.config.llm.model} ({search.config.spend}) paid for no answer; raise it"
    return (
        f"every reward was refused ({refused or 'none was proposed'}); the report shows why: rewardsmith report"
    )


def _honestly(search: Search, ranked: Sequence[Standing]) -> Candidate:
    """Train the best again on selection seeds, which nothing was chosen on before."""
    number = search.config.rounds
    finalists = search.config.resolved.selection.finalists
    best = [search.candidates[s.id] for s in ranked[:finalists]]
    simpler = pruned(best, search.standings)
    search.candidates |= {each.id: each for each in simpler}
    rows = [{**each.record(), "screened": None} for each in simpler]
    search.run.record("proposed", "selection/proposed", {"round": number, "candidates": rows})
    result = search.race("selection/trained", [*best, *simpler], "selection", 1.0, 0, number)
    search.selection = {standing.id: standing for standing in result.standings}
    known = [standing for standing in result.standings if not np.isnan(standing.mean)]
    return choose(known or result.standings, search.candidates)
