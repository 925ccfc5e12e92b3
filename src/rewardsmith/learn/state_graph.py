"""A graph of the places that were visited, and the distance along it as a dense reward (G4RL)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP

Source = Literal["none", "straight", "graph", "count"]
Form = Literal["raw", "closeness", "potential"]
SOURCES, FORMS = get_args(Source), get_args(Form)


def graph_distances(edges: Table, goal: int) -> Floats:
    """Hops from every node to ``goal`` along directed edges; NaN where there is no way.

    Args:
        edges: ``(..., S, S)`` bools, ``edges[s, t]`` for a step from s to t; leading axes are graphs.
        goal: a node.

    Returns:
        ``(..., S)``.

    Example:
        >>> graph_distances(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool), 2).tolist()
        [2.0, 1.0, 0.0]
    """
    ways = np.asarray(edges, dtype=bool)
    if ways.ndim < 2 or ways.shape[-1] != ways.shape[-2] or not 0 <= goal < ways.shape[-1]:
        raise BadInput("graph", f"edges {ways.shape}, goal {goal}", "(..., S, S), 0 <= goal < S")
    found = np.full(ways.shape[:-1], np.nan)
    found[..., goal] = 0.0
    front = found == 0.0
    for hops in range(1, ways.shape[-1]):
        front = (ways & front[..., None, :]).any(-1) & np.isnan(found)
        if not front.any():
            break
        found[front] = hops
    return found


def graph_distance_reward(
    distance: Floats, s: Table, after: Table, form: Form = "raw", discount: float = 1.0
) -> Floats:
    r"""A reward from distances d to a goal that ends the episode; D is the largest known one.

    ``raw``: ``-d(s') / D``; unknown counts as D.  ``closeness``: ``1 - d(s') / D``, which pays for standing
    near the goal; unknown counts as 0.  ``potential``: ``discount \Phi(s') - \Phi(s)`` of the closeness, with
    \Phi = 0 at the goal.  Where no distance but the goal's is known, all are 0.

    Args:
        distance: ``(M, S)``, NaN for unknown, 0 at the goal only.
        s, after: states ``(M,)``.

    Source: G4RL in Zhang, arXiv:2512.04302.  Differs from the paper: hops of the graph itself instead of a
    learned embedding; the scale is ours.

    Example:
        >>> graph_distance_reward(np.array([[2.0, 1.0, 0.0]]), np.array([0]), np.array([1])).tolist()
        [-0.5]
    """
    largest = np.nan_to_num(distance).max(-1, keepdims=True)
    near = 1.0 - np.where(np.isnan(distance), 1.0, distance / np.maximum(largest, 1.0))
    near, everyone = near * (largest > 0), np.arange(len(near))
    if form == "raw":
        return (near - (largest > 0))[everyone, after]
    if form == "closeness":
        return near[everyone, after]
    value = np.where(distance == 0, 0.0, near)
    return discount * value[everyone, after] - value[everyone, s]


@dataclass(frozen=True)
class DensePay:
    """A dense reward: what it is made from, in which form, and its weight.

    Args:
        source: ``straight``: distances given from outside; ``graph``: of the visited transitions; ``count``:
            ``1 / sqrt(visits)`` of the next state; ``none``: nothing.
        form: of distances, see ``graph_distance_reward``; the potential changes no optimal policy.
        weight: factor.
    """

    source: Source = "none"
    form: Form = "raw"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES or self.form not in FORMS:
            raise BadInput(
                "DensePay", repr(self), "source none, straight, graph or count; form raw or potential"
            )


@dataclass(frozen=True)
class GraphMemory:
    """What M learners know: edges ``(M, S, S)``, distances ``(M, S)``, visits ``(M, S)``, and the version.

    ``version`` counts, for each learner, the episodes after which its distances were others.
    """

    edges: Table
    distance: Floats
    visits: Table
    version: Table
    discount: float


@dataclass(frozen=True, eq=False)
class DenseReward:
    """Several dense rewards side by side for ``optimize.remembering.remembering_q_learning``.

    Distances are those of the graph before the episode: within an episode nothing moves.

    Args:
        goal: the state to reach.
        straight: ``(S,)`` distances given from outside.
        ways: one for each variant.
    """

    goal: int
    straight: Floats
    ways: tuple[DensePay, ...]

    @property
    def variants(self) -> int:
        """How many rewards run side by side."""
        return len(self.ways)

    @property
    def memories(self) -> int:
        """The learner sees the state only."""
        return 1

    def start(self, mdp: TabularMDP, seeds: int) -> GraphMemory:
        """Nothing was visited."""
        if self.straight.shape != (mdp.states,) or not 0 <= self.goal < mdp.states:
            received = f"straight {self.straight.shape}, goal {self.goal}"
            raise BadInput("DenseReward", received, f"({mdp.states},), a state")
        count = seeds * len(self.ways)
        edges = np.zeros((count, mdp.states, mdp.states), dtype=bool)
        given = np.repeat([way.source == "straight" for way in self.ways], seeds)
        distance = np.where(given[:, None], self.straight, graph_distances(edges, self.goal))
        visits, version = np.zeros(edges.shape[:2], np.int64), np.zeros(count, np.int64)
        return GraphMemory(edges, distance, visits, version, mdp.discount)

    def memory(self, state: GraphMemory) -> Table:
        """0 for everybody."""
        return np.zeros(len(state.version), np.int64)

    def pay(
        self, state: GraphMemory, s: Table, a: Table, after: Table, live: Table
    ) -> tuple[Floats, GraphMemory]:
        """The dense reward of a transition; the transition is an edge from now on."""
        everyone, seeds = np.arange(len(s)), len(s) // len(self.ways)
        edges, visits = state.edges.copy(), state.visits.copy()
        edges[everyone, s, after] |= live
        visits[everyone, after] += live
        paid = np.zeros(len(s))
        for k, way in enumerate(self.ways):
            mine = slice(k * seeds, (k + 1) * seeds)
            if way.source == "count":
                paid[mine] = way.weight / np.sqrt(np.maximum(visits[everyone, after], 1))[mine]
            elif way.source != "none":
                given = state.distance[mine], s[mine], after[mine], way.form, state.discount
                paid[mine] = way.weight * graph_distance_reward(*given)
        return paid, replace(state, edges=edges, visits=visits)

    def learn(self, state: GraphMemory, mdp: TabularMDP, episode: Any) -> GraphMemory:
        """Distances along the graph as it is now."""
        mine = np.repeat([way.source == "graph" for way in self.ways], len(state.version) // len(self.ways))
        distance = state.distance.copy()
        distance[mine] = graph_distances(state.edges[mine], self.goal)
        changed = ~((distance == state.distance) | np.isnan(distance) & np.isnan(state.distance)).all(-1)
        return replace(state, distance=distance, version=state.version + changed)
