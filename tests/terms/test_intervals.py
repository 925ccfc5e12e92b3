"""Spans and tubes against counted frames and loops."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith import terms
from rewardsmith.core.errors import BadInput
from rewardsmith.core.term import Term
from rewardsmith.terms import intervals
from rewardsmith.testing import check_reward

ALL = [value for value in vars(intervals).values() if isinstance(value, Term) and value.name in terms.__all__]
ALL = [each for each in ALL if each.function.__module__ == intervals.__name__]
FRAMES = 15


def random_spans(rng: np.random.Generator, count: int = 100) -> np.ndarray:
    start = rng.integers(0, FRAMES, size=count)
    return np.stack([start, rng.integers(start, FRAMES)], axis=-1).astype(float)


def random_tubes(rng: np.random.Generator, shape: tuple[int, ...] = (30,)) -> np.ndarray:
    low = rng.uniform(0, 0.6, size=(*shape, FRAMES, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.05, 0.4, size=low.shape)], axis=-1)
    boxes[rng.random((*shape, FRAMES)) < 0.4] = np.nan
    boxes[..., 0, :] = [0.1, 0.1, 0.4, 0.4]
    return boxes


def test_frames_of_spans_are_counted():
    rng = np.random.default_rng(0)
    ours, gold = random_spans(rng), random_spans(rng)
    b = {"span": ours, "gold_span": gold}
    found, general = terms.span_iou(unit=1.0)(b), terms.span_giou(unit=1.0)(b)
    for p, g, iou, giou in zip(ours.astype(int), gold.astype(int), found, general, strict=True):
        a, c = set(range(p[0], p[1] + 1)), set(range(g[0], g[1] + 1))
        hull = max(a | c) - min(a | c) + 1
        assert iou == pytest.approx(len(a & c) / len(a | c))
        assert giou == pytest.approx(iou - (hull - len(a | c)) / hull)


def test_seconds_are_measured_on_a_fine_grid():
    rng = np.random.default_rng(1)
    ours, gold = np.sort(rng.uniform(0, 10, (50, 2))), np.sort(rng.uniform(0, 10, (50, 2)))
    grid = (np.arange(200_000) + 0.5) / 20_000
    for p, g, iou in zip(ours, gold, terms.span_iou({"span": ours, "gold_span": gold}), strict=True):
        a, c = (grid > p[0]) & (grid < p[1]), (grid > g[0]) & (grid < g[1])
        assert iou == pytest.approx((a & c).sum() / (a | c).sum(), abs=1e-3)


def test_wrong_spans():
    gold = np.array([[2.0, 4.0]])
    assert terms.span_iou({"span": np.array([[3.0, 2.5]]), "gold_span": gold}) == 0.0
    assert terms.span_giou({"span": np.array([[3.0, 2.5]]), "gold_span": gold}) == -1.0
    assert np.isnan(terms.span_iou({"span": np.array([[np.nan, 2.5]]), "gold_span": gold}))
    for bad in ([4.0, 2.0], [np.nan, 3.0], [3.0, 3.0]):
        assert np.isnan(terms.span_giou({"span": gold, "gold_span": np.array([bad])}))
    # one frame is a span of frames
    assert (
        terms.span_iou(unit=1.0)({"span": np.array([[3.0, 3.0]]), "gold_span": np.array([[3.0, 3.0]])}) == 1.0
    )
    with pytest.raises(BadInput, match="start, end"):
        terms.span_iou({"span": np.zeros((2, 3)), "gold_span": np.zeros((2, 2))})


def test_tubes_are_a_loop_over_frames():
    rng = np.random.default_rng(2)
    ours, gold = random_tubes(rng), random_tubes(rng)
    b = {"tube": ours, "gold_tube": gold}
    for p, g, viou, agreement in zip(ours, gold, terms.tube_iou(b), terms.tube_agreement(b), strict=True):
        total, either, spatial = 0.0, 0, []
        for one, two in zip(p, g, strict=True):
            here, there = not np.isnan(one).any(), not np.isnan(two).any()
            either += here or there
            if here and there:
                pair = {"box": one, "gold_box": two}
                total += terms.iou(pair)
                spatial.append(terms.giou(pair) - np.abs(one - two).sum())
        assert viou == pytest.approx(total / either)
        assert agreement == pytest.approx(np.mean(spatial))


def test_tubes_that_share_nothing_and_tubes_that_are_missing():
    tube = np.full((1, 4, 4), np.nan)
    gold = tube.copy()
    gold[0, 2] = [0.0, 0.0, 1.0, 1.0]
    assert terms.tube_iou({"tube": tube, "gold_tube": gold}) == 0.0
    assert terms.tube_agreement({"tube": tube, "gold_tube": gold}) == 0.0
    assert terms.tube_agreement(nothing_shared=-5.0)({"tube": tube, "gold_tube": gold}) == -5.0
    for term in (terms.tube_iou, terms.tube_agreement):
        assert np.isnan(term({"tube": gold, "gold_tube": tube}))
    with pytest.raises(BadInput, match="equal shapes"):
        terms.tube_iou({"tube": gold, "gold_tube": gold[:, :2]})


def test_minus_five_is_the_lowest_agreement_of_unit_boxes():
    """Corner boxes are as far apart as boxes can be; the bounds that the term states hold for all of them."""
    tiny, rest = 1e-9, np.array([1 - 1e-9, 1 - 1e-9, 1.0, 1.0])
    b = {"tube": np.array([[[0.0, 0.0, tiny, tiny]]]), "gold_tube": rest[None, None]}
    assert terms.tube_agreement(b)[0] == pytest.approx(-5.0, abs=1e-6)
    random = {
        "tube": random_tubes(np.random.default_rng(3)),
        "gold_tube": random_tubes(np.random.default_rng(4)),
    }
    assert (terms.tube_agreement(random) >= -5.0).all()


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_they_obey_the_laws_on_every_library(each: Term):
    import jax
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(5)
    b = {"span": random_spans(rng, 30), "gold_span": random_spans(rng, 30)}
    b |= {"tube": random_tubes(rng), "gold_tube": random_tubes(rng)}
    b = {name: b[name] for name in each.fields}
    check_reward(each, b | {"terminated": np.zeros(30, bool)})
    values = each(b)
    known = values[~np.isnan(values)]
    assert len(known) > 20
    assert (known >= each.info.low).all()
    assert (known <= each.info.high).all()
    np.testing.assert_allclose(each({n: torch.as_tensor(v) for n, v in b.items()}).numpy(), values, atol=1e-12)
    with jax.enable_x64():
        on_jax = each({name: jnp.asarray(value) for name, value in b.items()})
        np.testing.assert_allclose(np.asarray(on_jax), values, atol=1e-12)
