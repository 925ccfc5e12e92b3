"""The alignment testbed: its worlds from their definitions, its meters and its sampler by slow loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.tasks.align import AlignBed, game, lin, seq, two_different


def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def test_seq_is_what_it_says():
    bed = seq(3)
    assert bed.tokens.tolist() == [list(word) for word in itertools.product(range(4), repeat=5)]
    for a in (0, 77, 1023):
        word, expected = bed.tokens[a], np.zeros(36)
        for t, token in enumerate(word):
            expected[4 * t + token] += 1
        for before, after in itertools.pairwise(word):
            expected[20 + 4 * before + after] += 0.5
        np.testing.assert_array_equal(bed.features[0, a], expected)
    count = (bed.tokens == 3).sum(1)
    rest = bed.gold[0] - np.select([count == 0, count == 1], [0.0, 2.0], 2.0 - 2.5 * (count - 1))
    assert rest.mean() == pytest.approx(0, abs=1e-12)
    assert rest.std() == pytest.approx(0.5)
    fit = np.linalg.lstsq(bed.features[0], rest)[0]
    np.testing.assert_allclose(bed.features[0] @ fit, rest, atol=1e-9)
    # the reference is log-linear, too, and avoids token 3
    logits = bed.reference_logp[0] + 2.0 * count
    weights = np.linalg.lstsq(bed.features[0], logits)[0]
    np.testing.assert_allclose(bed.features[0] @ weights, logits, atol=1e-9)
    assert np.exp(bed.reference_logp[0]) @ count < 1.25 * 0.5


def test_linear_models_represent_seq_only_without_the_turn():
    for bed, exact in ((seq(0), False), (seq(0, excess=-2.0), True)):
        fit = np.linalg.lstsq(bed.features[0], bed.gold[0])[0]
        worst = np.abs(bed.features[0] @ fit - bed.gold[0]).max()
        assert (worst < 1e-9) == exact


def test_contexts_change_what_is_good():
    bed = seq(0, contexts=6)
    assert bed.gold.shape == (6, 1024)
    assert bed.features.shape == (6, 1024, 144)
    flat, both = bed.features.reshape(-1, 144), seq(0, contexts=6, excess=-2.0)
    weights = np.linalg.lstsq(flat, both.gold.ravel() - both.gold.mean())[0]
    # linear in the products, up to the mean of each context
    rest = (both.gold - (flat @ weights).reshape(6, -1)).std(-1)
    assert rest.max() < 1e-9
    assert np.corrcoef(bed.gold)[0, 1:].max() < 0.999
    np.testing.assert_array_equal(bed.reference_logp[0], bed.reference_logp[5])


def test_lin_and_game():
    bed = lin(1, answers=60, features=5, norm=3.0)
    theta, rest = np.linalg.lstsq(bed.features[0], bed.gold[0])[:2]
    assert np.linalg.norm(theta) == pytest.approx(3)
    assert rest[0] < 1e-20
    np.testing.assert_allclose(np.exp(bed.reference_logp), 1 / 60)
    played = game(0, answers=200)
    above = played.skew[np.triu_indices(200, 1)]
    assert above.std() == pytest.approx(2.0, rel=0.03)  # (B - B^T) / sqrt 2 has the deviation of B
    wins = played.preferences()[0] > 0.5
    i, j, k = np.random.default_rng(0).integers(0, 200, (3, 4000))
    cycles = wins[i, j] & wins[j, k] & wins[k, i]
    assert cycles.mean() == pytest.approx(1 / 8, abs=0.02)


def test_meters_against_loops():
    bed, rng = lin(2, answers=7, features=3), np.random.default_rng(0)
    policy, rival = np.log(softmax(rng.normal(size=7)))[None], np.log(softmax(rng.normal(size=7)))[None]
    assert bed.value(policy) == pytest.approx(sum(np.exp(policy[0, a]) * bed.gold[0, a] for a in range(7)))
    wins = sum(
        np.exp(policy[0, a] + rival[0, b]) / (1 + np.exp((bed.gold[0, b] - bed.gold[0, a]) / 0.5))
        for a in range(7)
        for b in range(7)
    )
    assert bed.win_rate(policy, rival, temperature=0.5) == pytest.approx(wins)
    assert bed.win_rate(bed.reference_logp) == pytest.approx(0.5)
    assert game(0).win_rate(game(0).reference_logp) == pytest.approx(0.5)


def test_pairs_are_drawn_without_replacement():
    chances = np.stack([np.full(4, 0.25), softmax(np.array([2.0, 0.0, 1.0, -3.0]))])
    rows = np.arange(400_000) % 2
    first, second = two_different(chances, rows, np.random.default_rng(0))
    assert (first != second).all()
    p, first, second = chances[1], first[rows == 1], second[rows == 1]
    for a, b in itertools.permutations(range(4), 2):
        assert ((first == a) & (second == b)).mean() == pytest.approx(p[a] * p[b] / (1 - p[a]), abs=0.004)


def test_labels_of_pairs_follow_the_gap():
    bed, rng = seq(0, contexts=4), np.random.default_rng(1)
    pairs = bed.pairs(500, rng, Annotator("hard"))
    better = bed.gold[pairs.prompt, pairs.first] > bed.gold[pairs.prompt, pairs.second]
    np.testing.assert_array_equal(pairs.label, better)
    assert len(pairs) == 500
    assert np.isnan(bed.pairs(5, rng).label).all()
    only = np.where(np.arange(4)[:, None] == 2, bed.reference_logp, np.nan)
    assert set(bed.pairs(20, rng, log_policy=only).prompt) == {2}
    played = game(0)
    duels = played.pairs(300, rng, Annotator("hard"))
    np.testing.assert_array_equal(duels.label, played.skew[duels.first, duels.second] > 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: seq(0, length=1),
        lambda: seq(0, vocabulary=3),
        lambda: seq(0, length=12),
        lambda: lin(0).pairs(0, np.random.default_rng(0)),
        lambda: AlignBed(np.zeros((1, 3)), np.zeros((1, 3))),
        lambda: AlignBed(np.log(np.full((1, 3), 1 / 3)), np.zeros((1, 4))),
        lambda: AlignBed(np.log(np.full((1, 3), 1 / 3)), np.zeros((1, 3)), skew=np.eye(3)),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
