"""How far apart rewards are, and what that can cost."""

from __future__ import annotations

from .canonical import CANONICAL as CANONICAL
from .canonical import Canonical as Canonical
from .canonical import dard as dard
from .canonical import epic as epic
from .canonical import minimal as minimal
from .canonical import srrd as srrd
from .canonical import tabulate_everywhere as tabulate_everywhere
from .canonical import value as value
from .canonical import value_potential as value_potential
from .certificate import Certificate as Certificate
from .certificate import certificate as certificate
from .certificate import regret_bounds as regret_bounds
from .coverage import Coverage as Coverage
from .coverage import RandomPolicies as RandomPolicies
from .coverage import check_fields as check_fields
from .coverage import record_coverage as record_coverage
from .distance import KINDS as KINDS
from .distance import Distance as Distance
from .distance import Kind as Kind
from .distance import canonical_form as canonical_form
from .distance import distance as distance
from .distance import normalised as normalised
from .equivalent import equivalent_reward as equivalent_reward
from .equivalent import mixtures as mixtures
from .equivalent import random_reward as random_reward
from .matrix import METRICS as METRICS
from .matrix import Comparison as Comparison
from .matrix import compare as compare
from .matrix import linkage as linkage
from .moments import Moments as Moments
from .moments import Transitions as Transitions
from .moments import transition_moments as transition_moments
from .regret import Regret as Regret
from .regret import exact_regret as exact_regret
from .regret import return_range as return_range
from .regret import worst_regret as worst_regret
from .returns import Agreement as Agreement
from .returns import episode_returns as episode_returns
from .returns import return_agreement as return_agreement
from .sampled import SAMPLED as SAMPLED
from .sampled import Sampled as Sampled
from .sampled import sampled_distance as sampled_distance
from .sampled import starc_of as starc_of
from .sparse import SparseDynamics as SparseDynamics
from .sparse import sparse_distance as sparse_distance
from .sparse import sparse_minimal as sparse_minimal
from .sparse import sparse_value as sparse_value
from .trained import TrainedRegret as TrainedRegret
from .trained import trained_regret as trained_regret

__all__ = [
    "CANONICAL",
    "KINDS",
    "METRICS",
    "SAMPLED",
    "Agreement",
    "Canonical",
    "Certificate",
    "Comparison",
    "Coverage",
    "Distance",
    "Kind",
    "Moments",
    "RandomPolicies",
    "Regret",
    "Sampled",
    "SparseDynamics",
    "TrainedRegret",
    "Transitions",
    "canonical_form",
    "certificate",
    "check_fields",
    "compare",
    "dard",
    "distance",
    "epic",
    "episode_returns",
    "equivalent_reward",
    "exact_regret",
    "linkage",
    "minimal",
    "mixtures",
    "normalised",
    "random_reward",
    "record_coverage",
    "regret_bounds",
    "return_agreement",
    "return_range",
    "sampled_distance",
    "sparse_distance",
    "sparse_minimal",
    "sparse_value",
    "srrd",
    "starc_of",
    "tabulate_everywhere",
    "trained_regret",
    "transition_moments",
    "value",
    "value_potential",
    "worst_regret",
]
