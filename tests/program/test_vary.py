"""Random programs, mutation and crossover: valid, varied, consistent in units, and able to say a lot."""

from __future__ import annotations

import math
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest

from program.helpers import CONTROL, VECTORS, WRITTEN, batch_of
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.program import Grammar, Odds, check, crossover, mutate, parse, random_program, survey
from rewardsmith.program.generate import _KINDS
from rewardsmith.program.grammar import Prior

GRAMMAR = Grammar.from_fields(CONTROL)
BATCH = batch_of(CONTROL, 64)


def test_a_survey_tries_every_signal_in_turn() -> None:
    programs = survey(GRAMMAR, np.random.default_rng(0))
    count = len(GRAMMAR.states)
    for _ in range(3):
        turn = [next(programs) for _ in range(count)]
        names = sorted(name.removesuffix("_bump") for program in turn for name in program.names)
        assert names == sorted(signal.label for signal in GRAMMAR.states)
        for program in turn:
            assert parse(str(program), CONTROL) == program
    again = survey(GRAMMAR, np.random.default_rng(0))
    assert next(again) == next(survey(GRAMMAR, np.random.default_rng(0)))


def test_signals_of_a_task() -> None:
    assert [s.label for s in GRAMMAR.states] == ["x", "speed", "angle", "sin_angle", "cos_angle"]
    assert [s.label for s in GRAMMAR.actions] == ["force"]
    assert GRAMMAR.ends
    columns = Grammar.from_fields(VECTORS)
    assert [s.label for s in columns.states] == ["obs_0", "obs_1", "obs_2", "obs_3"]
    assert [s.label for s in columns.actions] == ["action_0", "action_1"]
    # a discrete choice is a name, not a quantity
    assert Grammar.from_fields([Field("x"), Field("action", kind="action")]).actions == ()
    assert "x" not in {s.label for s in Grammar.from_fields(CONTROL, exclude=("x",)).states}
    with pytest.raises(BadInput, match="at least one state field"):
        Grammar.from_fields([Field("action", kind="action")])


def test_success_is_never_a_signal() -> None:
    table = [Field("x"), Field("success", kind="state"), Field("native_reward", kind="state")]
    grammar = Grammar.from_fields(table)
    rng = np.random.default_rng(0)
    assert [s.label for s in grammar.states] == ["x"]
    assert all(random_program(grammar, rng).fields <= {"x"} for _ in range(100))


@pytest.mark.parametrize("table", [CONTROL, VECTORS])
def test_random_programs_are_valid_varied_and_reproducible(table: tuple[Field, ...]) -> None:
    grammar, batch = Grammar.from_fields(table), batch_of(table, 16)
    programs = [random_program(grammar, np.random.default_rng(seed)) for seed in range(400)]
    assert programs[:20] == [random_program(grammar, np.random.default_rng(seed)) for seed in range(20)]
    assert len({p.structural_hash for p in programs}) > 390
    for program in programs:
        assert parse(str(program), table) == program
        assert np.isfinite(program(batch)).all()
        assert 1 <= len(program.parts) <= 5
        assert not [f for f in check(program, batch) if f.code not in ("W_CONSTANT",)]


def test_every_kind_of_term_occurs_with_its_odds() -> None:
    seen: Counter[str] = Counter()

    class Recorder:
        def __init__(self) -> None:
            self.prior = Prior(GRAMMAR)

        def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int:
            at = self.prior.choose(production, options, rng)
            seen[f"{production}:{options[at]}"] += 1
            return at

    rng = np.random.default_rng(3)
    for _ in range(2000):
        random_program(GRAMMAR, rng, Recorder())
    for production, weights in GRAMMAR.weights().items():
        if production in ("mutation", "wrap", "crossover"):
            continue
        drawn = sum(seen[f"{production}:{option}"] for option, _ in weights)
        total = sum(weight for _, weight in weights)
        for option, weight in weights:
            share = weight / total
            error = 4.5 * math.sqrt(share * (1 - share) / drawn) + 1e-12
            assert abs(seen[f"{production}:{option}"] / drawn - share) < error, (production, option)
    assert {option for option, _ in GRAMMAR.odds.kind} == set(_KINDS)


