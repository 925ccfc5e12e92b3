"""The digits testbed against slow obvious loops over the pictures."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks import digits as module
from rewardsmith.tasks.digits import INK, Digits, load_digits


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


def test_it_is_the_data_set_of_scikit_learn(digits):
    from sklearn.datasets import load_digits as original

    given = original()
    np.testing.assert_array_equal(digits.images * 16, given.data)
    np.testing.assert_array_equal(digits.labels, given.target)
    assert (digits.images.min(), digits.images.max()) == (0, 1)
    assert doctest.testmod(module).failed == 0


def test_boxes_hold_all_ink_and_nothing_to_spare(digits):
    for image, (x0, y0, x1, y1) in zip(digits.images[:200], digits.boxes, strict=False):
        inked = [(x, y) for y in range(8) for x in range(8) if image[8 * y + x] > INK]
        xs, ys = zip(*inked, strict=True)
        assert (min(xs), min(ys), max(xs) + 1, max(ys) + 1) == (x0, y0, x1, y1)


def test_captions_name_the_digit_and_use_every_word(digits):
    captions = digits.captions
    numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert all(f" {numbers[label]}," in text for label, text in zip(digits.labels, captions, strict=True))
    for pair in (("narrow", "wide"), ("faint", "bold"), ("left", "right")):
        shares = [np.mean([word in text.split(", ") for text in captions]) for word in pair]
        assert sum(shares) == 1
        assert min(shares) > 0.3  # none is a safe guess


def test_pixel_sums(digits):
    assert digits.pixel_sums[3] == pytest.approx(sum(digits.images[3]))


def test_a_split_is_fixed_by_its_seed_and_shares_nothing(digits):
    train, test = digits.split(seed=3)
    again, _ = digits.split(seed=3)
    assert (len(train), len(test)) == (1300, 497)
    np.testing.assert_array_equal(train.images, again.images)
    assert not np.array_equal(train.images, digits.split(seed=4)[0].images)
    rows = {image.tobytes() for image in train.images} | {image.tobytes() for image in test.images}
    assert len(rows) == len({image.tobytes() for image in digits.images})
    for part in (train, test):  # labels went with their pictures
        at = {image.tobytes(): label for image, label in zip(digits.images, digits.labels, strict=True)}
        assert all(at[image.tobytes()] == label for image, label in zip(part.images, part.labels, strict=True))
    with pytest.raises(BadInput, match="1 to 1796"):
        digits.split(0, train=1797)
    with pytest.raises(BadInput, match=r"\(N, 64\)"):
        Digits(digits.images[:, :8], digits.labels)
