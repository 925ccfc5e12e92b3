"""Best-first tree search over staged choices whose values start as estimates and become measurements (I-MCTS).

A point of the space chooses one option at every stage; a node fixes the first k choices.  An expansion adds
children with a next choice each, completes one of them, scores the whole, and adds the score to every node on
the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput

Path = tuple[int, ...]
Floats = np.ndarray[Any, Any]
UNVISITED = 0.2  # the visits that an unvisited node is counted with


def hybrid_q(estimate: float, n: int, mean: float, c_v: float = 0.2) -> float:
    r"""``c_v / (n + c_v) estimate + n / (n + c_v) mean``: an estimate that measurements overrule.

    Args:
        n: measurements; with 0 the estimate alone counts, and ``mean`` may be NaN.
        c_v: how many measurements the estimate is worth; with 0, an unmeasured node is worth 0.

    Source: Liang et al., "I-MCTS", arXiv:2502.14693; code jokieleung/I-MCTS@943720d.

    Example:
        >>> hybrid_q(1.0, 0, math.nan), round(hybrid_q(1.0, 1, 0.4), 6)
        (1.0, 0.5)
    """
    if n < 0 or not 0 <= c_v < math.inf:
        raise BadInput("hybrid_q", f"n={n}, c_v={c_v}", "n >= 0, a finite c_v >= 0")
    if n == 0:
        return estimate if c_v > 0 else 0.0
    return (c_v * estimate + n * mean) / (n + c_v)


@dataclass(frozen=True)
class Insight:
    """What a node's children taught: the options tried, the best of them, and how its best point went on.

    ``best`` is -1 and ``rest`` empty before one was scored.
    """

    tried: frozenset[int]
    best: int
    rest: Path


def introspect(parent: Path, children: Sequence[Path], scored: dict[Path, float]) -> Insight:
    """Read the results of everything below ``parent``.

    Args:
        children: the nodes below it.
        scored: whole points and their scores; NaN is a failed run, which teaches nothing.

    Source: as ``hybrid_q``.  Differs from the paper: a language model reads code and results there.

    Example:
        >>> introspect((0,), [(0, 1)], {(0, 1, 2): 0.5, (1, 1, 1): 0.9})
        Insight(tried=frozenset({1}), best=1, rest=(2,))
    """
    k = len(parent)
    below = {p: s for p, s in scored.items() if p[:k] == parent and not math.isnan(s)}
    tried = frozenset(child[k] for child in children)
    if not below:
        return Insight(tried, -1, ())
    top = max(below, key=lambda p: below[p])
    return Insight(tried, top[k], top[k + 1 :])


@dataclass(frozen=True)
class StagedSearch:
    """How to search.

    Args:
        budget: whole points to score.
        children: most children of a node.
        width: children that an expansion adds; the one with the best estimate is scored.
        exploration: c of ``Q + c sqrt(log(parent's visits) / visits)``, over all nodes that can be expanded.
        c_v: weight of the estimate, see ``hybrid_q``; 0 uses none, and the child is drawn.
        proposals: ``introspective``: untried options nearest to the best sibling, completed as the best point
            below the same parent; ``random``: untried options and completions.
    """

    budget: int = 30
    children: int = 5
    width: int = 2
    exploration: float = 2.0
    c_v: float = 0.2
    proposals: Literal["introspective", "random"] = "introspective"

    def __post_init__(self) -> None:
        if min(self.budget, self.children, self.width) < 1 or self.exploration < 0 or self.c_v < 0:
            raise BadInput("StagedSearch", repr(self), "counts of 1 or more, exploration and c_v of 0 or more")
        if self.proposals not in ("introspective", "random"):
            raise BadInput("StagedSearch.proposals", self.proposals, "introspective or random")


@dataclass(frozen=True, eq=False)
class Searched:
    """What was scored, in order; ``best`` is the point with the best score, ``failed`` counts NaN."""

    scored: dict[Path, float]
    best: Path
    failed: int


@dataclass
class _Tree:
    sizes: Path
    estimate: Callable[[Path], float]
    scored: dict[Path, float] = field(default_factory=dict[Path, float])
    below: dict[Path, list[Path]] = field(default_factory=lambda: {(): list[Path]()})
    gains: dict[Path, list[float]] = field(default_factory=lambda: {(): list[float]()})


def staged_search(
    sizes: Sequence[int],
    score: Callable[[Path], float],
    estimate: Callable[[Path], float],
    config: StagedSearch,
    rng: np.random.Generator,
) -> Searched:
    """Score ``budget`` different points, larger is better; a NaN is a failed run.

    Measured scores are mapped to [0, 1] by the least and the largest so far, so estimates are to be on that
    scale.

    Args:
        sizes: options per stage; fewer points than the budget are refused.
        estimate: of a node or a whole point, 0 to 1.

    Source: Liang et al., "I-MCTS", arXiv:2502.14693; code jokieleung/I-MCTS@943720d.
    Differs from the paper: the released code never fills in the estimates (it does not await them); ours are
    used.  A node may be expanded again until it has all its children, which is where siblings teach.
    """
    shape = tuple(int(size) for size in sizes)
    if math.prod(shape) < config.budget:
        raise BadInput("budget", config.budget, f"at most {math.prod(shape)}, the points there are")
    tree = _Tree(shape, estimate)
    for _ in range(config.budget):
        node = _select(tree, config)
        child, point = _expand(tree, node, config, rng) if node is not None else ((), _fresh(tree, (), rng))
        tree.scored[point] = found = float(score(point))
        for k in range(len(child) + 1) if not math.isnan(found) else ():
            tree.gains[child[:k]].append(found)
    kept = {p: s for p, s in tree.scored.items() if not math.isnan(s)}
    if not kept:
        raise BadInput("scores", "NaN only", "at least one verdict")
    return Searched(tree.scored, max(kept, key=lambda p: kept[p]), len(tree.scored) - len(kept))


def _select(tree: _Tree, config: StagedSearch) -> Path | None:
    """Best-first UCT over all nodes that can still have children."""
    known = [s for s in tree.scored.values() if not math.isnan(s)]
    low, span = (min(known), max(max(known) - min(known), 1e-12)) if known else (0.0, 1.0)

    def value(node: Path) -> float:
        gains = tree.gains[node]
        mean = (sum(gains) / len(gains) - low) / span if gains else math.nan
        around = max(1, len(tree.gains[node[:-1]]))
        bonus = math.sqrt(math.log(around) / (len(gains) or UNVISITED))
        return hybrid_q(tree.estimate(node), len(gains), mean, config.c_v) + config.exploration * bonus

    open_nodes = [
        node
        for node, children in tree.below.items()
        if len(node) < len(tree.sizes) and len(children) < min(config.children, tree.sizes[len(node)])
    ]
    return max(open_nodes, key=value) if open_nodes else None


def _expand(tree: _Tree, node: Path, config: StagedSearch, rng: np.random.Generator) -> tuple[Path, Path]:
    """Add children; the one to score, and the whole point that is scored for it."""
    insight = introspect(node, tree.below[node], tree.scored)
    options = [int(o) for o in rng.permutation(tree.sizes[len(node)]) if int(o) not in insight.tried]
    if config.proposals == "introspective" and insight.best >= 0:
        options.sort(key=lambda option: abs(option - insight.best))
    room = min(config.width, config.children - len(insight.tried))
    added = [(*node, option) for option in options[:room]]
    for child in added:
        tree.below[node].append(child)
        tree.below[child], tree.gains[child] = [], []
    child = max(added, key=tree.estimate) if config.c_v > 0 else added[0]
    point = (*child, *insight.rest)
    known = config.proposals == "introspective" and len(point) == len(tree.sizes) and point not in tree.scored
    return child, point if known else _fresh(tree, child, rng)


def _fresh(tree: _Tree, start: Path, rng: np.random.Generator) -> Path:
    """A random point below ``start`` that was not scored; of the whole space where there is none."""
    for k in range(len(start), -1, -1):
        for _ in range(50):
            point = (*start[:k], *(int(rng.integers(size)) for size in tree.sizes[k:]))
            if point not in tree.scored:
                return point
    left = [p for p in np.ndindex(*tree.sizes) if p not in tree.scored]
    return left[int(rng.integers(len(left)))]


@dataclass(frozen=True)
class MainEffects:
    """An estimate without interactions: ``mean + sum_k effect_k[option]``, clipped to [0, 1].

    Stages that are not chosen yet count with their average, 0.
    """

    mean: float
    effects: tuple[tuple[float, ...], ...]

    def __call__(self, path: Path) -> float:
        total = self.mean + sum(self.effects[k][option] for k, option in enumerate(path))
        return min(1.0, max(0.0, total))


def fit_main_effects(table: Floats) -> MainEffects:
    """Least squares of scores of all points ``(n_1, ..., n_K)`` on one-hot choices, in closed form.

    Example:
        >>> fit_main_effects(np.array([[0.0, 0.2], [0.4, 0.6]]))((1,))
        0.5
    """
    mean = float(table.mean())
    axes = range(table.ndim)
    effects = (table.mean(axis=tuple(j for j in axes if j != k)) - mean for k in axes)
    return MainEffects(mean, tuple(tuple(float(e) for e in each) for each in effects))


def random_effects(sizes: Sequence[int], rng: np.random.Generator) -> MainEffects:
    """An estimate that knows nothing: effects uniform in +-0.25 around 0.5."""
    return MainEffects(0.5, tuple(tuple(float(e) for e in rng.uniform(-0.25, 0.25, n)) for n in sizes))
