r"""The off-switch game: what a robot gains by letting a person decide, given what it believes about the reward.

A robot may act (worth U, which it does not know), switch itself off (worth 0), or wait: the person then lets
the action happen with probability p(U) or presses the switch.  The incentive to defer is

    Delta = E[p(U) U] - max(E[U], 0).

It is a number about a belief and a model of a person, not a proof of safety: a belief that is certain and
wrong has Delta <= 0, and waiting costs nothing here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class RationalHuman:
    """Lets through what is worth at least 0: p(U) = 1[U >= 0]."""

    def allows(self, worth: Any) -> Floats:
        """The probability p(U)."""
        return np.where(np.asarray(worth, np.float64) >= 0, 1.0, 0.0)


@dataclass(frozen=True)
class NoisyHuman:
    """Is rational, but does the opposite with probability ``error``: p(U) is 1 - error or error."""

    error: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.error <= 1:
            raise BadInput("NoisyHuman.error", self.error, "0 to 1")

    def allows(self, worth: Any) -> Floats:
        """The probability p(U)."""
        return np.where(np.asarray(worth, np.float64) >= 0, 1.0 - self.error, self.error)


@dataclass(frozen=True)
class BoltzmannHuman:
    """Errs more the less is at stake: p(U) = 1 / (1 + exp(-U / temperature)); 0 is the rational human."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise BadInput("BoltzmannHuman.temperature", self.temperature, "a finite number >= 0")

    def allows(self, worth: Any) -> Floats:
        """The probability p(U); by tanh, which does not overflow."""
        if self.temperature == 0:
            return RationalHuman().allows(worth)
        return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(worth, np.float64) / self.temperature)


Human = RationalHuman | NoisyHuman | BoltzmannHuman


@dataclass(frozen=True)
class GaussianBelief:
    """U is normal: ``mean`` and ``deviation`` (>= 0) are numbers or arrays that broadcast."""

    mean: Any
    deviation: Any

    def __post_init__(self) -> None:
        mean, deviation = np.asarray(self.mean, np.float64), np.asarray(self.deviation, np.float64)
        if not np.isfinite(mean).all() or not np.isfinite(deviation).all() or (deviation < 0).any():
            raise BadInput("GaussianBelief", "a mean or deviation", "finite means, finite deviations >= 0")


@dataclass(frozen=True, eq=False)
class DiscreteBelief:
    """U is one of N values, last axis: the members of an ensemble, samples of a posterior.

    Args:
        values: ``(..., N)``.
        weights: probabilities that broadcast over ``values``; None for equal ones.
    """

    values: Any
    weights: Any = None

    def __post_init__(self) -> None:
        values = np.asarray(self.values, np.float64)
        if values.ndim == 0 or not values.shape[-1] or not np.isfinite(values).all():
            raise BadInput("DiscreteBelief.values", f"shape {values.shape}", "finite numbers (..., N)")
        if self.weights is not None:
            weights = np.asarray(self.weights, np.float64)
            if (weights < 0).any() or not np.allclose(weights.sum(-1), 1):
                raise BadInput("DiscreteBelief.weights", "no probabilities", "numbers >= 0 that sum to 1")

    def expected(self, numbers: Any) -> Floats:
        """The mean over the values."""
        weights = 1.0 / np.shape(self.values)[-1] if self.weights is None else np.asarray(self.weights)
        return np.asarray((np.asarray(numbers) * weights).sum(-1), np.float64)


def deference_incentive(belief: GaussianBelief | DiscreteBelief, human: Human) -> Floats:
    """``E[p(U) U] - max(E[U], 0)``: what waiting is worth above acting or switching off, whichever is better.

    Exact sums for a discrete belief.  For a normal one ``E[max(U, 0)] = m Phi(m/s) + s phi(m/s)`` in closed
    form, less what the person's errors cost: a multiple of ``E|U|``, or for a Boltzmann human the integral
    of ``|u| p(-|u|)`` by Gauss-Legendre on pieces fine enough for both scales (1e-10; Gauss-Hermite is wrong by
    1e-3 at the kink of a person who hardly errs).

    Returns:
        The shape of the belief; in units of U.  Positive: the robot waits.

    Source: Hadfield-Menell, Dragan, Abbeel and Russell, "The Off-Switch Game", arXiv:1611.08219.

    Example:
        >>> round(float(deference_incentive(GaussianBelief(0.0, 1.0), RationalHuman())), 4)
        0.3989
        >>> deference_incentive(DiscreteBelief([[-1.0, 2.0], [1.0, 2.0]]), RationalHuman()).tolist()
        [0.5, 0.0]
    """
    if isinstance(belief, DiscreteBelief):
        values = np.asarray(belief.values, np.float64)
        wait = belief.expected(human.allows(values) * values)
        return wait - np.maximum(belief.expected(values), 0.0)
    mean, deviation = np.broadcast_arrays(
        np.asarray(belief.mean, np.float64), np.asarray(belief.deviation, np.float64)
    )
    gain = _positive_part(mean, deviation)
    if isinstance(human, NoisyHuman):
        lost = human.error * (gain + _positive_part(-mean, deviation))
    elif isinstance(human, BoltzmannHuman) and human.temperature > 0:
        lost = _boltzmann_loss(mean, deviation, human.temperature)
    else:
        lost = np.zeros(mean.shape)
    return np.asarray(gain - lost - np.maximum(mean, 0.0))


def _positive_part(mean: Floats, deviation: Floats) -> Floats:
    """``E[max(U, 0)]`` of normal U."""
    safe = np.where(deviation > 0, deviation, 1.0)
    z = mean / safe
    below = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in z.ravel()]).reshape(z.shape)
    found = mean * below + safe * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return np.where(deviation > 0, found, np.maximum(mean, 0.0))


def _boltzmann_loss(mean: Floats, deviation: Floats, temperature: float) -> Floats:
    """``E[|U| / (1 + exp(|U| / temperature))]``: what a rational human would have kept."""

    def cost(size: Floats) -> Floats:
        return size * (0.5 - 0.5 * np.tanh(0.5 * size / temperature))

    m, s = mean.ravel()[:, None], deviation.ravel()[:, None]
    scale = np.where(s > 0, s, 1.0)
    steps = np.array([0, 0.5, 1, 2, 3, 4.5, 6, 8, 10, 13, 17, 22, 30, 40])
    ends = [
        temperature * steps[None].repeat(len(m), 0),
        *(np.abs(m) + sign * scale * steps for sign in (1, -1)),
    ]
    edges = np.sort(np.maximum(np.concatenate(ends, axis=1), 0.0), axis=1)
    half = 0.5 * np.diff(edges, axis=1)[..., None]
    u = half * NODES + 0.5 * (edges[:, 1:] + edges[:, :-1])[..., None]
    around = (np.exp(-0.5 * ((u - sign * m[..., None]) / scale[..., None]) ** 2) for sign in (1, -1))
    density = sum(around) / (scale[..., None] * math.sqrt(2 * math.pi))
    total = (half * WEIGHTS * cost(u) * density).sum((1, 2))
    return np.where(s[:, 0] > 0, total, cost(np.abs(m[:, 0]))).reshape(mean.shape)
