"""Numbers about rewards and about what was reached with them."""

from __future__ import annotations

from .cliff import Cliff as Cliff
from .cliff import action_gap as action_gap
from .cliff import cliff_report as cliff_report
from .cliff import stability_constant as stability_constant
from .correlated import HackingReport as HackingReport
from .correlated import chi_squared as chi_squared
from .correlated import hacking_report as hacking_report
from .correlated import proxy_correlation as proxy_correlation
from .correlated import true_gain_bound as true_gain_bound
from .deference import BoltzmannHuman as BoltzmannHuman
from .deference import DiscreteBelief as DiscreteBelief
from .deference import GaussianBelief as GaussianBelief
from .deference import NoisyHuman as NoisyHuman
from .deference import RationalHuman as RationalHuman
from .deference import deference_incentive as deference_incentive
from .monitor import Action as Action
from .monitor import HackingMonitor as HackingMonitor
from .monitor import Reading as Reading
from .monitor import Watch as Watch
from .monitor import calibrated as calibrated
from .monitor import cusum as cusum
from .monitor import parting as parting
from .monitor import scan as scan
from .monitor import trend as trend
from .orders import ForcedUncertainty as ForcedUncertainty
from .orders import PartialOrder as PartialOrder
from .orders import forced_uncertainty as forced_uncertainty
from .orders import keeps as keeps
from .pareto import crowding_distance as crowding_distance
from .pareto import expected_utility as expected_utility
from .pareto import hypervolume as hypervolume
from .pareto import non_dominated as non_dominated
from .pareto import sparsity as sparsity
from .specification import Effort as Effort
from .specification import Specification as Specification
from .specification import Specified as Specified
from .specification import specification_benchmark as specification_benchmark

__all__ = [
    "Action",
    "BoltzmannHuman",
    "Cliff",
    "DiscreteBelief",
    "Effort",
    "ForcedUncertainty",
    "GaussianBelief",
    "HackingMonitor",
    "HackingReport",
    "NoisyHuman",
    "PartialOrder",
    "RationalHuman",
    "Reading",
    "Specification",
    "Specified",
    "Watch",
    "action_gap",
    "calibrated",
    "chi_squared",
    "cliff_report",
    "crowding_distance",
    "cusum",
    "deference_incentive",
    "expected_utility",
    "forced_uncertainty",
    "hacking_report",
    "hypervolume",
    "keeps",
    "non_dominated",
    "parting",
    "proxy_correlation",
    "scan",
    "sparsity",
    "specification_benchmark",
    "stability_constant",
    "trend",
    "true_gain_bound",
]
