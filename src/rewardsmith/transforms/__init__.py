"""Reward -> reward, one concept per file."""

from __future__ import annotations

from ..core.nodes import Scale as Scale
from .clip import Clip as Clip
from .delta import Delta as Delta
from .group import GroupNormalize as GroupNormalize
from .normalize import Normalize as Normalize
from .potential import Potential as Potential
from .preference import PreferenceAsReward as PreferenceAsReward

__all__ = [
    "Clip",
    "Delta",
    "GroupNormalize",
    "Normalize",
    "Potential",
    "PreferenceAsReward",
    "Scale",
]
