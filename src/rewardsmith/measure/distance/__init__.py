"""How far apart rewards are, and what that can cost."""

from __future__ import annotations

from .canonical import CANONICAL as CANONICAL
from .canonical import Canonical as Canonical
from .canonical import dard as dard
from .canonical import epic as epic
from .canonical import minimal as minimal
from .canonical import srrd as srrd
from .canonical import value as value
from .canonical import value_potential as value_potential
from .certificate import Certificate as Certificate
from .certificate import certificate as certificate
from .certificate import regret_bounds as regret_bounds
from .distance import KINDS as KINDS
from .distance import Distance as Distance
from .distance import Kind as Kind
from .distance import canonical_form as canonical_form
from .distance import distance as distance
from .distance import normalised as normalised
from .equivalent import equivalent_reward as equivalent_reward
from .equivalent import mixtures as mixtures
from .equivalent import random_reward as random_reward
from .regret import Regret as Regret
from .regret import exact_regret as exact_regret
from .regret import return_range as return_range
from .regret import worst_regret as worst_regret
from .sparse import SparseDynamics as SparseDynamics
from .sparse import sparse_distance as sparse_distance
from .sparse import sparse_minimal as sparse_minimal
from .sparse import sparse_value as sparse_value

__all__ = [
    "CANONICAL",
    "KINDS",
    "Canonical",
    "Certificate",
    "Distance",
    "Kind",
    "Regret",
    "SparseDynamics",
    "canonical_form",
    "certificate",
    "dard",
    "distance",
    "epic",
    "equivalent_reward",
    "exact_regret",
    "minimal",
    "mixtures",
    "normalised",
    "random_reward",
    "regret_bounds",
    "return_range",
    "sparse_distance",
    "sparse_minimal",
    "sparse_value",
    "srrd",
    "value",
    "value_potential",
    "worst_regret",
]
