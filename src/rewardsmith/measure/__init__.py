"""Numbers about rewards and about what was reached with them."""

from __future__ import annotations

from .pareto import crowding_distance as crowding_distance
from .pareto import expected_utility as expected_utility
from .pareto import hypervolume as hypervolume
from .pareto import non_dominated as non_dominated
from .pareto import sparsity as sparsity

__all__ = [
    "crowding_distance",
    "expected_utility",
    "hypervolume",
    "non_dominated",
    "sparsity",
]
