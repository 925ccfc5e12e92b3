r"""Constraints that no order keeps: how uncertain an objective must be, and what is left to say.

Stated preferences "x better than y" (strict, ``>``) and "x at least as good as y" (weak, ``>=``) have no
common total order when a cycle of them has a strict edge.  Two ways out keep all of them: an objective that
is a distribution over orders, whose confidence in some constraint is then at most t* < 1
(``forced_uncertainty``), or a partial order that leaves the contradictory outcomes incomparable
(``PartialOrder``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput, MissingExtra

Outcome = Hashable
Constraint = tuple[Any, str, Any]  # (x, ">" or ">=", y)
Order = tuple[tuple[Any, ...], ...]  # best first; outcomes of one tuple are equally good
Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_ENUMERATED = 7
MOST_STRICT, MOST_WEAK = 15, 10  # outcomes of one contradictory component, for the exact oracle


@dataclass(frozen=True)
class ForcedUncertainty:
    """What the constraints force on an objective that is uncertain.

    Args:
        confidence: t*, the largest t for which a distribution over orders keeps every constraint with
            probability t or more; 1 where one order keeps them all.
        orders: such a distribution: (probability, order).
        marginals: the probability with which it keeps each constraint.
        weights: the certificate: of this weight on the constraints (sum 1) *no* order keeps more than t*.
        cycle: a shortest cycle of constraints with a strict one; empty where there is none.
        solver: ``none needed``, ``enumeration`` of all orders, or ``column generation``.
    """

    confidence: float
    orders: tuple[tuple[float, Order], ...]
    marginals: tuple[float, ...]
    weights: tuple[float, ...]
    cycle: tuple[Constraint, ...]
    solver: str


def forced_uncertainty(constraints: Sequence[Constraint]) -> ForcedUncertainty:
    """The least uncertainty that constraints force, with a distribution that attains it and a certificate.

    ``max t`` such that ``P(order keeps e) >= t`` for every constraint e.  It is the least value of the strongly
    connected components that contain a strict edge, since what lies between components can always be kept.  A
    single directed cycle of n outcomes has t* = 1 - 1/n: every order breaks one of its edges.

    Args:
        constraints: ``(x, ">", y)`` or ``(x, ">=", y)``; outcomes are hashable.

    Raises:
        BadInput: x beats itself, an unknown relation, or a contradictory component of more than 15 outcomes
        (10 with
            weak constraints); MissingExtra: SciPy is not installed.

    Source: Eckersley, "Impossibility and Uncertainty Theorems in AI Value Alignment", arXiv:1901.00064.
    Differs from the paper: the linear program and its certificate are ours.

    Example:
        >>> found = forced_uncertainty([("a", ">", "b"), ("b", ">", "c"), ("c", ">", "a")])
        >>> round(found.confidence, 6), len(found.cycle)
        (0.666667, 3)
    """
    order = PartialOrder(tuple(constraints))
    layers: list[list[tuple[float, Order]]] = []
    worst, weights, solver = 1.0, np.zeros(len(constraints)), "none needed"
    for component, contradictory in order.components:
        if not contradictory:
            layers.append([(1.0, (component,))])
            continue
        inside = [i for i, (x, _, y) in enumerate(constraints) if x in component and y in component]
        value, mixture, dual, ran = _solve(component, [constraints[i] for i in inside])
        layers.append(mixture)
        solver = ran if solver != "column generation" else solver
        if value < worst:
            worst, weights = value, np.zeros(len(constraints))
            weights[inside] = dual
    if not weights.any() and len(weights):
        weights[:] = 1.0 / len(weights)
    orders = tuple(_joined(layers))
    kept = np.array([[keeps(each, c) for c in constraints] for _, each in orders], np.float64)
    chances = np.array([chance for chance, _ in orders]) @ kept if len(constraints) else np.zeros(0)
    cycle = _shortest_cycle(order.constraints)
    return ForcedUncertainty(worst, orders, tuple(chances.tolist()), tuple(weights.tolist()), cycle, solver)


def keeps(order: Order, constraint: Constraint) -> bool:
    """Whether a total order keeps a constraint.

    Example:
        >>> keeps((("a",), ("b", "c")), ("b", ">=", "c")), keeps((("a",), ("b", "c")), ("b", ">", "c"))
        (True, False)
    """
    rank = {outcome: place for place, block in enumerate(order) for outcome in block}
    x, relation, y = constraint
    return rank[x] < rank[y] or (relation == ">=" and rank[x] == rank[y])


@dataclass(frozen=True)
class PartialOrder:
    """What constraints say without contradiction: x above y when a chain leads from x to y and none back.

    Outcomes of a contradictory component (a cycle with a strict edge) are incomparable with each other: which
    of the constraints to give up is not decided here.  Outcomes of a cycle of weak constraints are equal.

    Example:
        >>> order = PartialOrder((("a", ">", "b"), ("b", ">", "c"), ("c", ">", "b"), ("d", ">=", "a")))
        >>> order.compare("a", "c"), order.compare("b", "c"), order.best(["a", "b"]), order.best(["b", "c"])
        ('>', 'incomparable', 'a', None)
    """

    constraints: tuple[Constraint, ...]

    def __post_init__(self) -> None:
        for each in self.constraints:
            if len(each) != 3 or each[1] not in (">", ">="):
                raise BadInput("constraint", repr(each), "(x, '>', y) or (x, '>=', y)")
            if each[0] == each[2] and each[1] == ">":
                raise BadInput(
                    "constraint", repr(each), "two different outcomes", "nothing is better than itself"
                )

    @cached_property
    def outcomes(self) -> tuple[Any, ...]:
        """All outcomes, in the order in which they are first named."""
        return tuple(dict.fromkeys(outcome for x, _, y in self.constraints for outcome in (x, y)))

    @cached_property
    def _reach(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a chain of constraints leads from one outcome to another; every outcome reaches itself."""
        index = {outcome: i for i, outcome in enumerate(self.outcomes)}
        reach = np.eye(len(index), dtype=bool)
        for x, _, y in self.constraints:
            reach[index[x], index[y]] = True
        for middle in range(len(index)):
            reach |= reach[:, middle : middle + 1] & reach[middle : middle + 1]
        return reach

    @cached_property
    def components(self) -> tuple[tuple[tuple[Any, ...], bool], ...]:
        """Strongly connected outcomes, best first, and whether they are contradictory (have a strict edge)."""
        same = self._reach & self._reach.T
        firsts = [i for i in range(len(same)) if same[i].argmax() == i]
        firsts.sort(key=lambda i: -int(self._reach[i].sum()))  # who reaches more is above, or unrelated
        found: list[tuple[tuple[Any, ...], bool]] = []
        for first in firsts:
            members = tuple(self.outcomes[i] for i in np.flatnonzero(same[first]))
            strict = any(r == ">" and x in members and y in members for x, r, y in self.constraints)
            found.append((members, strict))
        return tuple(found)

    def compare(self, x: Any, y: Any) -> Literal[">", "<", "=", "incomparable"]:
        """Which of two outcomes is better, as far as the constraints say so."""
        for outcome in (x, y):
            if outcome not in self.outcomes:
                raise BadInput("outcome", repr(outcome), f"one of {', '.join(map(str, self.outcomes))}")
        i, j = self.outcomes.index(x), self.outcomes.index(y)
        forth, back = self._reach[i, j], self._reach[j, i]
        if forth and back:
            contradictory = next(strict for members, strict in self.components if x in members)
            return "incomparable" if contradictory and i != j else "="
        return ">" if forth else "<" if back else "incomparable"

    def best(self, options: Sequence[Any]) -> Any:
        """The option that is at least as good as every other; None where there is none: ask, do not choose."""
        for option in options:
            if all(self.compare(option, other) in (">", "=") for other in options):
                return option
        return None


