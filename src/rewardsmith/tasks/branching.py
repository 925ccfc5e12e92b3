"""A small branch and bound: which variable to branch on decides how large the tree becomes.

Problems are knapsacks with several limits; HiGHS solves the relaxations, which are remembered, so that many
trees of one problem cost little.  Nodes are taken by best bound and nothing is random but the policy, so the
number of nodes is the policy's own.
"""

from __future__ import annotations

import heapq
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra

Floats = np.ndarray[Any, np.dtype[np.float64]]
Table = np.ndarray[Any, Any]
FEATURES = ("fractionality", "fraction", "value", "load", "pseudo_cost", "deep_pseudo_cost")


@dataclass(frozen=True, eq=False)
class Knapsack:
    """max values x, weights x <= capacity, x in {0, 1}: ``values (n,)``, ``weights (m, n)``, ``capacity (m,)``.

    Values are whole numbers, so a bound may be rounded down.
    """

    values: Floats
    weights: Floats
    capacity: Floats

    def __post_init__(self) -> None:
        rows, items = self.weights.shape
        if self.values.shape != (items,) or self.capacity.shape != (rows,):
            received = f"shapes {self.values.shape}, {self.weights.shape}, {self.capacity.shape}"
            raise BadInput("Knapsack", received, "(n,), (m, n), (m,)")
        if (self.weights < 0).any() or (self.values != np.floor(self.values)).any():
            raise BadInput("Knapsack", "a negative weight or a broken value", "weights >= 0, whole values")


def knapsack(seed: int, items: int = 12, rows: int = 2) -> Knapsack:
    """A random problem; values follow weights, which makes them hard, and half of the items fit."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(10, 100, (rows, items)).astype(np.float64)
    values = np.round(weights.mean(0) + rng.integers(5, 65, items))
    return Knapsack(values, weights, np.floor(weights.sum(1) / 2))


class Relaxations:
    """Relaxations of one problem with some variables fixed, each solved once.

    Raises:
        MissingExtra: HiGHS is not installed.
    """

    def __init__(self, problem: Knapsack) -> None:
        try:
            import highspy
        except ImportError:
            raise MissingExtra("highspy", "zoo", "branch and bound") from None
        self.problem, self._known = problem, dict[bytes, tuple[float, Floats] | None]()
        rows, items = problem.weights.shape
        self._all = np.arange(items, dtype=np.int32)
        self._optimal, self._solver = highspy.HighsModelStatus.kOptimal, _without_greeting(highspy.Highs)
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)
        self._solver.addVars(items, np.zeros(items), np.ones(items))
        self._solver.changeColsCost(items, self._all, -problem.values)
        for i in range(rows):
            self._solver.addRow(-np.inf, problem.capacity[i], items, self._all, problem.weights[i])

    def solve(self, fixed: Table) -> tuple[float, Floats] | None:
        """Bound and solution with ``fixed (n,)`` (-1 free, 0, 1); None where nothing is feasible."""
        key = fixed.tobytes()
        if key not in self._known:
            low, high = (fixed == 1).astype(np.float64), (fixed != 0).astype(np.float64)
            self._solver.clearSolver()  # no warm start: the answer must not depend on what came before
            self._solver.changeColsBounds(len(low), self._all, low, high)
            self._solver.run()
            solved = self._solver.getModelStatus() == self._optimal
            solution = np.array(self._solver.getSolution().col_value) if solved else low
            bound = -float(self._solver.getInfo().objective_function_value)
            self._known[key] = (bound, solution) if solved else None
        return self._known[key]


def _without_greeting(make: Callable[[], Any]) -> Any:
    """HiGHS greets on the file descriptor itself, in the middle of what a command prints."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        return make()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


@dataclass(frozen=True, eq=False)
class Tree:
    """What a policy's branching came to; D decisions in the order in which they were made.

    Args:
        nodes: relaxations that were looked at.
        best: the best value found.
        complete: False where the limit stopped the search, so that ``nodes`` is only a lower bound.
        parent: ``(D,)``, the decision above each one, -1 for the root's.
        below: ``(D,)``, nodes in the subtree below each decision.
        gain: ``(D,)``, product of the bound's improvements on both sides, at least 1e-6 each.
        depth: ``(D,)``.
        candidates: for each decision the features of its candidates ``(k, 6)``.
        chosen: ``(D,)``, which candidate was taken.
    """

    nodes: int
    best: float
    complete: bool
    parent: Table
    below: Table
    gain: Floats
    depth: Table
    candidates: tuple[Floats, ...] = field(repr=False)
    chosen: Table = field(repr=False)

    def batch(self) -> dict[str, Table]:
        """The decisions as one row of steps ``(1, D)``: fields ``below``, ``gain``, ``nodes`` and flags."""
        size = len(self.parent)
        ends = np.arange(size) == size - 1
        flags = {"first": np.arange(size) == 0, "terminated": ends & np.array(self.complete)}
        facts = {
            "below": self.below.astype(float),
            "gain": self.gain,
            "nodes": np.full(size, float(self.nodes)),
        }
        return {
            name: values[None]
            for name, values in {**flags, "truncated": ends & np.array(not self.complete), **facts}.items()
        }

    def summed_below(self, values: Floats) -> Floats:
        """The sum of ``values (D,)`` over each decision and all decisions below it."""
        total = np.array(values, dtype=np.float64)
        for i in range(len(total) - 1, -1, -1):  # children are made after their parent
            if self.parent[i] >= 0:
                total[self.parent[i]] += total[i]
        return total


