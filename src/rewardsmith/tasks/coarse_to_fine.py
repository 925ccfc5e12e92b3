"""Shapes built from coarse to fine: a plan of 8 x 8 cells, and switches that refine it at 16 x 16.

Each prompt hides a target shape.  Plan 0 is the target seen coarsely; the others have more and more wrong
cells. A plan leaves some fine cells open, which can be switched: its wrong ones first.  Only the trap is
different: with ``trap`` the plan that looks best leaves none of its wrong cells open, so it cannot be
refined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, Any]
COARSE, FINE = 8, 16
SHAPE_SHARE = 0.4  # of the picture is inside the target


def coarse_to_fine(
    rng: np.random.Generator, prompts: int, plans: int = 16, switches: int = 64, trap: bool = True
) -> dict[str, Floats]:
    """Draw targets and plans.

    Returns:
        ``shape (P, K, 256)`` of every plan before it is refined, ``target`` of the same shape, ``cells (P, K,
        S)`` the cells that can be switched, and ``coarse (P, K)``, the IoU of plan and target at 8 x 8.

    Example:
        >>> fields = coarse_to_fine(np.random.default_rng(0), prompts=1)
        >>> fields["coarse"][0, :2].round(2).tolist()
        [1.0, 0.93]
    """
    if not 1 <= switches <= FINE**2 or plans < 1:
        raise BadInput("coarse_to_fine", f"{plans} plans, {switches} switches", "plans >= 1, switches 1 to 256")
    shape, target = np.zeros((prompts, plans, FINE**2)), np.zeros((prompts, plans, FINE**2))
    cells, coarse = np.zeros((prompts, plans, switches), np.int64), np.zeros((prompts, plans))
    for p in range(prompts):
        goal = _blob(rng)
        seen = goal.reshape(COARSE, 2, COARSE, 2).mean((1, 3)).ravel() >= 0.5
        target[p] = goal.ravel()
        for k in range(plans):
            plan = seen.copy()
            wrong_cells = rng.permutation(COARSE**2)[: 0 if k == 0 else 2 + k // 2]
            plan[wrong_cells] = ~plan[wrong_cells]
            coarse[p, k] = iou(plan.astype(float), seen.astype(float))
            shape[p, k] = np.kron(plan.reshape(COARSE, COARSE), np.ones((2, 2))).ravel()
            wrong = shape[p, k] != target[p, k]
            first = ~wrong if trap and k == 0 else wrong
            cells[p, k] = np.argsort(-(rng.random(FINE**2) + first))[:switches]
    return {"shape": shape, "target": target, "cells": cells, "coarse": coarse}


def refine(details: Floats, fields: Mapping[str, Floats]) -> dict[str, Floats]:
    """Switch the open cells whose detail is 1; ``fine`` is the IoU of the result with the target.

    Args:
        details: ``(N, S)`` of 0 and 1.
        fields: those of ``coarse_to_fine`` for N plans.
    """
    rows = np.arange(len(details))[:, None]
    shape = fields["shape"].copy()
    shape[rows, fields["cells"]] = np.abs(shape[rows, fields["cells"]] - details)
    return {"fine": iou(shape, fields["target"])}


def iou(ours: Floats, theirs: Floats) -> Floats:
    """Intersection over union of two sets of cells, 0 or 1 in the last axis.

    Example:
        >>> iou(np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0])).round(3)
        np.float64(0.333)
    """
    return np.minimum(ours, theirs).sum(-1) / np.maximum(ours, theirs).sum(-1)


def _blob(rng: np.random.Generator) -> Floats:
    """Where the sum of four random hills is high: a smooth shape."""
    y, x = np.mgrid[:FINE, :FINE]
    height = np.zeros((FINE, FINE))
    for _ in range(4):
        (cx, cy), width = rng.uniform(3.0, 12.0, 2), rng.uniform(2.0, 4.0)
        height += np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width**2))
    return (height > np.quantile(height, 1 - SHAPE_SHARE)).astype(float)