def _solve(outcomes: tuple[Any, ...], constraints: list[Constraint]) -> tuple[float, list[Any], Floats, str]:
    """t*, an attaining mixture, the dual weights and the solver, of one contradictory component."""
    weak = any(relation == ">=" for _, relation, _ in constraints)
    if len(outcomes) <= MOST_ENUMERATED:
        orders = (
            list(_weak_orders(outcomes)) if weak else [tuple((o,) for o in p) for p in permutations(outcomes)]
        )
        value, chances, dual = _program(orders, constraints)
        solver = "enumeration"
    else:
        most = MOST_WEAK if weak else MOST_STRICT
        if len(outcomes) > most:
            raise BadInput("contradictory component", f"{len(outcomes)} outcomes", f"at most {most}")
        orders = [_best_order(outcomes, constraints, np.ones(len(constraints)), weak)]
        solver = "column generation"
        while True:
            value, chances, dual = _program(orders, constraints)
            new = _best_order(outcomes, constraints, dual, weak)
            if sum(w for w, c in zip(dual, constraints, strict=True) if keeps(new, c)) <= value + 1e-9:
                break
            orders.append(new)
    mixture = [(float(p), order) for p, order in zip(chances, orders, strict=True) if p > 1e-12]
    return value, mixture, dual, solver