def branch(
    relaxations: Relaxations,
    weights: Sequence[float] | Floats,
    rng: np.random.Generator | None = None,
    limit: int = 400,
) -> Tree:
    """Solve a problem, branching by linear scores of six features of the fractional variables.

    Args:
        weights: ``(6,)``, of ``FEATURES``; ``(1, 0, 0, 0, 0, 0)`` is the most fractional variable.
        rng: choose by the softmax of the scores; without it, the best score.
        limit: the most nodes.
    """
    problem, w = relaxations.problem, np.asarray(weights, dtype=np.float64)
    search = _Search(problem, w, rng)
    root = np.full(len(problem.values), -1, np.int8)
    search.look(relaxations, root, -1, 0)
    while search.open and search.nodes < limit:
        search.split(relaxations)
    return search.tree(complete=not search.open)


class _Search:
    """The state of one search."""

    def __init__(self, problem: Knapsack, weights: Floats, rng: np.random.Generator | None) -> None:
        self.problem, self.weights, self.rng = problem, weights, rng
        items = len(problem.values)
        self.load = (problem.weights / problem.capacity[:, None]).mean(0)
        self.load = self.load / self.load.max()
        self.value = problem.values / problem.values.max()
        self.loss, self.count = np.zeros((2, items)), np.zeros((2, items))
        self.best, self.nodes = 0.0, 0
        self.open: list[tuple[float, int, Table, Floats, int, int]] = []
        self.rows: list[tuple[int, int, float]] = []  # parent, depth, gain
        self.below, self.candidates, self.chosen = list[int](), list[Floats](), list[int]()

    def look(self, relaxations: Relaxations, fixed: Table, parent: int, depth: int) -> float:
        """Solve a node, keep it if it can still win, and return its bound (0 where infeasible)."""
        self.nodes += 1
        above = parent
        while above >= 0:
            self.below[above] += 1
            above = self.rows[above][0]
        found = relaxations.solve(fixed)
        if found is None:
            return 0.0
        bound, x = found
        self.best = max(self.best, float(self.problem.values @ np.floor(x + 1e-9)))  # rounding down is feasible
        if np.floor(bound + 1e-6) > self.best and (np.abs(x - np.round(x)) > 1e-6).any():
            heapq.heappush(self.open, (-bound, self.nodes, fixed, x, parent, depth))
        return bound

    def split(self, relaxations: Relaxations) -> None:
        """Branch at the node with the best bound."""
        bound, _, fixed, x, parent, depth = heapq.heappop(self.open)
        if np.floor(-bound + 1e-6) <= self.best:
            return
        free = np.flatnonzero(np.abs(x - np.round(x)) > 1e-6)
        features = self.features(x, free, depth)
        pick = self.pick(features @ self.weights)
        self.candidates.append(features)
        self.chosen.append(pick)
        self.rows.append((parent, depth, 0.0))
        self.below.append(0)
        here, item, gains = len(self.rows) - 1, free[pick], list[float]()
        for side in (0, 1):
            child = fixed.copy()
            child[item] = side
            gain = max(-bound - self.look(relaxations, child, here, depth + 1), 0.0)
            self.loss[side, item] += gain / (x[item] if side == 0 else 1 - x[item])
            self.count[side, item] += 1
            gains.append(max(gain, 1e-6))
        self.rows[here] = (parent, depth, gains[0] * gains[1])

    def features(self, x: Floats, free: Table, depth: int) -> Floats:
        """``(k, 6)``; pseudo-costs are relative to the best candidate."""
        known = self.count > 0
        typical = self.loss.sum(1) / np.maximum(self.count.sum(1), 1) + (self.count.sum(1) == 0)
        rate = np.where(known, self.loss / np.maximum(self.count, 1), typical[:, None])[:, free]
        f = x[free]
        score = np.maximum(rate[0] * f, 1e-6) * np.maximum(rate[1] * (1 - f), 1e-6)
        score = score / score.max()
        return np.stack(
            [2 * np.minimum(f, 1 - f), f, self.value[free], self.load[free], score, score * min(depth / 5, 2)],
            -1,
        )

    def pick(self, scores: Floats) -> int:
        """The best candidate, or a draw from the softmax."""
        if self.rng is None:
            return int(scores.argmax())
        chances = np.exp(scores - scores.max()).cumsum()
        return min(int((chances <= self.rng.random() * chances[-1]).sum()), len(scores) - 1)

    def tree(self, complete: bool) -> Tree:
        parent, depth, gain = (
            (np.array(column) for column in zip(*self.rows, strict=True)) if self.rows else [np.zeros(0)] * 3
        )
        chosen = np.array(self.chosen, dtype=np.int64)
        below = np.array(self.below, dtype=np.int64)
        whole = parent.astype(np.int64)
        return Tree(self.nodes, self.best, complete, whole, below, gain, depth, tuple(self.candidates), chosen)


def shifted_mean(nodes: Table, shift: float = 10.0) -> Floats:
    """Shifted geometric mean over the last axis, the usual average of tree sizes."""
    return np.exp(np.log(np.asarray(nodes, dtype=np.float64) + shift).mean(-1)) - shift
