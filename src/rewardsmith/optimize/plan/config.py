"""Planner: the configuration of a planner, validated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.errors import BadInput
from ..control.config import number, whole


@dataclass(frozen=True)
class Planner:
    """Planning by sampling: the cross-entropy method with coloured noise (iCEM).

    At every step of the environment ``samples`` action sequences are drawn around a mean sequence, played in
    the model and scored with the reward; the ``elites`` move mean and deviation; this is repeated
    ``iterations`` times, and the first action of the best sequence is carried out.  The mean, shifted by one
    step, and the best sequences start the next decision.  With ``iterations=1, elites=1, momentum=0`` this is
    predictive sampling: the best of one draw around the last plan.

    Args:
        horizon: steps that a plan looks ahead.
        samples: action sequences per iteration.
        iterations: how often mean and deviation are moved per decision.
        elites: how many of the best sequences move them.
        deviation: of the first draw, in units in which every action is in [-1, 1].
        colour: b of the noise, whose power falls with frequency as 1 / f**b; 0 is white, 2 is smooth.
        keep: share of the elites that are tried again in the next iteration and at the next step.
        momentum: share of the old mean and deviation that stays.
        discount: of rewards within the plan.

    Raises:
        BadInput: a value is out of range, or there are more elites than samples.

    Source: Pinneri et al. (2020), arXiv:2008.06389 (iCEM); Howell et al. (2022), arXiv:2212.00541
    (predictive sampling).

    Differs from the paper: the number of samples does not fall from iteration to iteration, the mean itself
    is tried in every iteration, the best sequence of all iterations is carried out, and choices are planned
    as one number per choice, of which the greatest is taken (colour 0 suits them best).

    Example:
        >>> Planner(horizon=20, samples=64, iterations=3).simulated
        3840
    """

    horizon: int = 20
    samples: int = 64
    iterations: int = 3
    elites: int = 8
    deviation: float = 0.5
    colour: float = 2.0
    keep: float = 0.3
    momentum: float = 0.1
    discount: float = 1.0

    def __post_init__(self) -> None:
        for name in ("horizon", "samples", "iterations", "elites"):
            whole(f"Planner.{name}", getattr(self, name))
        number("Planner.deviation", self.deviation, 0.0, math.inf, open_low=True)
        number("Planner.colour", self.colour, 0.0, 4.0)
        number("Planner.keep", self.keep, 0.0, 1.0)
        number("Planner.momentum", self.momentum, 0.0, 1.0)
        number("Planner.discount", self.discount, 0.0, 1.0, open_low=True)
        if self.elites > self.samples:
            raise BadInput("Planner.elites", self.elites, f"at most samples = {self.samples}")

    @property
    def simulated(self) -> int:
        """Steps of the model per decision: the planning budget, to be stated with every result."""
        return self.horizon * self.samples * self.iterations

    @property
    def kept(self) -> int:
        """Sequences that are tried again."""
        return math.ceil(self.keep * self.elites)
