"""The reward from one sentence: formula against matrices, and the real CLIP code on a tiny CLIP."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.rank import spearman
from rewardsmith.tasks.captioned import CARTPOLE
from rewardsmith.terms.clip_encoder import ClipEncoder
from rewardsmith.terms.image_text import GoalBaseline, ImageTextEncoder, goal_baseline, prompt, unit
from terms.tiny_clip import build_tiny_clip


@dataclass(frozen=True)
class Colours:
    """An encoder that can be checked by hand: the mean colour, and three words for it."""

    length: float = 1.0

    def images(self, pixels):
        return self.length * np.asarray(pixels, float).mean((1, 2)) / 255.0

    def texts(self, texts):
        words = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}
        return self.length * np.array([words[text] for text in texts], float)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny_clip")
    build_tiny_clip(folder)
    return ClipEncoder(str(folder))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_formula_is_that_of_the_projection_matrix(alpha):
    rng = np.random.default_rng(0)
    x, (g, b) = unit(rng.normal(size=(5, 4, 7))), unit(rng.normal(size=(2, 7)))
    d = g - b
    project = alpha * np.outer(d, d) / (d @ d) + (1 - alpha) * np.eye(7)
    slow = [[1 - 0.5 * np.linalg.norm(project @ (each - g)) ** 2 for each in row] for row in x]
    np.testing.assert_allclose(goal_baseline(x, g, b, alpha), slow, atol=1e-12)


def test_alpha_zero_is_the_cosine_and_alpha_one_sees_the_line_only():
    rng = np.random.default_rng(1)
    x, (g, b) = unit(rng.normal(size=(50, 6))), unit(rng.normal(size=(2, 6)))
    np.testing.assert_allclose(goal_baseline(x, g, b, 0.0), x @ g, atol=1e-12)
    beside = rng.normal(size=6)
    beside -= (g - b) * (beside @ (g - b)) / ((g - b) @ (g - b))
    np.testing.assert_allclose(goal_baseline(x + beside, g, b, 1.0), goal_baseline(x, g, b, 1.0), atol=1e-12)
    assert goal_baseline(g, g, b, 0.5) == 1.0


def test_the_reward_of_colours():
    reward = GoalBaseline(Colours(5.0), ("red",), ("green",), alpha=0.0)
    pixels = np.zeros((2, 3, 4, 4, 3))
    pixels[0, 0, ..., 0] = 255.0
    pixels[0, 1, ..., 2] = 10.0
    paid = reward({"image": pixels})
    np.testing.assert_allclose(paid[0], [1.0, 0.0, np.nan])  # a black picture has no direction
    assert paid.shape == (2, 3)
    assert isinstance(Colours(), ImageTextEncoder)
    assert pickle.loads(pickle.dumps(reward)) == reward != reward.with_numbers({"goalbaseline.alpha": 1.0})
    assert str(reward).startswith("GoalBaseline(Colours(length=5.0), ('red',), ('green',)")
    np.testing.assert_array_equal(sum(reward.terms({"image": pixels}).values()), paid)


def test_the_mean_of_wordings_has_length_one_whatever_their_number_and_length():
    one, three = prompt(Colours(3.0), ["red"]), prompt(Colours(), ["red", "red", "yellow"])
    assert np.linalg.norm(one) == pytest.approx(1.0) == np.linalg.norm(three)
    mean = (2 * np.array([1.0, 0, 0]) + np.array([1.0, 1, 0]) / np.sqrt(2)) / 3
    np.testing.assert_allclose(three, mean / np.linalg.norm(mean))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GoalBaseline(Colours(), ("red",), ("red",)), "other sentences"),
        (lambda: GoalBaseline(Colours(), (), ("red",)), "at least one"),
        (lambda: GoalBaseline(Colours(), "red", " "), "at least one"),
        (lambda: GoalBaseline(Colours(), "red", "blue", alpha=1.5), "0 to 1"),
        (lambda: goal_baseline(np.ones(2), np.ones(2), np.ones(2), 0.5), "no line joins"),
        (lambda: GoalBaseline(Colours(), "red", "blue")({"image": np.zeros((4, 4, 3))}), "H, W, 3"),
        (lambda: ClipEncoder("nowhere/at/all").texts(["red"]), "nothing is downloaded"),
        (lambda: ClipEncoder("x", batch=0), "at least 1"),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(BadInput, match=said):
        make()


def test_a_real_clip_gives_what_transformers_gives(clip):
    import torch
    from PIL import Image
    from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

    seen = np.array([[0.0, 0.0], [1.5, 0.9], [-2.0, -0.4]])
    pixels, texts = CARTPOLE.pictures(seen), [CARTPOLE.goal, "pole falling right cart near right"]
    model = CLIPModel.from_pretrained(clip.path).eval()
    tokens = CLIPTokenizer.from_pretrained(clip.path)(texts, padding=True, return_tensors="pt")
    images = [Image.fromarray(each) for each in pixels]
    prepared = CLIPImageProcessorPil.from_pretrained(clip.path)(images=images, return_tensors="pt")
    with torch.no_grad():
        logits = model(**tokens, **prepared).logits_per_image / model.logit_scale.exp()
    ours = unit(clip.images(pixels)) @ unit(clip.texts(texts)).T
    np.testing.assert_allclose(ours, logits.numpy(), atol=1e-5)
    small = ClipEncoder(clip.path, batch=1)
    np.testing.assert_allclose(small.images(pixels), clip.images(pixels), atol=1e-5)
    np.testing.assert_allclose(small.texts(texts), clip.texts(texts), atol=1e-5)
    assert clip.images(pixels[:0]).shape == (0, 16) == clip.texts([]).shape


def test_a_tiny_clip_trained_on_frames_is_a_reward(clip):
    reward = GoalBaseline(clip, (CARTPOLE.goal,), (CARTPOLE.baseline,), alpha=0.25)
    seen = np.random.default_rng(5).uniform((-2.4, -1.2), (2.4, 1.2), (300, 2))
    paid = reward({"image": CARTPOLE.pictures(seen)})
    wanted = -np.abs(seen[:, 0]) / 2.4 - np.abs(seen[:, 1]) / 1.2
    assert spearman(paid, wanted) > 0.3
    assert pickle.loads(pickle.dumps(reward)) == reward
