"""The small image-text encoder: its gradient, and that it learns what captions say."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.two_towers import Contrastive, contrastive_loss, fit_two_towers, grey
from rewardsmith.terms.image_text import ImageTextEncoder, unit

COLOURS = {"red": (200, 20, 20), "dark": (20, 20, 20), "bright": (240, 240, 240)}


def pairs(count: int, rng: np.random.Generator):
    names = rng.choice(list(COLOURS), count)
    pixels = np.array([COLOURS[name] for name in names])[:, None, None] + rng.integers(
        -15, 15, (count, 4, 4, 3)
    )
    return pixels, [f"a {name} picture" for name in names]


def test_gradient_against_differences():
    rng = np.random.default_rng(0)
    sizes = {"mean": (5,), "inner": (5, 6), "bias": (6,), "outer": (6, 3), "words": (4, 3)}
    weights = {name: rng.normal(size=size) for name, size in sizes.items()}
    pictures, counts = rng.normal(size=(7, 5)), rng.integers(0, 2, (7, 4)).astype(float)
    counts[:, 0] = 1.0
    _, slopes = contrastive_loss(weights, pictures, counts, 5.0)
    for name, slope in slopes.items():
        for index in np.ndindex(slope.shape):
            up, down = ({**weights, name: weights[name].copy()} for _ in range(2))
            up[name][index] += 1e-6
            down[name][index] -= 1e-6
            change = (
                contrastive_loss(up, pictures, counts, 5.0)[0]
                - contrastive_loss(down, pictures, counts, 5.0)[0]
            )
            assert slope[index] == pytest.approx(change / 2e-6, abs=2e-7)


def test_the_loss_is_that_of_a_loop():
    rng = np.random.default_rng(1)
    weights = {
        "mean": np.zeros(3),
        "inner": np.eye(3),
        "bias": np.zeros(3),
        "outer": np.eye(3),
        "words": np.eye(3),
    }
    pictures, counts = rng.random((4, 3)), rng.random((4, 3))
    cosines = 2.0 * unit(pictures) @ unit(counts).T
    total = 0.0
    for i in range(4):
        total -= cosines[i, i] - np.log(sum(np.exp(cosines[i, j]) for j in range(4)))
        total -= cosines[i, i] - np.log(sum(np.exp(cosines[j, i]) for j in range(4)))
    assert contrastive_loss(weights, pictures, counts, 2.0)[0] == pytest.approx(total / 8)


def test_it_finds_the_caption_of_pictures_it_has_not_seen():
    pixels, captions = pairs(120, np.random.default_rng(2))
    towers = fit_two_towers(
        pixels, captions, Contrastive(hidden=16, width=4, steps=80), np.random.default_rng(3)
    )
    assert isinstance(towers, ImageTextEncoder)
    fresh, names = pairs(60, np.random.default_rng(4))
    choices = [f"a {name} picture" for name in COLOURS]
    found = (unit(towers.images(fresh)) @ unit(towers.texts(choices)).T).argmax(1)
    assert np.mean([choices[i] == name for i, name in zip(found, names, strict=True)]) > 0.95
    again = fit_two_towers(
        pixels, captions, Contrastive(hidden=16, width=4, steps=80), np.random.default_rng(3)
    )
    np.testing.assert_array_equal(again.images(fresh), towers.images(fresh))


def test_grey_is_darkness():
    assert grey(np.array([[[[255, 255, 255], [0, 0, 0]]]])).tolist() == [[0.0, 1.0]]


def test_bad_input():
    pixels, captions = pairs(5, np.random.default_rng(0))
    with pytest.raises(BadInput, match="as many of each"):
        fit_two_towers(pixels, captions[:4], Contrastive(), np.random.default_rng(0))
    with pytest.raises(BadInput, match="sizes of at least 1"):
        Contrastive(hidden=0)
    with pytest.raises(BadInput, match="> 0"):
        Contrastive(rate=0.0)
    towers = fit_two_towers(pixels, captions, Contrastive(steps=0), np.random.default_rng(0))
    with pytest.raises(BadInput, match="words of"):
        towers.texts(["something else"])
