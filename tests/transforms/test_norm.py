"""Norms of residuals against their formulas, in three array libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import Norm

RESIDUALS = [-3.0, -0.7, -1e-6, 0.0, 0.2, 5.0]


def by_hand(kind: str, scale: float, r: float) -> float:
    if kind == "quadratic":
        return r * r / 2
    return math.hypot(r, scale) - scale if kind == "smooth_abs" else scale**2 * (math.cosh(r / scale) - 1)


@pytest.mark.parametrize("norm", [*Norm.examples(), Norm("cosh", 0.3), Norm("smooth_abs", 2.0)])
def test_formula_in_three_libraries(norm: Norm) -> None:
    import jax.numpy as jnp
    import torch

    wanted = [by_hand(norm.kind, norm.scale, r) for r in RESIDUALS]
    here = np.array(RESIDUALS)
    np.testing.assert_allclose(norm.apply(here, {}, ())[0], wanted, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(norm.apply(torch.tensor(RESIDUALS).double(), {}, ())[0], wanted, atol=1e-12)
    np.testing.assert_allclose(norm.apply(jnp.asarray(here), {}, ())[0], wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("norm", Norm.examples())
def test_all_norms_are_half_the_square_near_zero(norm: Norm) -> None:
    tiny = 1e-5 * np.array([-1.0, 0.5, 1.0])
    scale = norm.scale if norm.kind == "smooth_abs" else 1.0
    np.testing.assert_allclose(scale * norm.apply(tiny, {}, ())[0], tiny**2 / 2, rtol=1e-6)


def test_wrong_norms_are_refused() -> None:
    with pytest.raises(BadInput, match="'quadratic', 'smooth_abs', 'cosh'"):
        Norm("square")
    for wrong in (0.0, -1.0, math.nan):
        with pytest.raises(BadInput, match="scale of Norm"):
            Norm("cosh", wrong)
