r"""Correlated proxies: how far a proxy reward may be trusted, and how strongly to regularise.

A proxy is r-correlated with the true reward under a base policy when their correlation over the base's visits
is r > 0.  Reward hacking is then defined: the proxy is optimised and the true return falls below the base's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..optimize.chi_squared import chi_squared as chi_squared
from ..optimize.chi_squared import normalised

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class HackingReport:
    r"""What optimising a proxy did to the true reward, in standard deviations under the base.

    Args:
        correlation: r of proxy and true reward over the base's visits.
        proxy_gain, true_gain: ``(E_policy[R] - E_base[R]) / sd_base[R]``, each for its own reward.
        chi_squared: of the policy's visits against the base's.
        bound: the least that ``true_gain`` can be, see ``true_gain_bound``; NaN where r <= 0.
        coefficient: what the root of chi2 should cost, in units of the proxy; NaN where r <= 0.
    """

    correlation: float
    proxy_gain: float
    true_gain: float
    chi_squared: float
    bound: float
    coefficient: float

    @property
    def hacked(self) -> bool:
        """A proxy with r > 0 was raised and the true return fell."""
        return self.correlation > 0 and self.proxy_gain > 0 and self.true_gain < 0

    def __str__(self) -> str:
        word = "hacked" if self.hacked else "not hacked"
        return (
            f"{word}: proxy {self.proxy_gain:+.3g} sd, true {self.true_gain:+.3g} sd "
            f"(at least {self.bound:+.3g}); r = {self.correlation:.3g}, chi2 = {self.chi_squared:.3g}"
        )


def proxy_correlation(base: Any, proxy: Any, true: Any) -> float:
    """Pearson correlation of two rewards over the visits of a base policy.

    Args:
        base: visits, ``(S, A)`` or ``(A,)``; brought to mass 1.
        proxy, true: rewards of the same shape; finite wherever the base goes.

    Returns:
        NaN where one of the two is constant on the visits.

    Example:
        >>> round(proxy_correlation([0.25, 0.5, 0.25], [0.0, 1.0, 2.0], [0.0, 1.0, 1.0]), 4)
        0.8165
    """
    visits, first, second = _aligned(base, proxy, true)
    (_, sd_first, z_first), (_, sd_second, z_second) = _moments(visits, first), _moments(visits, second)
    if sd_first == 0 or sd_second == 0:
        return math.nan
    return float(np.clip(visits @ (z_first * z_second) / (sd_first * sd_second), -1.0, 1.0))


def true_gain_bound(correlation: float, proxy_gain: float, chi2: float) -> float:
    """The least true gain, in sd: ``(proxy_gain - sqrt((1 - r^2) chi2)) / r``; NaN where r <= 0.

    With ``proxy / sd = r true / sd + sqrt(1 - r^2) Z`` and w = p / base, Z gains at most
    ``E_base[(w - 1) Z] <= sqrt(chi2)`` by Cauchy and Schwarz; the rest is arithmetic.

    Source: Laidlaw, Singhal and Dragan, "Correlated Proxies", arXiv:2403.03185.

    Example:
        >>> true_gain_bound(0.6, proxy_gain=0.8, chi2=0.25)
        0.6666666666666667
    """
    if not correlation > 0:
        return math.nan
    return (proxy_gain - math.sqrt(max(0.0, 1.0 - correlation**2) * chi2)) / correlation


def hacking_report(base: Any, policy: Any, proxy: Any, true: Any) -> HackingReport:
    """Compare what a policy gains in a proxy with what it gains in the true reward.

    Args:
        base, policy: visits of one shape, ``(S, A)`` as from ``core.mdp.occupancy`` or ``(A,)``; r must be
            measured under the base, never under the optimised policy.
        proxy, true: rewards of that shape.

    Raises:
        BadInput: the policy leaves the base's support, or a reward is constant on it (no scale exists).

    Source: Laidlaw, Singhal and Dragan, arXiv:2403.03185.

    Example:
        >>> base, proxy, true = [0.5, 0.48, 0.02], [0.0, 1.0, 2.0], [0.0, 1.0, -1.0]
        >>> print(hacking_report(base, [0.0, 0.1, 0.9], proxy, true))
        hacked: proxy +2.56 sd, true -2.35 sd (at least -2.82); r = 0.695, chi2 = 39.5
    """
    visits, first, second = _aligned(base, proxy, true)
    p = normalised("policy", policy).ravel()
    apart = chi_squared(p, visits)
    (m_first, sd_first, _), (m_second, sd_second, _) = _moments(visits, first), _moments(visits, second)
    if sd_first == 0 or sd_second == 0:
        which = "proxy" if sd_first == 0 else "true reward"
        raise BadInput(which, "constant on what the base visits", "one that varies", "no correlation exists")
    r = proxy_correlation(visits, first, second)
    gain, real = (float(p @ first) - m_first) / sd_first, (float(p @ second) - m_second) / sd_second
    price = sd_first * math.sqrt(max(0.0, 1.0 - r * r)) if r > 0 else math.nan
    return HackingReport(r, gain, real, apart, true_gain_bound(r, gain, apart), price)


def _aligned(base: Any, proxy: Any, true: Any) -> tuple[Floats, Floats, Floats]:
    """Visits of mass 1 and both rewards, flat; what is never visited pays 0."""
    visits = normalised("base", base)
    rewards: list[Floats] = []
    for name, each in (("proxy", proxy), ("true", true)):
        values = np.asarray(each, np.float64)
        if values.shape != visits.shape:
            raise BadInput(name, f"shape {values.shape}", f"that of the base, {visits.shape}")
        if not np.isfinite(values[visits > 0]).all():
            raise BadInput(name, "NaN or infinity", "finite numbers wherever the base goes")
        rewards.append(np.where(visits > 0, values, 0.0).ravel())
    return visits.ravel(), rewards[0], rewards[1]


def _moments(visits: Floats, values: Floats) -> tuple[float, float, Floats]:
    """Mean, standard deviation (0 for rounding) and what is left without the mean."""
    mean = float(visits @ values)
    rest = values - mean
    spread = math.sqrt(float(visits @ rest**2))
    return mean, spread if spread > 1e-12 * (1 + abs(mean)) else 0.0, rest