def _program(orders: Sequence[Order], constraints: list[Constraint]) -> tuple[float, Floats, Floats]:
    """The matrix game of orders against constraints: its value and both optimal mixtures."""
    try:
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtra("scipy", "zoo", "forced_uncertainty") from None
    names = [outcome for block in orders[0] for outcome in block]
    ranks = [{outcome: at for at, block in enumerate(order) for outcome in block} for order in orders]
    rank = {name: np.array([each[name] for each in ranks]) for name in names}
    kept = np.array(
        [(rank[x] < rank[y]) | ((rank[x] == rank[y]) & (r == ">=")) for x, r, y in constraints], np.float64
    ).T
    rows = np.hstack([-kept.T, np.ones((len(constraints), 1))])
    found = linprog(
        np.append(np.zeros(len(orders)), -1.0),
        A_ub=rows,
        b_ub=np.zeros(len(constraints)),
        A_eq=np.append(np.ones(len(orders)), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * len(orders) + [(None, None)],
        method="highs",
    )
    dual = np.maximum(-np.asarray(found.ineqlin.marginals), 0.0)
    return float(found.x[-1]), np.asarray(found.x[:-1]), dual / dual.sum()


def _weak_orders(outcomes: tuple[Any, ...]) -> Iterator[Order]:
    """All orders with ties: a first block, then the rest."""
    if not outcomes:
        yield ()
    for mask in range(1, 2 ** len(outcomes)):
        block = tuple(o for i, o in enumerate(outcomes) if mask >> i & 1)
        for rest in _weak_orders(tuple(o for i, o in enumerate(outcomes) if not mask >> i & 1)):
            yield (block, *rest)


def _best_order(outcomes: tuple[Any, ...], constraints: list[Constraint], weights: Floats, weak: bool) -> Order:
    """The order that keeps the most weight, by dynamic programming over sets that are still to be placed."""
    n, index = len(outcomes), {outcome: i for i, outcome in enumerate(outcomes)}
    above, equal = np.zeros((n, n)), np.zeros((n, n))
    for (x, relation, y), weight in zip(constraints, weights, strict=True):
        above[index[x], index[y]] += weight
        if relation == ">=":
            equal[index[x], index[y]] += weight
    sets = np.arange(2**n)
    members = (sets[:, None] >> np.arange(n) & 1).astype(np.float64)
    choice = _first_blocks(members, above, equal) if weak else _first_outcomes(members, above)
    order: list[tuple[Any, ...]] = []
    left = 2**n - 1
    while left:
        block = int(choice[left])
        order.append(tuple(outcomes[i] for i in range(n) if block >> i & 1))
        left ^= block
    return tuple(order)


def _first_outcomes(members: Floats, above: Floats) -> Any:
    """The best first outcome of every set, as a set of one; ties between outcomes are useless."""
    n, sets = len(above), np.arange(len(members))
    beats = members @ above.T  # what each outcome gains by being placed above a set
    value, choice, size = np.zeros(len(sets)), np.zeros(len(sets), np.int64), members.sum(1)
    for count in range(1, n + 1):
        these = sets[size == count]
        rest = these[:, None] ^ (1 << np.arange(n))
        got = np.where(members[these] > 0, beats[these] + value[rest], -1.0)
        value[these], choice[these] = got.max(1), 1 << got.argmax(1)
    return choice


def _first_blocks(members: Floats, above: Floats, equal: Floats) -> Any:
    """The best first block of every set, over all its subsets."""
    beats = (members @ above @ members.T).tolist()
    inside = np.einsum("si,ij,sj->s", members, equal, members).tolist()
    value, choice = [0.0] * len(members), [0] * len(members)
    for left in range(1, len(members)):
        block, best = left, -1.0
        while block:
            rest = left ^ block
            got = beats[block][rest] + inside[block] + value[rest]
            if got > best:
                best, choice[left] = got, block
            block = (block - 1) & left
        value[left] = best
    return choice


def _joined(layers: list[list[tuple[float, Order]]]) -> list[tuple[float, Order]]:
    """One distribution over orders of everything, with few members: the mixtures side by side on one scale."""
    ends = [np.cumsum([chance for chance, _ in layer]) for layer in layers]
    cuts = np.unique(np.round(np.concatenate([*ends, [1.0]]), 12)) if layers else np.array([1.0])
    cuts = np.append(cuts[cuts < 1 - 1e-9], 1.0)
    found: list[tuple[float, Order]] = []
    low = 0.0
    for high in cuts.tolist():
        middle, blocks = 0.5 * (low + high), list[tuple[Any, ...]]()
        for layer, end in zip(layers, ends, strict=True):
            blocks += layer[min(int(np.searchsorted(end, middle)), len(layer) - 1)][1]
        found.append((high - low, tuple(blocks)))
        low = high
    return found


def _shortest_cycle(constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    """A shortest cycle with a strict edge: for each strict edge, breadth first from its end to its start."""
    best: tuple[Constraint, ...] = ()
    for edge in constraints:
        if edge[1] != ">":
            continue
        paths: dict[Any, tuple[Constraint, ...]] = {edge[2]: (edge,)}
        queue = [edge[2]]
        while queue and edge[0] not in paths:
            here = queue.pop(0)
            for each in constraints:
                if each[0] == here and each[2] not in paths:
                    paths[each[2]] = (*paths[here], each)
                    queue.append(each[2])
        if edge[0] in paths and (not best or len(paths[edge[0]]) < len(best)):
            best = paths[edge[0]]
    return best
