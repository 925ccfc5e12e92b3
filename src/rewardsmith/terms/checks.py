"""Checks: a suite of tests that an answer passes or not, and the credit for passing some of them.

The field ``passed`` is ``(..., U)``, one column per test: 1 passed, 0 failed, NaN not decided (a timeout, a
crashed sandbox).  A test that was not decided is neither passed nor failed.
"""

from __future__ import annotations

from typing import Any

from ..core.algebra import Scope
from ..core.arrays import Array, xp
from ..core.groups import Groups
from ..core.term import term

_VERPO = "Wang et al. 2026, 'VeRPO', arXiv:2601.03525, equations 3 and 7 to 10"


@term(low=0.0, high=1.0)
def all_passed(passed: Array) -> Array:
    """1 where every test passed, 0 where one failed; NaN where none failed but one was not decided.

    Example:
        >>> import numpy as np
        >>> all_passed({"passed": np.array([[1.0, 1.0], [np.nan, 0.0], [np.nan, 1.0]])}).tolist()
        [1.0, 0.0, nan]
    """
    lib = xp(passed)
    failed = lib.any(passed <= 0.5, axis=-1)
    whole = lib.all(passed > 0.5, axis=-1)
    one = lib.sum(lib.zeros_like(passed), axis=-1)
    return lib.where(failed, one, lib.where(whole, one + 1.0, lib.nan))


@term(low=0.0, high=1.0)
def pass_rate(passed: Array) -> Array:
    """The share of decided tests that passed; NaN where none was decided.

    Example:
        >>> import numpy as np
        >>> pass_rate({"passed": np.array([[1.0, 0.0, np.nan, 1.0]])}).round(4).tolist()
        [0.6667]
    """
    lib = xp(passed)
    return _weighted(lib, passed, lib.ones_like(passed))[0]


@term(scope=Scope.GROUP, low=0.0, source=_VERPO)
def dense_credit(
    passed: Array,
    group: Array,
    *,
    alpha: float = 2.0,
    sigma: float = 0.1,
    delta: float = 1e-6,
    normalized: bool = False,
) -> Array:
    r"""\sum_j w_j passed_j, where tests that few pass, and that are not one of many alike, weigh most.

    w_j = ``density_weights`` of the pass rates in the group (all rows of it, so also all turns).  Where tests
    were not decided, the others stand for them: (\sum_j w_j) times the weighted share of decided tests passed.

    Args:
        normalized: divide by \sum_j w_j, so that credit means the same for every suite.

    Source: Wang et al. 2026, "VeRPO".
    Differs from the paper: the numbers alpha, sigma and delta were not stated where we could read.

    Example:
        >>> import numpy as np
        >>> passed = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])  # two easy tests that are alike, one harder
        >>> dense_credit(normalized=True)({"passed": passed, "group": [0, 0]}).round(3).tolist()
        [0.269, 1.0]
    """
    lib = xp(passed)
    groups = Groups.of(group)
    weights = density_weights(_pass_rates(lib, passed, groups), alpha, sigma, delta)
    share, whole = _weighted(lib, passed, weights[groups.index])
    return share if normalized else share * whole


def density_weights(rates: Array, alpha: float = 2.0, sigma: float = 0.1, delta: float = 1e-6) -> Array:
    r"""exp(-alpha rho_j) / (N_j + delta), N_j = \sum_k exp(-(rho_j - rho_k)^2 / (2 sigma^2)).

    Args:
        rates: rho, pass rates ``(..., U)``; a NaN rate has weight 0 and crowds nobody.

    Example:
        >>> import numpy as np
        >>> density_weights(np.array([1.0, 1.0, 0.0]), alpha=0.0).round(3).tolist()
        [0.5, 0.5, 1.0]
    """
    lib = xp(rates)
    known = ~lib.isnan(rates)
    rho = lib.where(known, rates, 0.0)
    gap = (rho[..., :, None] - rho[..., None, :]) / sigma
    near = lib.where(known[..., None, :], lib.exp(-0.5 * gap**2), 0.0)
    return lib.where(known, lib.exp(-alpha * rho) / (lib.sum(near, axis=-1) + delta), 0.0)


def _pass_rates(lib: Any, passed: Array, groups: Groups) -> Array:
    """``(groups, U)``; NaN for a test that was never decided in the group."""
    tests = passed.shape[-1]
    # one group for each pair of a group and a test
    cells = Groups(groups.index[..., None] * tests + lib.arange(tests), groups.count * tests)
    known = ~lib.isnan(passed)
    count = cells.sums(lib.where(known, lib.ones_like(passed), 0.0))
    right = cells.sums(lib.where(known, passed, 0.0))
    rates = lib.where(count > 0, right / lib.where(count > 0, count, 1.0), lib.nan)
    return rates.reshape(groups.count, tests)


def _weighted(lib: Any, passed: Array, weights: Array) -> tuple[Array, Array]:
    """Weighted share of decided tests that passed (NaN for none), and the sum of all weights."""
    known = ~lib.isnan(passed)
    decided = lib.sum(lib.where(known, weights, 0.0), axis=-1)
    got = lib.sum(lib.where(known, weights * passed, 0.0), axis=-1)
    share = lib.where(decided > 0, got / lib.where(decided > 0, decided, 1.0), lib.nan)
    return share, lib.sum(weights, axis=-1)
