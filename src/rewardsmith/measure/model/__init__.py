"""Numbers about reward models: ranking, best-of-n, agreement, slices, calibration, over-optimisation."""

from __future__ import annotations

from .ablation import Ablation as Ablation
from .ablation import Factor as Factor
from .ablation import ablate as ablate
from .agreement import Contrast as Contrast
from .agreement import cohen_kappa as cohen_kappa
from .agreement import contrast_consistency as contrast_consistency
from .agreement import preference_flip_rate as preference_flip_rate
from .best_of_n import BonCurve as BonCurve
from .best_of_n import best_of_n_kl as best_of_n_kl
from .best_of_n import best_of_n_weights as best_of_n_weights
from .best_of_n import bon_curve as bon_curve
from .calibration import Calibration as Calibration
from .calibration import Reliability as Reliability
from .calibration import calibration as calibration
from .calibration import reliability_curve as reliability_curve
from .overoptimisation import OveroptCurve as OveroptCurve
from .overoptimisation import OveroptFit as OveroptFit
from .overoptimisation import fit_overopt as fit_overopt
from .overoptimisation import overoptimisation_curve as overoptimisation_curve
from .overoptimisation import r2_gain as r2_gain
from .overoptimisation import value_at_kl as value_at_kl
from .rank import kendall as kendall
from .rank import ranks as ranks
from .rank import spearman as spearman
from .ranking import mrr as mrr
from .ranking import one_to_many_accuracy as one_to_many_accuracy
from .ranking import pair_verdicts as pair_verdicts
from .ranking import pairwise_accuracy as pairwise_accuracy
from .scores import ItemMean as ItemMean
from .scores import item_mean as item_mean
from .slices import Slice as Slice
from .slices import SliceReport as SliceReport
from .slices import holm as holm
from .slices import slice_report as slice_report
from .steps import aggregate_steps as aggregate_steps

__all__ = [
    "Ablation",
    "BonCurve",
    "Calibration",
    "Contrast",
    "Factor",
    "ItemMean",
    "OveroptCurve",
    "OveroptFit",
    "Reliability",
    "Slice",
    "SliceReport",
    "ablate",
    "aggregate_steps",
    "best_of_n_kl",
    "best_of_n_weights",
    "bon_curve",
    "calibration",
    "cohen_kappa",
    "contrast_consistency",
    "fit_overopt",
    "holm",
    "item_mean",
    "kendall",
    "mrr",
    "one_to_many_accuracy",
    "overoptimisation_curve",
    "pair_verdicts",
    "pairwise_accuracy",
    "preference_flip_rate",
    "r2_gain",
    "ranks",
    "reliability_curve",
    "slice_report",
    "spearman",
    "value_at_kl",
]
