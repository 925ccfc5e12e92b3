"""The catalogue of witnesses, and the table of all pairs of formalisms that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from . import witnesses as w
from .feasible import Floats
from .formalisms import CONTAINS, FORMALISMS
from .witnesses import Evidence, Witness


def _fork(policy: Floats) -> float:
    """Probability of the first end of ``detour``."""
    return w.detour().reaches(policy, np.arange(5) == 3)


def _left(policy: Floats) -> float:
    return w.leave().reaches(policy, np.arange(2) == 1)


def _long_left(policy: Floats) -> float:
    return float(w.leave().long_run(policy).reshape(2, 2)[1].sum())


def _share(policy: Floats) -> float:
    """Long-run share of the second state of ``there_and_back``."""
    return float(w.there_and_back().long_run(policy).reshape(2, 2)[1].sum())


def _paid(policy: Floats) -> float:
    """Three arms that pay 0, 0.3 and 1, once or for ever."""
    return float(policy[0] @ np.array([0.0, 0.3, 1.0]))


def _third(x: float, y: float) -> Floats:
    """A point of the unit square as a choice among three arms."""
    first = np.array([x * (1 - y), x * y, 1 - x])
    return np.vstack([first, np.full((3, 3), 1 / 3)])


def _choices(*chances: float) -> Floats:
    return np.vstack([np.array(chances), np.full((len(chances), len(chances)), 1 / len(chances))])


_PURE_AND_MIXED = (_choices(1.0, 0.0), _choices(0.5, 0.5), _choices(0.0, 1.0))
_FORKS = tuple(w.mixed(a, 0.0, b, 0.0, 0.0) for a in (0.0, 1.0) for b in (0.0, 1.0))
_XOR = tuple(w.mixed(a, b, 0.0) for a in (0.0, 1.0) for b in (0.0, 1.0))
_THREE = (_choices(1.0, 0.0, 0.0), _choices(0.0, 1.0, 0.0), _choices(0.0, 0.0, 1.0))
_ENDS = (_choices(1.0, 0.0), _choices(0.0, 1.0))


def _first(policy: Floats) -> float:
    """Probability of action 1 at the start."""
    return float(policy[0, 1])


def _same_end() -> w.World:
    """Two actions with one end: what comes after is the same."""
    transition = np.zeros((2, 2, 2))
    transition[:, :, 1] = 1.0
    return w.World(transition, np.eye(2)[0], steps=1)


_xor = partial(w.program, world=w.two_choices(), policies=_XOR, value=w.exclusive)
_mix = partial(w.program, world=w.arms(2), policies=_PURE_AND_MIXED, value=w.entropy)
_ways = partial(w.program, world=w.detour(), policies=_FORKS, value=_fork)
_never = partial(w.program, world=_same_end(), policies=(w.mixed(0.0, 0.0), w.mixed(1.0, 0.0)), value=_first)
_pay = partial(w.tables, w.arms(3), _THREE, _paid)
_plane = partial(w.level, w.two_choices(), lambda x, y: w.mixed(x, y, 0.0), w.exclusive)

WITNESSES: tuple[Witness, ...] = (
    Witness("MR", "RM", "program", "exactly one of two choices", partial(_xor, "MR")),
    Witness("RRL", "RM", "program", "exactly one of two choices", partial(_xor, "RRL")),
    Witness("RRL", "LTL", "program", "exactly one of two choices", partial(_xor, "RRL")),
    Witness("RRL", "ONMR", "program", "near 1 is the number of second actions", partial(_xor, "RRL")),
    Witness("FTR", "ONMR", "program", "near 1/2 is the chance of an action", partial(_mix, "FTR")),
    Witness("FTR", "RRL", "program", "entropy of one choice", partial(_mix, "FTR")),
    Witness("MR", "LTL", "program", "eventually the first end, by any way", partial(_ways, "MR")),
    Witness("MR", "LAR", "program", "long-run share of the first end", partial(_ways, "MR")),
    Witness("RRL", "LAR", "program", "long-run share of the first end", partial(_ways, "RRL")),
    Witness("LAR", "MR", "program", "the first action", partial(_never, "LAR")),
    Witness("LAR", "LTL", "program", "the first action", partial(_never, "LAR")),
    Witness(
        "LTL", "MR", "tables", "three arms that pay 0, 0.3 and 1", partial(w.tables, w.arms(3), _THREE, _paid)
    ),
    Witness(
        "LTL", "LAR", "tables", "three ends that pay 0, 0.3 and 1", partial(w.tables, w.arms(3), _THREE, _paid)
    ),
    Witness("RM", "LTL", "limit", "eventually leave", partial(w.limit, _left)),
    Witness("RM", "LAR", "limit", "long-run share of having left", partial(w.limit, _long_left)),
    Witness("ONMR", "RM", "level", "exactly one of two choices", _plane),
    Witness("ONMR", "LTL", "level", "exactly one of two choices", _plane),
    Witness(
        "ONMR",
        "LAR",
        "level",
        "long-run share of a state",
        partial(w.level, w.there_and_back(), lambda x, y: w.mixed(x, y), _share),
    ),
    Witness("ONMR", "RRL", "level", "entropy of three arms", partial(w.level, w.arms(3), _third, w.entropy)),
    Witness("TLO", "FPR", "pair", "an action in a state that is never visited", w.pair),
    Witness("FOMR", "OMO", "argued", "one expected return first, then another", w.debreu),
    Witness("FPR", "OMO", "argued", "one expected return first, then another", w.debreu),
)
Relation = Literal["contains", "cannot", "open"]


@dataclass(frozen=True)
class Entry:
    """Whether ``row`` can state every objective of ``column``, and why."""

    row: str
    column: str
    relation: Relation
    why: str


@lru_cache
def contained() -> frozenset[tuple[str, str]]:
    """All (smaller, larger): the transitive closure of ``CONTAINS``, each in itself."""
    known = {(name, name) for name in FORMALISMS} | {(a, b) for a, b, _ in CONTAINS}
    while True:
        more = {(a, d) for a, b in known for c, d in known if b == c} - known
        if not more:
            return frozenset(known)
        known |= more


def relation_table(witnesses: Iterable[Witness] = WITNESSES) -> tuple[Entry, ...]:
    """All 17 x 17 pairs.

    If A cannot state an objective of B, nothing that A contains can, and everything that contains B has such an
    objective.
    """
    inside, given = contained(), tuple(witnesses)
    rows: list[Entry] = []
    for row in FORMALISMS:
        for column in FORMALISMS:
            if (column, row) in inside:
                rows.append(Entry(row, column, "contains", "inclusions"))
                continue
            found = [x for x in given if (row, x.without) in inside and (x.within, column) in inside]
            why = f"{found[0].objective} ({found[0].kind})" if found else ""
            rows.append(Entry(row, column, "cannot" if found else "open", why))
    return tuple(rows)


def prove(witness: Witness) -> Evidence:
    """Compute the evidence of one witness."""
    return witness.evidence()
