"""Rewards learned from feedback: comparisons and demonstrations."""

from __future__ import annotations

from .active import next_pairs as next_pairs
from .inference import BTLInference as BTLInference
from .inference import NotIdentified as NotIdentified
from .inference import btl_inference as btl_inference
from .inference import item_differences as item_differences
from .inverse import max_entropy_irl as max_entropy_irl
from .inverse import sample_episodes as sample_episodes
from .inverse import visits_of as visits_of
from .preferences import bootstrap_preferences as bootstrap_preferences
from .preferences import fit_preferences as fit_preferences

__all__ = [
    "BTLInference",
    "NotIdentified",
    "bootstrap_preferences",
    "btl_inference",
    "fit_preferences",
    "item_differences",
    "max_entropy_irl",
    "next_pairs",
    "sample_episodes",
    "visits_of",
]
