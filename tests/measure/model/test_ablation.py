"""The factorial against ordinary least squares on contrasts, and nested factors by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.ablation import Factor, ablate

THREE = [Factor("a", "x", "y"), Factor("b", 0, 1), Factor("c", None, 5)]
TABLE = np.random.default_rng(0).normal(size=(4, 2, 2, 2))


def look_up(settings, seed):
    return TABLE[seed, int(settings["a"] == "y"), settings["b"], int(settings["c"] == 5)]


def test_effects_are_those_of_least_squares():
    """Scores regressed on -1/2 and +1/2 and their products: the coefficients are effects."""
    found = ablate(look_up, THREE, range(4))
    levels = np.array(list(product((-0.5, 0.5), repeat=3)))
    pairs = [(0, 1), (0, 2), (1, 2)]
    columns = [np.ones(8), *levels.T, *(2 * levels[:, i] * levels[:, j] for i, j in pairs)]
    columns.append(levels.prod(1))
    for seed in range(4):
        fit = np.linalg.solve(np.stack(columns, 1), TABLE[seed].ravel())
        got = [found.main(name)[seed] for name in "abc"]
        got += [found.interaction("abc"[i], "abc"[j])[seed] for i, j in pairs]
        np.testing.assert_allclose(got, fit[1:7])
    assert found.runs == 32
    np.testing.assert_allclose(found.interaction("c", "a"), found.interaction("a", "c"))


def test_effects_at_a_level():
    found = ablate(look_up, THREE, range(4))
    np.testing.assert_allclose(found.at("b", a="y"), (TABLE[:, 1, 1] - TABLE[:, 1, 0]).mean(-1))
    np.testing.assert_allclose(found.at("b", a="x", c=5), TABLE[:, 0, 1, 1] - TABLE[:, 0, 0, 1])
    np.testing.assert_allclose((found.at("b", a="x") + found.at("b", a="y")) / 2, found.main("b"))


NESTED = [
    Factor("method", "direct", "model"),
    Factor("reward", 1, 2, given=("method", "model")),
    Factor("data", 0, 1),
]


def test_a_factor_that_does_not_exist_everywhere():
    seen = []

    def pipeline(settings, seed):
        seen.append(dict(settings))
        return (
            {"direct": 3.0, "model": 5.0}[settings["method"]]
            + 10 * (settings["reward"] or 0)
            + settings["data"]
        )

    found = ablate(pipeline, NESTED, [0])
    # direct: 2 cells; model: 4
    assert len(seen) == found.runs == 6
    assert all((s["reward"] is None) == (s["method"] == "direct") for s in seen)
    assert found.main("reward")[0] == 10  # not halved by cells where it cannot act
    assert found.main("method")[0] == pytest.approx(2 + 15)
    assert found.main("data")[0] == 1
    assert np.isnan(found.interaction("method", "reward")).all()
    assert np.isnan(found.at("reward", method="direct")).all()
    assert found.interaction("reward", "data")[0] == 0
    assert "method x reward" not in found.effects()


def test_intervals_and_the_table():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(12, 2))
    found = ablate(lambda s, seed: 1.5 * s["on"] + 0.1 * noise[seed, s["on"]], [Factor("on", 0, 1)], range(12))
    effect = found.effects()["on"]
    assert effect.low < 1.5 < effect.high
    assert effect.mean == pytest.approx((1.5 + 0.1 * (noise[:, 1] - noise[:, 0])).mean())
    assert "on: 0 -> 1" in str(found)
    assert "24 runs of 12 seeds" in str(found)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ablate(look_up, [], [0]),
        lambda: ablate(look_up, THREE, []),
        lambda: ablate(look_up, [THREE[0], THREE[0]], [0]),
        lambda: ablate(look_up, [Factor("a", 0, 1, given=("z", 1))], [0]),
        lambda: ablate(look_up, [Factor("z", 0, 1), Factor("a", 0, 1, given=("z", 2))], [0]),
        lambda: ablate(look_up, [Factor("a", 0, 1, given=("a", 1))], [0]),
        lambda: ablate(lambda s, seed: np.nan, THREE, [0]),
        lambda: ablate(look_up, THREE, [0]).main("z"),
        lambda: ablate(look_up, THREE, [0]).interaction("a", "a"),
        lambda: ablate(look_up, THREE, [0]).at("a", b=7),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