def test_a_chooser_decides_everything_but_the_numbers() -> None:
    class Fixed:
        wanted: ClassVar[dict[str, str]] = {
            "terms": "1", "kind": "product", "signal": "cos_angle", "time": "now", "target": "high",
            "weight": "1", "width": "0.2", "reward_sign": "+", "rate_target": "zero",
        }  # fmt: skip

        def __init__(self) -> None:
            self.asked: list[str] = []

        def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int:
            self.asked.append(production)
            name = self.wanted[production]
            if production == "signal" and self.asked.count("signal") == 2:
                name = "speed"
            return options.index(name)

    chooser = Fixed()
    program = random_program(GRAMMAR, np.random.default_rng(0), chooser)
    assert list(dict(program.parts)) == ["cos_angle_and_speed"]
    text = str(program)
    assert "exp(-square((cos(angle) - 1.0) / " in text
    assert "exp(-square(speed / " in text
    assert set(chooser.asked) <= set(GRAMMAR.productions())

    class Wrong:
        def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int:
            return len(options)

    with pytest.raises(BadInput, match="choice for terms"):
        random_program(GRAMMAR, np.random.default_rng(0), Wrong())


def test_odds_are_configuration() -> None:
    only = Grammar.from_fields(
        CONTROL, Odds(kind=tuple((k, float(k == "distance")) for k in _KINDS), terms=(("1", 1.0),))
    )
    rng = np.random.default_rng(0)
    names = {name for _ in range(50) for name, _ in random_program(only, rng).parts}
    assert all(name.endswith(("_cost", "_distance")) for name in names)


def test_mutation_always_gives_another_valid_program() -> None:
    rng = np.random.default_rng(5)
    kinds: Counter[str] = Counter()
    for start in [parse(source, CONTROL) for source in WRITTEN] + [
        random_program(GRAMMAR, rng) for _ in range(20)
    ]:
        program = start
        for _ in range(25):
            child = mutate(program, rng, GRAMMAR)
            assert child != program
            assert parse(str(child), CONTROL) == child
            assert 1 <= len(child.parts) <= GRAMMAR.max_terms + 1
            kinds[
                "numbers"
                if child.shape_key == program.shape_key
                else f"{len(child.parts) - len(program.parts):+d}"
            ] += 1
            program = child
    assert min(kinds[kind] for kind in ("numbers", "+0", "+1", "-1")) > 20


def test_mutated_numbers_stay_close_and_exponents_stay() -> None:
    odds = Odds(mutation=tuple((name, float(name == "numbers")) for name, _ in Odds().mutation))
    grammar, rng = Grammar.from_fields(CONTROL, odds), np.random.default_rng(6)
    start = parse("0.5 * abs(x) ** 2 + 3 * speed", CONTROL)
    ratios = []
    for _ in range(300):
        numbers = mutate(start, rng, grammar).numbers()
        assert numbers["program.reward.c1"] == 2.0
        ratios += [abs(numbers["program.reward.c0"]) / 0.5, abs(numbers["program.reward.c2"]) / 3]
    moved = np.log([r for r in ratios if r != 1])
    assert abs(np.mean(moved)) < 0.1
    assert 0.4 < np.std(moved) < 0.6


def test_crossover_takes_from_both() -> None:
    rng = np.random.default_rng(7)
    a = parse(
        "def reward(x, speed):\n    far = abs(x)\n    return {'near': -far, 'calm': -abs(speed)}", CONTROL
    )
    b = parse(
        "def reward(angle, force):\n    far = cos(angle)\n    return {'up': far, 'effort': -force ** 2}",
        CONTROL,
    )
    mixed = 0
    for _ in range(200):
        child = crossover(a, b, rng)
        assert parse(str(child), CONTROL) == child
        assert np.isfinite(child(BATCH)).all()
        assert child.fields <= a.fields | b.fields
        mixed += bool(child.fields & a.fields) and bool(child.fields & b.fields)
    assert mixed > 150


def test_crossover_respects_units_and_shapes() -> None:
    rng = np.random.default_rng(8)
    a, b = parse("abs(x) + abs(next_x)", CONTROL), parse("tanh(speed * 3) + norm(obs - next_obs)", CONTROL)
    for _ in range(100):
        child = crossover(a, b, rng)
        assert not [f for f in check(child, BATCH) if f.code == "W_UNIT"], str(child)


def test_programs_with_local_names_that_hide_new_fields() -> None:
    # 'angle' is a local name here, because the def line leaves the field out.
    program = parse("def reward(x):\n    angle = x * 2\n    return {'a': angle}", CONTROL)
    rng = np.random.default_rng(9)
    for _ in range(200):
        child = mutate(program, rng, GRAMMAR)
        assert parse(str(child), CONTROL) == child
