"""Choosing the winner: finalists, the same without idle parts, and what counts as a tie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..core.errors import StoreError
from ..program import Program
from .candidate import Candidate, identity, when
from .race import Standing

NOISE = 0.1  # of mean success over a few seeds
STEADY = 0.9  # of the best mean success during training
IDLE = 0.02  # share of all that was paid in training


def pruned(finalists: Sequence[Candidate], standings: Mapping[str, Standing]) -> list[Candidate]:
    """Finalists without the parts that paid next to nothing: simpler, if they do as well.

    They are candidates of their own (``<id>p``) and must prove themselves on the selection seeds.
    """
    known = {identity(each.program, each.observation) for each in finalists}
    found: list[Candidate] = []
    for each in finalists:
        if not isinstance(each.program, Program):
            continue  # sandboxed Python is not taken apart
        terms = standings[each.id].terms
        kept = tuple((n, expr) for n, expr in each.program.parts if n not in terms or terms[n].share > IDLE)
        if not kept or len(kept) == len(each.program.parts):
            continue
        program = Program.of(kept, each.program.bindings, each.program.table)
        new = identity(program, each.observation)
        if program.fields and new not in known:
            known.add(new)
            found.append(replace(each, id=f"{each.id}p", program=program, operator="prune", parents=(each.id,)))
    return found


def published(kind: str, ranked: Sequence[Standing]) -> Standing:
    """The winner by the rules of papers, on the seeds of the search.

    ``argmax`` of mean success (the earliest of equals), or the ``last`` that was proposed.
    """
    if kind == "last":
        return max(ranked, key=lambda standing: when(standing.id))
    return max(ranked, key=lambda standing: (standing.mean, [-part for part in when(standing.id)]))


def choose(standings: Sequence[Standing], candidates: Mapping[str, Candidate]) -> Candidate:
    """The winner among finalists that were all trained on the same seeds.

    A few seeds cannot tell small differences of success apart.  Among those tied with the best, the ones
    that succeed most often during training need the least luck; among these, the smallest program wins.

    Raises:
        StoreError: none of them has a verdict.
    """
    top = max((standing.mean for standing in standings if not math.isnan(standing.mean)), default=None)
    if top is None:
        names = ", ".join(standing.id for standing in standings)
        raise StoreError(f"no finalist has a verdict: the rewards of {names} were infinite in training")
    tied = [standing for standing in standings if standing.mean >= top - NOISE]
    steadiest = max(standing.signal for standing in tied)
    steady = [standing for standing in tied if standing.signal >= STEADY * steadiest]
    best = min(steady, key=lambda standing: (candidates[standing.id].program.size, -standing.signal))
    return candidates[best.id]
