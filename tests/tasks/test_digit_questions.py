"""Questions about digits: a perfect answer is read as perfect, and every mistake as what it is."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.digit_questions import ATTRIBUTES, EMBEDDINGS, KINDS, WIDTH, questions, read
from rewardsmith.tasks.digits import load_digits
from rewardsmith.terms import bmas, iou


@pytest.fixture(scope="module")
def digits():
    return load_digits().take(np.arange(40))


def perfect(digits) -> np.ndarray:
    """The action that says the truth, column by column."""
    action = np.zeros((len(digits), WIDTH))
    for n, (label, caption) in enumerate(zip(digits.labels, digits.captions, strict=True)):
        action[n, label] = action[n, 15 + label] = 1.0
        action[n, 10] = digits.pixel_sums[n]
        action[n, 11:15] = digits.boxes[n]
        for word in caption.split(", ")[1:]:
            place = ATTRIBUTES.index(word)
            action[n, 25 + place // 2] = 1.0 if place % 2 else -1.0
    return action


def test_the_truth_is_read_as_the_truth(digits):
    fields = questions(digits)
    assert fields["kind"][:5].tolist() == [*KINDS, "choice"]
    found = read(perfect(digits), fields)
    assert (found["same"] == 1.0).all()
    assert (found["agreement"] == 1.0).all()
    np.testing.assert_allclose(found["number"], fields["gold_number"])
    np.testing.assert_allclose(iou({"box": found["box"], "gold_box": fields["gold_box"]}), 1.0)
    np.testing.assert_allclose(bmas({**fields, **found}), 1.0)
    words = fields["key"][3]
    np.testing.assert_array_equal(found["embeddings"][3], EMBEDDINGS[words])
    assert np.isnan(found["embeddings"][0, 1:]).all()  # a choice is one word


def test_a_mistake_costs_what_it_touches(digits):
    fields, action = questions(digits), perfect(digits)
    action[:, 25] *= -1  # narrow and wide swapped
    found = read(action, fields)
    is_text = fields["kind"] == "text"
    assert (found["agreement"][is_text] == 0.75).all()
    assert (found["same"] == ~is_text).all()
    action[:, 10] += 1.0
    assert (read(action, fields)["same"][fields["kind"] == "number"] == 0.0).all()


def test_bad_input(digits):
    assert set(questions(digits, ["box"])["kind"]) == {"box"}
    with pytest.raises(BadInput, match="kinds"):
        questions(digits, ["essay"])
    with pytest.raises(BadInput, match="shape"):
        read(np.zeros((3, 5)), questions(digits))
