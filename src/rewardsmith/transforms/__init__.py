"""Reward -> reward, one concept per file."""

from __future__ import annotations

from ..core.nodes import Scale as Scale
from .batch import BatchNormalize as BatchNormalize
from .clip import Clip as Clip
from .delay import Delay as Delay
from .delta import Delta as Delta
from .dispatch import Dispatch as Dispatch
from .dispatch import dispatch as dispatch
from .first_time import FirstTime as FirstTime
from .gated_accumulation import GatedAccumulation as GatedAccumulation
from .group import GroupNormalize as GroupNormalize
from .known import KnownSum as KnownSum
from .known import known_sum as known_sum
from .known import normalize_then_sum as normalize_then_sum
from .lagrange import Lagrange as Lagrange
from .lagrange import Standing as Standing
from .normalize import Normalize as Normalize
from .pessimism import Ensemble as Ensemble
from .pessimism import ensemble as ensemble
from .pessimism import fold_members as fold_members
from .potential import Potential as Potential
from .preference import PreferenceAsReward as PreferenceAsReward
from .redistribute import Redistribute as Redistribute
from .redistribute import conservation as conservation

__all__ = [
    "BatchNormalize",
    "Clip",
    "Delay",
    "Delta",
    "Dispatch",
    "Ensemble",
    "FirstTime",
    "GatedAccumulation",
    "GroupNormalize",
    "KnownSum",
    "Lagrange",
    "Normalize",
    "Potential",
    "PreferenceAsReward",
    "Redistribute",
    "Scale",
    "Standing",
    "conservation",
    "dispatch",
    "ensemble",
    "fold_members",
    "known_sum",
    "normalize_then_sum",
]
