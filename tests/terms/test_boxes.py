"""Boxes against pixel counts, quadrature and loops; what cannot be scored is never a number by accident."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from rewardsmith import terms
from rewardsmith.core.errors import BadInput
from rewardsmith.core.term import Term
from rewardsmith.terms import boxes
from rewardsmith.testing import check_reward

ALL = [value for value in vars(boxes).values() if isinstance(value, Term)]
OF_BOXES = [each for each in ALL if "box" in each.fields]
SIDE = 12


def random_boxes(rng: np.random.Generator, shape: tuple[int, ...] = (200,)) -> np.ndarray:
    """Boxes with whole coordinates, so that pixels can be counted."""
    low = rng.integers(0, SIDE - 1, size=(*shape, 2))
    return np.concatenate([low, low + rng.integers(1, SIDE - low)], axis=-1).astype(float)


def batch(rng: np.random.Generator, shape: tuple[int, ...] = (200,)) -> dict:
    box = random_boxes(rng, shape) + rng.normal(scale=0.01, size=(*shape, 4))
    point = rng.uniform(0, SIDE, size=(*shape, 2))
    return {"box": box, "gold_box": random_boxes(rng, shape), "point": point}


def pixels(box: np.ndarray) -> np.ndarray:
    grid = np.zeros((SIDE, SIDE), bool)
    x1, y1, x2, y2 = box.astype(int)
    grid[y1:y2, x1:x2] = True
    return grid


def test_iou_and_giou_count_pixels():
    rng = np.random.default_rng(0)
    ours, gold = random_boxes(rng), random_boxes(rng)
    b = {"box": ours, "gold_box": gold}
    overlap, generalised = [], []
    for p, g in zip(ours, gold, strict=True):
        a, c = pixels(p), pixels(g)
        rows, columns = np.nonzero(a | c)
        hull = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        overlap.append((a & c).sum() / (a | c).sum())
        generalised.append(overlap[-1] - (hull - (a | c).sum()) / hull)
    np.testing.assert_allclose(terms.iou(b), overlap)
    np.testing.assert_allclose(terms.giou(b), generalised)
    assert min(overlap) == 0.0 < max(overlap)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_coverage_is_the_integral_of_the_root_of_two_densities(alpha: float):
    rng = np.random.default_rng(1)
    b = batch(rng, (12,))
    for p, g, found in zip(b["box"], b["gold_box"], terms.gaussian_coverage(alpha=alpha)(b), strict=True):
        expected = 1.0
        for k in (0, 1):
            one, two = (norm((v[k] + v[k + 2]) / 2, alpha * (v[k + 2] - v[k])) for v in (p, g))
            middle = 0.5 * (one.mean() + two.mean())
            expected *= quad(lambda x, f=one, h=two: math.sqrt(f.pdf(x) * h.pdf(x)), middle - 60, middle + 60,
                             points=[one.mean(), two.mean()], limit=400)[0]  # fmt: skip
        assert found == pytest.approx(expected, abs=1e-7)


def test_the_point_kernel_is_a_ratio_of_densities():
    b = batch(np.random.default_rng(2))
    gold, centre = b["gold_box"], (b["box"][:, :2] + b["box"][:, 2:]) / 2
    middle, sides = (gold[:, :2] + gold[:, 2:]) / 2, gold[:, 2:] - gold[:, :2]
    for at, found in ((centre, terms.gaussian_point(b)), (b["point"], terms.gaussian_click(b))):
        ratio = norm.pdf(at, middle, 0.5 * sides) / norm.pdf(middle, middle, 0.5 * sides)
        np.testing.assert_allclose(found, ratio.prod(-1), rtol=1e-9)
    np.testing.assert_allclose(terms.center_distance(b), np.linalg.norm(centre - middle, axis=-1))


def test_a_small_difference_is_never_rounded_away():
    gold = np.array([0.0, 0.0, 1.0, 1.0])
    far = np.stack([gold + d for d in (4.0, 3.9)])  # 8 standard deviations
    values = terms.gaussian_point({"box": far, "gold_box": np.stack([gold, gold])})
    assert 0.0 < values[0] < values[1] < 1e-3


def test_hits():
    b = batch(np.random.default_rng(3))
    for name, at in (("center_hit", (b["box"][:, :2] + b["box"][:, 2:]) / 2), ("point_hit", b["point"])):
        expected = [
            g[0] <= x <= g[2] and g[1] <= y <= g[3] for (x, y), g in zip(at, b["gold_box"], strict=True)
        ]
        np.testing.assert_array_equal(getattr(terms, name)(b), np.array(expected, float))
        assert 0 < sum(expected) < len(expected)
    edge = {"point": np.array([[1.0, 2.0]]), "gold_box": np.array([[1.0, 0.0, 3.0, 2.0]])}
    assert terms.point_hit(edge) == 1.0


def test_l1_and_harmonic_agreement_by_hand():
    b = batch(np.random.default_rng(4))
    gaps = np.abs(b["box"] - b["gold_box"])
    np.testing.assert_allclose(terms.box_l1(b), gaps.sum(-1))
    size = np.array([20.0, 30.0, 20.0, 30.0])
    shares = 1 - gaps / size
    found = terms.harmonic_agreement(width=20.0, height=30.0)(b)
    np.testing.assert_allclose(found, 4 / (1 / shares).sum(-1))
    assert (found <= shares.mean(-1) + 1e-12).all()  # harmonic <= arithmetic
    outside = {"box": np.array([[0.0, 0.0, 9.0, 1.0]]), "gold_box": np.array([[0.0, 0.0, 1.0, 1.0]])}
    assert terms.harmonic_agreement(outside)[0] == pytest.approx(4 / (3 + 1000))


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_they_obey_the_laws(each: Term):
    rng = np.random.default_rng(5)
    for shape in ((7,), (3, 2)):
        b = batch(rng, shape) | {"terminated": np.zeros(shape, bool)}
        check_reward(each, {name: b[name] for name in each.fields | {"terminated"}})
        values = each(b)
        assert (values >= each.info.low).all()
        assert (values <= each.info.high).all()
    pointed = each(gold_box="target")
    check_reward(pointed, {**{n: b[n] for n in each.fields - {"gold_box"}}, "target": b["gold_box"],
                           "terminated": b["terminated"]})  # fmt: skip


@pytest.mark.parametrize("each", OF_BOXES, ids=lambda each: each.name)
def test_equal_boxes_get_the_best_value_and_scale_does_not_matter(each: Term):
    b = batch(np.random.default_rng(6))
    same = each({"box": b["gold_box"], "gold_box": b["gold_box"]})
    np.testing.assert_allclose(same, 0.0 if each.info.high == math.inf else 1.0)
    if each.name not in ("box_l1", "center_distance", "harmonic_agreement"):
        scaled = each({"box": 1000 * b["box"] + 7, "gold_box": 1000 * b["gold_box"] + 7})
        np.testing.assert_allclose(scaled, each(b), atol=1e-9)


WRONG = {
    "inverted": ([3.0, 0.0, 1.0, 1.0], [0.0, 0.0, 4.0, 4.0]),
    "inverted twice": ([3.0, 3.0, 1.0, 1.0], [1.0, 1.0, 3.0, 3.0]),
}
NO_VERDICT = {
    "unparsed": ([np.nan, 0.0, 1.0, 1.0], [0.0, 0.0, 4.0, 4.0]),
    "gold without area": ([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 4.0]),
    "gold inverted": ([0.0, 0.0, 1.0, 1.0], [4.0, 0.0, 0.0, 4.0]),
    "gold missing": ([0.0, 0.0, 1.0, 1.0], [np.nan] * 4),
}


@pytest.mark.parametrize("each", OF_BOXES, ids=lambda each: each.name)
def test_wrong_boxes(each: Term):
    for box, gold in WRONG.values():
        value = each({"box": np.array([box]), "gold_box": np.array([gold])})[0]
        # a cost has no highest value, and is a distance for any order of corners
        assert value > 0 or value == 0.0 if each.info.high == math.inf else value == each.info.low
    for box, gold in NO_VERDICT.values():
        assert np.isnan(each({"box": np.array([box]), "gold_box": np.array([gold])})[0])


def test_boxes_without_area_and_points_that_are_missing():
    flat = {"box": np.array([[1.0, 1.0, 1.0, 3.0]]), "gold_box": np.array([[0.0, 0.0, 4.0, 4.0]])}
    assert terms.iou(flat) == terms.gaussian_coverage(flat) == 0.0
    assert terms.center_hit(flat) == 1.0
    lost = {"point": np.array([[np.nan, 1.0]]), "gold_box": flat["gold_box"]}
    assert np.isnan([terms.point_hit(lost)[0], terms.gaussian_click(lost)[0]]).all()


def test_bad_data_are_found():
    good = random_boxes(np.random.default_rng(0))
    terms.check_boxes(good)
    for wrong in ([1.0, 0.0, 1.0, 2.0], [1.0, 5.0, 2.0, 2.0], [0.0, 0.0, np.inf, 1.0]):
        with pytest.raises(BadInput, match="1 of 201"):
            terms.check_boxes(np.concatenate([good, [wrong]]))
    with pytest.raises(BadInput, match="x1, y1, x2, y2"):
        terms.iou({"box": np.zeros((2, 3)), "gold_box": np.zeros((2, 4))})


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_torch_and_jax_agree(each: Term):
    import jax
    import jax.numpy as jnp
    import torch

    b = batch(np.random.default_rng(7))
    b["box"][:3] = [[3, 0, 1, 1], [np.nan, 0, 1, 1], [1, 1, 1, 1]]
    b["gold_box"][3] = 0.0
    on_torch = each({name: torch.as_tensor(value) for name, value in b.items()})
    np.testing.assert_allclose(on_torch.numpy(), each(b), rtol=1e-9, atol=1e-12)
    with jax.enable_x64():
        on_jax = each({name: jnp.asarray(value) for name, value in b.items()})
        np.testing.assert_allclose(np.asarray(on_jax), each(b), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["giou", "gaussian_point", "gaussian_coverage", "box_l1"])
def test_slopes_in_the_box_are_finite_even_where_a_value_is_replaced(name: str):
    import jax
    import jax.numpy as jnp

    b = batch(np.random.default_rng(8), (20,))
    b["box"][0], b["gold_box"][1] = [3, 0, 1, 1], 0.0
    each = getattr(terms, name)

    def total(box):
        values = each({"box": box, "gold_box": jnp.asarray(b["gold_box"])})
        return jnp.where(jnp.isnan(values), 0.0, values).sum()

    with jax.enable_x64():
        slope = np.asarray(jax.grad(total)(jnp.asarray(b["box"])))
        rest = slope[2:]
        assert np.isfinite(rest).all()
        step = np.zeros((20, 4))
        step[5, 2] = 1e-6
        there, back = total(jnp.asarray(b["box"] + step)), total(jnp.asarray(b["box"] - step))
        assert rest[3, 2] == pytest.approx(float(there - back) / 2e-6, abs=1e-6)


def test_every_term_says_where_it_is_from():
    assert {each.name for each in ALL} <= set(terms.__all__)
    for each in ALL:
        assert "Example" in (inspect.getdoc(each.function) or ""), each.name
