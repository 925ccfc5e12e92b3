r"""Boxes: how well a predicted box or point agrees with the true one.

Boxes are ``(..., 4)`` arrays ``x1, y1, x2, y2`` with ``x1 < x2`` and ``y1 < y2``, in any one unit; points are
``(..., 2)``.  Nothing is ever rounded, so a better box is paid more however small the difference.

What cannot be scored, in every term here:

- a gold box without area, out of order or NaN is wrong data: NaN, 'no verdict' (``check_boxes`` finds it);
- a predicted box that is out of order is a wrong answer: the lowest value, whatever it would overlap.  A
  predicted box without area is scored as it stands (IoU 0);
- a prediction that is NaN was not understood: NaN.  Give it a format term of its own, or ``gate`` it.

Point the terms at your own fields: ``iou(box="prediction", gold_box="target")``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import Array, to_numpy, xp
from ..core.errors import BadInput
from ..core.term import term

_GIOU = "Rezatofighi et al. 2019, 'Generalized Intersection over Union', CVPR"
_GUI_G2 = "Tang et al. 2025, 'GUI-G2: Gaussian Reward Modeling for GUI Grounding', arXiv:2507.15846"
_GUI_G1 = "Zhou et al. 2025, 'GUI-G1: Understanding R1-Zero-Like Training', arXiv:2505.15810"


def check_boxes(boxes: Array, what: str = "boxes") -> None:
    """Refuse boxes that are out of order, without area or not finite: for the gold boxes of a data set.

    Raises:
        BadInput: with the number of such boxes and the first of them.

    Example:
        >>> check_boxes(np.array([[0.0, 0.0, 2.0, 1.0]]))
        >>> check_boxes(np.array([[0.0, 0.0, 2.0, 1.0], [3.0, 0.0, 2.0, 1.0]]), "gold_box")
        Traceback (most recent call last):
        rewardsmith.core.errors.BadInput: gold_box: received [3.0, 0.0, 2.0, 1.0] (1 of 2 like it); ...
    """
    flat: Any = np.reshape(to_numpy(boxes), (-1, 4))
    wrong = ~(np.isfinite(flat).all(1) & (flat[:, 2] > flat[:, 0]) & (flat[:, 3] > flat[:, 1]))
    if wrong.any():
        received = f"{flat[wrong][0].tolist()} ({int(wrong.sum())} of {len(flat)} like it)"
        raise BadInput(what, received, "finite x1 < x2 and y1 < y2")


@term(low=0.0, high=1.0)
def iou(box: Array, gold_box: Array) -> Array:
    r"""|A \cap B| / |A \cup B| of two boxes; 0 for a predicted box out of order.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 2.0, 1.0]]), "gold_box": np.array([[1.0, 0.0, 3.0, 1.0]])}
        >>> iou(batch).round(6).tolist()
        [0.333333]
    """
    inter, union, _ = overlap(box, gold_box)
    return _scored(inter / union, box, gold_box, 0.0)


@term(low=-1.0, high=1.0, source=_GIOU)
def giou(box: Array, gold_box: Array) -> Array:
    r"""IoU - (|hull| - |A \cup B|) / |hull|: has a slope where boxes do not meet; -1 out of order.

    Source: Rezatofighi et al. 2019, "Generalized Intersection over Union".

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 1.0, 1.0]]), "gold_box": np.array([[2.0, 0.0, 3.0, 1.0]])}
        >>> giou(batch).round(6).tolist()
        [-0.333333]
    """
    inter, union, hull = overlap(box, gold_box)
    return _scored(inter / union - (hull - union) / hull, box, gold_box, -1.0)


@term(low=0.0)
def box_l1(box: Array, gold_box: Array) -> Array:
    r"""\sum_k |b_k - g_k| over the four coordinates, in their unit: a cost, so weigh it negatively.

    A predicted box out of order has a distance too, so it is no exception here.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 1.0, 1.0]]), "gold_box": np.array([[0.0, 0.5, 1.0, 2.0]])}
        >>> box_l1(batch).tolist()
        [1.5]
    """
    gaps = abs(_four(box) - _four(gold_box))
    return _where_gold(xp(gaps).sum(gaps, axis=-1), gold_box)


@term(low=0.0)
def center_distance(box: Array, gold_box: Array) -> Array:
    """Distance between the centres of two boxes, in their unit: a cost; defined for any order of corners.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 1.0, 1.0]]), "gold_box": np.array([[3.0, 4.0, 4.0, 5.0]])}
        >>> center_distance(batch).tolist()
        [5.0]
    """
    dx, dy = _centre_gap(box, gold_box)
    return _where_gold(xp(dx).sqrt(dx**2 + dy**2), gold_box)


@term(low=0.0, high=1.0)
def center_hit(box: Array, gold_box: Array) -> Array:
    """1 where the centre of the predicted box lies in the gold box, its edge included; 0 out of order.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 2.0, 2.0]]), "gold_box": np.array([[1.0, 1.0, 5.0, 5.0]])}
        >>> center_hit(batch).tolist()
        [1.0]
    """
    return _scored(_inside(*_centre(box), gold_box), box, gold_box, 0.0)


@term(low=0.0, high=1.0)
def point_hit(point: Array, gold_box: Array) -> Array:
    """1 where a point (a click) lies in the gold box, its edge included.

    Example:
        >>> batch = {"point": np.array([[0.5, 2.0]]), "gold_box": np.array([[0.0, 0.0, 1.0, 1.0]])}
        >>> point_hit(batch).tolist()
        [0.0]
    """
    x, y = point[..., 0], point[..., 1]
    return _where_gold(_inside(x, y, gold_box) + 0.0 * (x + y), gold_box)


@term(low=0.0, high=1.0, source=_GUI_G2)
def gaussian_point(box: Array, gold_box: Array, *, alpha: float = 0.5) -> Array:
    r"""exp(-1/2 [(dx / (\alpha w))^2 + (dy / (\alpha h))^2]), d the gap of the centres, w, h of the gold box.

    The scale is that of the target, so a small button has to be hit more precisely than a large one.  0 for a
    predicted box out of order.  Beyond about 38 standard deviations the value is 0 in double precision: add a
    second kernel with a large ``alpha`` where answers start far away.

    Source: Tang et al. 2025, "GUI-G2", equations 2 and 5.
    Differs from the paper: never rounded (the released code rounds to three decimals, 0 beyond 3.9 sigma).

    Example:
        >>> batch = {"box": np.array([[1.0, 0.0, 3.0, 1.0]]), "gold_box": np.array([[0.0, 0.0, 2.0, 1.0]])}
        >>> gaussian_point(batch).round(4).tolist()
        [0.6065]
    """
    return _scored(_kernel(*_centre_gap(box, gold_box), gold_box, alpha), box, gold_box, 0.0)


@term(low=0.0, high=1.0, source=_GUI_G2)
def gaussian_click(point: Array, gold_box: Array, *, alpha: float = 0.5) -> Array:
    """``gaussian_point`` for a point (a click) instead of the centre of a box.

    Example:
        >>> batch = {"point": np.array([[2.0, 0.5]]), "gold_box": np.array([[0.0, 0.0, 2.0, 1.0]])}
        >>> gaussian_click(batch).round(4).tolist()
        [0.6065]
    """
    x, y = _centre(gold_box)
    return _where_gold(_kernel(point[..., 0] - x, point[..., 1] - y, gold_box, alpha), gold_box)


@term(low=0.0, high=1.0, source=_GUI_G2)
def gaussian_coverage(box: Array, gold_box: Array, *, alpha: float = 0.5) -> Array:
    r"""Bhattacharyya coefficient \int \sqrt{N_p N_g} of two Gaussians that stand for the boxes.

    Their means are the centres, their standard deviations alpha times the sides.  For each axis \sqrt{2 s_p
    s_g / (s_p^2 + s_g^2)} exp(-d^2 / (4 (s_p^2 + s_g^2))), multiplied.  1 for equal boxes; 0 for a predicted
    box without area or out of order (squared sizes would give it full marks).

    Source: Tang et al. 2025, "GUI-G2", equations 3 and 4.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 2.0, 1.0]]), "gold_box": np.array([[0.0, 0.0, 1.0, 1.0]])}
        >>> gaussian_coverage(batch).round(4).tolist()
        [0.8508]
    """
    lib = xp(box, gold_box)
    total: Any = 1.0
    for gap, ours, theirs in zip(_centre_gap(box, gold_box), _size(box), _size(gold_box), strict=True):
        s, t = alpha * abs(ours), alpha * abs(theirs)
        both = _safe(s**2 + t**2)
        total = total * lib.sqrt(2.0 * s * t / both) * lib.exp(-(gap**2) / (4.0 * both))
    return _scored(total, box, gold_box, 0.0)


@term(low=0.0, high=1.0, source=_GUI_G1)
def harmonic_agreement(
    box: Array, gold_box: Array, *, width: float = 1.0, height: float = 1.0, floor: float = 1e-3
) -> Array:
    r"""Harmonic mean of s_k = 1 - |b_k - g_k| / (width or height) over the four coordinates: all must be near.

    ``width`` and ``height`` are those of the image (1 for coordinates in 0..1; bring images of several sizes
    there first).  s_k is kept above ``floor``, so a coordinate outside the image costs much and divides by
    nothing.  0 for a predicted box out of order.

    Source: Zhou et al. 2025, "GUI-G1" (box size reward).
    Differs from the paper: the released code gives 0 where a division fails.

    Example:
        >>> batch = {"box": np.array([[0.0, 0.0, 1.0, 1.0]]), "gold_box": np.array([[0.0, 0.0, 1.0, 0.5]])}
        >>> harmonic_agreement(batch).round(4).tolist()
        [0.8]
    """
    lib = xp(box, gold_box)
    gaps = abs(_four(box) - _four(gold_box))
    total: Any = 0.0
    for k, size in enumerate((width, height, width, height)):
        share = 1.0 - gaps[..., k] / size
        total = total + 1.0 / lib.where(share < floor, floor, share)
    return _scored(4.0 / total, box, gold_box, 0.0)


def overlap(box: Array, gold_box: Array) -> tuple[Array, Array, Array]:
    """Areas of intersection, union and hull of two boxes; where one is out of order, numbers without meaning.

    Example:
        >>> [float(area) for area in overlap(np.array([0.0, 0.0, 2.0, 1.0]), np.array([1.0, 0.0, 3.0, 1.0]))]
        [1.0, 3.0, 3.0]
    """
    box, gold_box = _four(box), _four(gold_box)
    lib = xp(box, gold_box)
    low, high = lib.maximum(box[..., :2], gold_box[..., :2]), lib.minimum(box[..., 2:], gold_box[..., 2:])
    sides = lib.where(high > low, high - low, 0.0 * (high - low))
    inter = sides[..., 0] * sides[..., 1]
    hull = lib.maximum(box[..., 2:], gold_box[..., 2:]) - lib.minimum(box[..., :2], gold_box[..., :2])
    areas = [_size(each)[0] * _size(each)[1] for each in (box, gold_box)]
    return inter, _safe(areas[0] + areas[1] - inter), _safe(hull[..., 0] * hull[..., 1])


def _four(box: Array) -> Array:
    if len(box.shape) == 0 or box.shape[-1] != 4:
        raise BadInput("box", f"shape {tuple(box.shape)}", "(..., 4): x1, y1, x2, y2")
    return box


def _size(box: Array) -> tuple[Array, Array]:
    box = _four(box)
    return box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]


def _centre(box: Array) -> tuple[Array, Array]:
    box = _four(box)
    return 0.5 * (box[..., 0] + box[..., 2]), 0.5 * (box[..., 1] + box[..., 3])


def _centre_gap(box: Array, gold_box: Array) -> tuple[Array, Array]:
    (x, y), (gold_x, gold_y) = _centre(box), _centre(gold_box)
    return x - gold_x, y - gold_y


def _kernel(dx: Array, dy: Array, gold_box: Array, alpha: float) -> Array:
    width, height = _size(gold_box)
    return xp(dx).exp(-0.5 * ((dx / _safe(alpha * width)) ** 2 + (dy / _safe(alpha * height)) ** 2))


def _inside(x: Array, y: Array, box: Array) -> Array:
    inside = (x >= box[..., 0]) & (x <= box[..., 2]) & (y >= box[..., 1]) & (y <= box[..., 3])
    return xp(x).where(inside, 1.0 + 0.0 * x, 0.0 * x)


def _safe(divisor: Array) -> Array:
    """1 where a divisor is 0, so that what is replaced afterwards has no infinite slope either."""
    lib = xp(divisor)
    return lib.where(divisor == 0, lib.ones_like(divisor), divisor)


def _scored(value: Array, box: Array, gold_box: Array, lowest: float) -> Array:
    """The value where both boxes are in order; ``lowest`` for a wrong prediction, NaN for none or bad data."""
    lib, (width, height) = xp(value), _size(box)
    wrong = (width < 0) | (height < 0)
    known = lowest + 0.0 * (width + height)  # NaN where a coordinate is
    return _where_gold(lib.where(wrong, known, value + 0.0 * known), gold_box)


def _where_gold(value: Array, gold_box: Array) -> Array:
    lib, (width, height) = xp(value), _size(gold_box)
    return lib.where((width > 0) & (height > 0), value, lib.nan)
