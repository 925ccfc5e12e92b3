"""Numbers fitted to labelled pairs: a closed form, known numbers, a grid, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.design.fit import Fit, Fitted, Pair, fit_numbers, preference_loss
from rewardsmith.program import parse

FIELDS = tuple(Field(name) for name in "abc")
LINEAR = parse("return {'x': 1.0 * a, 'y': 0.5 * b}", FIELDS)
NAMES = ("program.x.c0", "program.y.c0")


def segments(rng: np.random.Generator, count: int, length: int = 3) -> list[dict[str, np.ndarray]]:
    return [{name: rng.normal(size=length) for name in "abc"} for _ in range(count)]


def pairs_of(program, rng: np.random.Generator, count: int, noisy: bool) -> list[Pair]:
    """Labels by the Bradley-Terry model of a program, or without noise by which sum is larger."""
    found = []
    for _ in range(count):
        first, second = segments(rng, 2)
        gap = float(np.sum(program(first)) - np.sum(program(second)))
        first_wins = rng.random() < 1 / (1 + math.exp(-gap)) if noisy else gap > 0
        found.append(Pair(first, second) if first_wins else Pair(second, first))
    return found


def differences(pairs: list[Pair], fields: str) -> np.ndarray:
    return np.array([[pair.better[n].sum() - pair.worse[n].sum() for n in fields] for pair in pairs])


def test_the_loss_equals_a_loop_over_pairs_and_steps():
    pairs = pairs_of(LINEAR, np.random.default_rng(0), 7, True)
    total = 0.0
    for pair in pairs:
        better = sum(a + 0.5 * b for a, b in zip(pair.better["a"], pair.better["b"], strict=True))
        worse = sum(a + 0.5 * b for a, b in zip(pair.worse["a"], pair.worse["b"], strict=True))
        total += math.log(1 + math.exp(worse - better))
    assert preference_loss(LINEAR, pairs) == pytest.approx(total / 7)
    with pytest.raises(BadInput, match="at least one"):
        preference_loss(LINEAR, [])


@pytest.mark.parametrize("seed", range(4))
def test_segments_of_different_lengths_are_summed_each_by_itself(seed):
    rng = np.random.default_rng(seed)
    pairs = [Pair(*segments(rng, 2, int(rng.integers(1, 9)))) for _ in range(5)]
    each = [preference_loss(LINEAR, [pair]) for pair in pairs]
    assert preference_loss(LINEAR, pairs) == pytest.approx(np.mean(each))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ridge", [0.01, 0.3])
def test_the_gradient_is_zero_in_closed_form_at_a_linear_program(seed, ridge):
    rng = np.random.default_rng(seed)
    pairs = pairs_of(LINEAR, rng, 60, True)
    found = fit_numbers(LINEAR, pairs, Fit(ridge=ridge))
    written, weights = np.array([1.0, 0.5]), np.array([found[name] for name in NAMES])
    x = differences(pairs, "ab")
    chance = 1 / (1 + np.exp(x @ weights))  # of the worse one
    gradient = -(chance[:, None] * x * written).mean(0) + ridge * (weights / written - 1)
    assert np.abs(weights / written).max() < 10  # no bound is active
    np.testing.assert_allclose(gradient, 0.0, atol=2e-5)


def test_known_numbers_are_recovered_also_one_of_the_wrong_sign():
    true = LINEAR.with_numbers(dict(zip(NAMES, (1.6, -0.9), strict=True)))
    found = fit_numbers(LINEAR, pairs_of(true, np.random.default_rng(1), 4000, True), Fit(ridge=1e-6))
    assert [found[name] for name in NAMES] == pytest.approx([1.6, -0.9], abs=0.12)


def test_labels_without_noise_tell_the_ratio_of_numbers_and_not_their_scale():
    true = LINEAR.with_numbers(dict(zip(NAMES, (0.2, -0.3), strict=True)))
    pairs = pairs_of(true, np.random.default_rng(2), 1500, False)
    found = fit_numbers(LINEAR, pairs, Fit(ridge=1e-4))
    first, second = (found[name] for name in NAMES)
    assert second / first == pytest.approx(-1.5, rel=0.1)
    assert first > 1.0  # the likelihood grows with the scale, as far as ridge and bounds allow


@pytest.mark.parametrize("seed", range(3))
def test_one_number_inside_a_function_is_as_good_as_the_best_of_a_grid(seed):
    program = parse("exp(-0.4 * a ** 2)", FIELDS)
    true = parse("exp(-1.5 * a ** 2)", FIELDS)
    pairs = pairs_of(true, np.random.default_rng(seed), 40, True)
    setting = Fit(factor=5.0)
    (name,) = [each for each, value in program.numbers().items() if abs(value) == 0.4]

    def objective(number: float) -> float:
        return preference_loss(program.with_numbers({name: number}), pairs) + 0.005 * (number / -0.4 - 1) ** 2

    best = min(objective(float(number)) for number in np.linspace(-2.0, 2.0, 801))
    found = fit_numbers(program, pairs, setting)
    assert objective(found[name]) <= best + 1e-6
    assert abs(found[name]) <= 2.0
    assert {key: value for key, value in found.items() if key != name} == {"program.reward.c1": 2.0}


def test_the_order_of_pairs_changes_no_bit_and_the_fit_is_deterministic():
    program, rng = parse("return {'x': 0.3 * a, 'y': 0.7 * tanh(1.5 * b)}", FIELDS), np.random.default_rng(3)
    pairs = pairs_of(LINEAR, rng, 30, True)
    found = fit_numbers(program, pairs[:20], held=pairs[20:])
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(20)
        assert fit_numbers(program, [pairs[i] for i in order], held=pairs[:19:-1]) == found
    assert found != program.numbers()


def test_pairs_that_say_nothing_leave_the_numbers():
    (same,) = segments(np.random.default_rng(4), 1)
    assert fit_numbers(LINEAR, []) == LINEAR.numbers()
    assert fit_numbers(LINEAR, [Pair(same, same)] * 3) == LINEAR.numbers()
    steps = parse("where(a > 0.3, 0.0, a ** 2)", FIELDS)  # only a 0, an exponent and a threshold
    pairs = pairs_of(LINEAR, np.random.default_rng(5), 10, True)
    assert fit_numbers(steps, pairs)["program.reward.c1"] == 0.0
    assert fit_numbers(steps, pairs)["program.reward.c2"] == 2.0
    sole = parse("a + b", FIELDS)
    assert fit_numbers(sole, pairs) == sole.numbers() == {}


def test_where_a_program_is_not_finite_the_written_numbers_stay():
    pairs = pairs_of(LINEAR, np.random.default_rng(6), 10, True)
    for text in ("0.5 * log(a)", "0.5 / (a - a)"):
        program = parse(text, FIELDS)
        assert fit_numbers(program, pairs) == program.numbers()
    near = parse("sqrt(6.0 - 0.5 * a)", FIELDS)  # undefined for large factors, which the optimiser may try
    found = near.with_numbers(fit_numbers(near, pairs, Fit(factor=1000.0, ridge=1e-6)))
    assert preference_loss(found, pairs) <= preference_loss(near, pairs)


def test_held_pairs_that_say_the_contrary_leave_the_numbers():
    program = parse("0.5 * a", FIELDS)
    pairs = pairs_of(program, np.random.default_rng(7), 20, False)
    contrary = [Pair(pair.worse, pair.better) for pair in pairs]
    assert fit_numbers(program, pairs, held=contrary) == program.numbers()
    assert fit_numbers(program, pairs, held=pairs)["program.reward.c0"] > 0.5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"critics": 0}, "critics"),
        ({"agree": (0.5,)}, "above 0.5"),
        ({"agree": ()}, "above 0.5"),
        ({"segment": 4}, "at least 5"),
        ({"held": 1.0}, "below 1"),
        ({"ridge": 0.0}, "ridge > 0"),
        ({"factor": 0.5}, "factor >= 1"),
    ],
)
def test_bad_settings_are_refused_in_one_line(change, says):
    with pytest.raises(BadInput, match=says) as caught:
        Fit(**change)
    assert "\n" not in str(caught.value)


def test_the_record_of_a_fit_gives_it_back():
    made = Fitted("abc", (14, 6), (0.7, 0.25), {"program.x.c0": 0.1}, "critics of the model")
    assert Fitted.from_record(made.record()) == made


def test_only_the_fields_that_a_program_reads_are_looked_at():
    """Episodes of agents that see different things have different other fields."""
    pairs = [
        Pair({"a": np.ones(3), "obs": np.zeros((3, 2))}, {"a": np.zeros(3), "obs": np.zeros((3, 5)), "b": 0})
    ]
    assert preference_loss(parse("0.1 * a", FIELDS), pairs) == pytest.approx(math.log(1 + math.exp(-0.3)))
    assert fit_numbers(parse("0.1 * a", FIELDS), pairs)["program.reward.c0"] > 0.1
