"""Reward -> reward, one concept per file."""

from __future__ import annotations

from ..core.nodes import Scale as Scale
from .batch import BatchNormalize as BatchNormalize
from .certificate import trajectory_bound as trajectory_bound
from .chi_squared_penalty import ChiSquaredPenalty as ChiSquaredPenalty
from .clip import Clip as Clip
from .contrast import ContrastiveBonus as ContrastiveBonus
from .contrast import contrastive_mask as contrastive_mask
from .count_bonus import CountBonus as CountBonus
from .delay import Delay as Delay
from .delta import Delta as Delta
from .difficulty import DifficultyWeight as DifficultyWeight
from .dispatch import Dispatch as Dispatch
from .dispatch import dispatch as dispatch
from .dynamic_potential import DynamicPotential as DynamicPotential
from .elliptical_bonus import EllipticalBonus as EllipticalBonus
from .evidence import GroupEvidence as GroupEvidence
from .first_time import FirstTime as FirstTime
from .gated_accumulation import GatedAccumulation as GatedAccumulation
from .group import GroupNormalize as GroupNormalize
from .group_gate import GroupGate as GroupGate
from .group_length import LengthBand as LengthBand
from .group_length import RelativeLength as RelativeLength
from .kl_budget import KLBudget as KLBudget
from .known import KnownSum as KnownSum
from .known import known_sum as known_sum
from .known import normalize_then_sum as normalize_then_sum
from .krc import GeometricMean as GeometricMean
from .krc import geometric_mean as geometric_mean
from .label_distribution import LabelDistribution as LabelDistribution
from .lagrange import Lagrange as Lagrange
from .lagrange import Standing as Standing
from .lagrange import standings as standings
from .latched import Latched as Latched
from .learned_potential import LearnedPotential as LearnedPotential
from .length import CosineLength as CosineLength
from .length import OverlongPenalty as OverlongPenalty
from .minmax import MinMax as MinMax
from .noise import Flip as Flip
from .noise import Jitter as Jitter
from .norm import Norm as Norm
from .normalize import Normalize as Normalize
from .override import Override as Override
from .payback import Payback as Payback
from .pessimism import Ensemble as Ensemble
from .pessimism import ensemble as ensemble
from .pessimism import fold_members as fold_members
from .piecewise import Piecewise as Piecewise
from .positive_unlabelled import PositiveUnlabelled as PositiveUnlabelled
from .positive_unlabelled import fit_positive_unlabelled as fit_positive_unlabelled
from .potential import Potential as Potential
from .potential_advice import PotentialAdvice as PotentialAdvice
from .preference import PreferenceAsReward as PreferenceAsReward
from .quantile import Quantile as Quantile
from .rank import Rank as Rank
from .redistribute import Redistribute as Redistribute
from .redistribute import conservation as conservation
from .rnd_bonus import RNDBonus as RNDBonus
from .schedule import Schedule as Schedule
from .sigmoid import Sigmoid as Sigmoid
from .soft_minimum import SoftMinimum as SoftMinimum
from .soft_minimum import soft_minimum as soft_minimum
from .step_delta import StepDelta as StepDelta
from .step_penalty import StepPenalty as StepPenalty
from .tanh import Tanh as Tanh

__all__ = [
    "BatchNormalize",
    "ChiSquaredPenalty",
    "Clip",
    "ContrastiveBonus",
    "CosineLength",
    "CountBonus",
    "Delay",
    "Delta",
    "DifficultyWeight",
    "Dispatch",
    "DynamicPotential",
    "EllipticalBonus",
    "Ensemble",
    "FirstTime",
    "Flip",
    "GatedAccumulation",
    "GeometricMean",
    "GroupEvidence",
    "GroupGate",
    "GroupNormalize",
    "Jitter",
    "KLBudget",
    "KnownSum",
    "LabelDistribution",
    "Lagrange",
    "Latched",
    "LearnedPotential",
    "LengthBand",
    "MinMax",
    "Norm",
    "Normalize",
    "OverlongPenalty",
    "Override",
    "Payback",
    "Piecewise",
    "PositiveUnlabelled",
    "Potential",
    "PotentialAdvice",
    "PreferenceAsReward",
    "Quantile",
    "RNDBonus",
    "Rank",
    "Redistribute",
    "RelativeLength",
    "Scale",
    "Schedule",
    "Sigmoid",
    "SoftMinimum",
    "Standing",
    "StepDelta",
    "StepPenalty",
    "Tanh",
    "conservation",
    "contrastive_mask",
    "dispatch",
    "ensemble",
    "fit_positive_unlabelled",
    "fold_members",
    "geometric_mean",
    "known_sum",
    "normalize_then_sum",
    "soft_minimum",
    "standings",
    "trajectory_bound",
]
