r"""Spans of time and tubes of boxes: temporal and spatio-temporal agreement.

Spans are ``(..., 2)`` arrays ``start, end`` in seconds or frames; with ``unit=1`` both ends are frames
of the span, so that it has ``end - start + 1`` of them.  Tubes are ``(..., F, 4)``: one box for each of F
frames, NaN in frames that the tube does not cover.

A gold span or tube that is empty or out of order is wrong data: NaN, 'no verdict'.  A predicted span out of
order gets the lowest value; one that is NaN was not understood: NaN.
"""

from __future__ import annotations

from ..core.arrays import Array, xp
from ..core.errors import BadInput
from ..core.term import term
from .boxes import box_l1, giou, iou

_STVG = "Gu et al. 2025, 'Thinking With Bounding Boxes' (STVG-o1), arXiv:2511.21375"


@term(low=0.0, high=1.0)
def span_iou(span: Array, gold_span: Array, *, unit: float = 0.0) -> Array:
    r"""|A \cap B| / |A \cup B| of two spans of time; 0 for a predicted span out of order.

    Example:
        >>> import numpy as np
        >>> batch = {"span": np.array([[0.0, 4.0]]), "gold_span": np.array([[2.0, 6.0]])}
        >>> span_iou(batch).round(4).tolist(), span_iou(unit=1.0)(batch).round(4).tolist()
        ([0.3333], [0.4286])
    """
    inter, union, _ = _overlap(span, gold_span, unit)
    return _scored(inter / union, span, gold_span, unit, 0.0)


@term(low=-1.0, high=1.0)
def span_giou(span: Array, gold_span: Array, *, unit: float = 0.0) -> Array:
    r"""Temporal IoU minus the share of the hull that is a gap: has a slope where spans do not meet.

    With no overlap it is -gap / hull; -1 for a predicted span out of order.

    Example:
        >>> import numpy as np
        >>> batch = {"span": np.array([[0.0, 1.0]]), "gold_span": np.array([[2.0, 4.0]])}
        >>> span_giou(batch).tolist()
        [-0.25]
    """
    inter, union, hull = _overlap(span, gold_span, unit)
    return _scored(inter / union - (hull - union) / hull, span, gold_span, unit, -1.0)


@term(low=0.0, high=1.0)
def tube_iou(tube: Array, gold_tube: Array) -> Array:
    r"""vIoU: the sum of the IoU over the frames that both tubes cover, divided by those that either covers.

    Missing frames are never interpolated.

    Example:
        >>> import numpy as np
        >>> box, none = [0.0, 0.0, 1.0, 1.0], [np.nan] * 4
        >>> batch = {"tube": np.array([[box, box, none]]), "gold_tube": np.array([[none, box, box]])}
        >>> tube_iou(batch).round(4).tolist()
        [0.3333]
    """
    ours, theirs, both = _covered(tube, gold_tube)
    lib = xp(both)
    # a predicted box without gold has IoU NaN, and counts in the union only
    paid = lib.where(both > 0, iou.function(tube, gold_tube), 0.0)
    either = ours + theirs - both
    return _mean(lib.sum(paid, axis=-1), lib.sum(either, axis=-1), lib.sum(theirs, axis=-1) > 0)


@term(low=-5.0, high=1.0, source=_STVG)
def tube_agreement(tube: Array, gold_tube: Array, *, nothing_shared: float = 0.0) -> Array:
    r"""Mean of GIoU(b, g) - |b - g|_1 over the frames that both tubes cover.

    Coordinates must lie in 0..1, else the L1 term outweighs everything; the bounds are those of such boxes.
    ``nothing_shared`` is paid where no frame is covered by both.  The paper pays 0 there, which is more than
    most honest but poor tubes get, so an answer can gain by missing the event; -5 is the lowest value that
    any answer can get.

    Source: Gu et al. 2025, "Thinking With Bounding Boxes" (STVG-o1), spatial reward.
    Differs from the paper: the scale of the coordinates is not stated there.

    Example:
        >>> import numpy as np
        >>> box, near = [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.5]
        >>> batch = {"tube": np.array([[box, near]]), "gold_tube": np.array([[box, box]])}
        >>> tube_agreement(batch).tolist()
        [0.5]
    """
    _, theirs, both = _covered(tube, gold_tube)
    lib = xp(both)
    paid = lib.where(both > 0, giou.function(tube, gold_tube) - box_l1.function(tube, gold_tube), 0.0)
    count = lib.sum(both, axis=-1)
    mean = _mean(lib.sum(paid, axis=-1), count, lib.sum(theirs, axis=-1) > 0)
    return lib.where(count > 0, mean, nothing_shared + 0.0 * mean)


def _overlap(span: Array, gold_span: Array, unit: float) -> tuple[Array, Array, Array]:
    """Lengths of intersection, union and hull."""
    span, gold_span = _two(span), _two(gold_span)
    lib = xp(span, gold_span)
    low, high = lib.maximum(span[..., 0], gold_span[..., 0]), lib.minimum(span[..., 1], gold_span[..., 1])
    inter = high - low + unit
    inter = lib.where(inter > 0, inter, 0.0 * inter)
    hull = lib.maximum(span[..., 1], gold_span[..., 1]) - lib.minimum(span[..., 0], gold_span[..., 0]) + unit
    union = _length(span, unit) + _length(gold_span, unit) - inter
    return inter, lib.where(union == 0, lib.ones_like(union), union), _one_for_zero(hull)


def _one_for_zero(values: Array) -> Array:
    lib = xp(values)
    return lib.where(values == 0, lib.ones_like(values), values)


def _two(span: Array) -> Array:
    if len(span.shape) == 0 or span.shape[-1] != 2:
        raise BadInput("span", f"shape {tuple(span.shape)}", "(..., 2): start, end")
    return span


def _length(span: Array, unit: float) -> Array:
    return span[..., 1] - span[..., 0] + unit


def _scored(value: Array, span: Array, gold_span: Array, unit: float, lowest: float) -> Array:
    lib, length = xp(value), span[..., 1] - span[..., 0]
    known = lowest + 0.0 * length
    value = lib.where(length < 0, known, value + 0.0 * known)
    inside = (gold_span[..., 1] >= gold_span[..., 0]) & (_length(gold_span, unit) > 0)
    return lib.where(inside, value, lib.nan)


def _covered(tube: Array, gold_tube: Array) -> tuple[Array, Array, Array]:
    """1 in the frames that each tube covers, and that both do, ``(..., F)``."""
    if tuple(tube.shape) != tuple(gold_tube.shape) or len(tube.shape) < 2:
        raise BadInput(
            "tubes", f"shapes {tuple(tube.shape)} and {tuple(gold_tube.shape)}", "equal shapes (..., F, 4)"
        )
    lib = xp(tube, gold_tube)
    ours, theirs = (~lib.any(lib.isnan(each), axis=-1) for each in (tube, gold_tube))
    zero = lib.zeros_like(tube[..., 0])
    one = zero + 1.0
    return lib.where(ours, one, zero), lib.where(theirs, one, zero), lib.where(ours & theirs, one, zero)


def _mean(total: Array, count: Array, known: Array) -> Array:
    """Total / count, 0 where nothing was counted; NaN where there is no verdict."""
    lib = xp(total)
    return lib.where(known, total / _one_for_zero(count), lib.nan)
