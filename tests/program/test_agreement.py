"""NumPy and the register code give the same numbers on 10,000 random programs."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

import jax
import numpy as np
import pytest

from program.helpers import CONTROL, Writer, batch_of
from rewardsmith.core.errors import ProgramError
from rewardsmith.program import Grammar, Program, columns, encode, interpret, parse, random_program
from rewardsmith.program.encode import LENGTHS

ROWS = 12
HALF = 5_000


def _random_programs() -> list[Program]:
    rng = np.random.default_rng(7)
    grammar, writer = Grammar.from_fields(CONTROL), Writer(rng)
    generated = [random_program(grammar, rng) for _ in range(HALF)]
    return generated + [parse(writer.program(), CONTROL) for _ in range(HALF)]


def _in_register_code(programs: list[Program], batch: dict, dtype: type) -> dict[int, np.ndarray]:
    """Totals by program number, encoded in groups of one length; programs too long are left out."""
    groups: dict[int, list[int]] = defaultdict(list)
    codes = {}
    for i, program in enumerate(programs):
        try:
            codes[i] = encode([program], CONTROL, dtype=dtype)
        except ProgramError:
            continue  # too long; the test counts them
        groups[codes[i].ops.shape[1]].append(i)
    rows = np.stack([np.asarray(c, dtype) for c in columns(batch, CONTROL)])
    rows = _columns64(batch) if dtype is np.float64 else rows
    run = jax.jit(lambda code, rows: jax.lax.map(partial(_total, rows=rows), code))
    totals: dict[int, np.ndarray] = {}
    for numbers in groups.values():
        code = jax.tree.map(lambda *arrays: np.concatenate(arrays), *(codes[i] for i in numbers))
        totals.update(zip(numbers, np.asarray(run(code, rows)), strict=True))
    return totals


def _total(code, rows):
    return interpret(code, rows).sum(0)


def _columns64(batch: dict) -> np.ndarray:
    return np.concatenate([np.atleast_2d(batch[f.name].T) for f in CONTROL])


def _on_numpy(program: Program, batch: dict) -> np.ndarray:
    with np.errstate(all="ignore"):
        return program.share(batch, ())[0].total


def _same(a: np.ndarray, b: np.ndarray, relative: float) -> np.ndarray:
    # 1e-300 and below: XLA flushes denormal numbers to zero.
    return np.isclose(a, b, rtol=relative, atol=1e-300, equal_nan=True)


def test_the_evaluators_agree_to_1e_6_on_10000_programs() -> None:
    programs, batch = _random_programs(), batch_of(CONTROL, ROWS)
    with jax.enable_x64():
        totals = _in_register_code(programs, batch, np.float64)
    assert len(totals) > 0.95 * len(programs)
    assert sum(i < HALF for i in totals) == HALF, "every program that the grammar writes fits the register code"
    moved = {name: array * (1 + 1e-13) for name, array in batch.items()}
    undecidable = 0
    for i, total in totals.items():
        expected = _on_numpy(programs[i], batch)
        same = _same(total, expected, 1e-6)
        if i >= HALF:
            # Where a change in the 13th digit of the inputs moves the result, no two libraries agree.
            steady = _same(_on_numpy(programs[i], moved), expected, 1e-8)
            undecidable += int((~same & ~steady).sum())
            same |= ~steady
        assert same.all(), f"{programs[i]}\n{total}\n{expected}"
    assert undecidable < 0.001 * ROWS * len(totals)


def test_32_bits_are_close_on_programs_of_the_grammar() -> None:
    rng = np.random.default_rng(8)
    grammar = Grammar.from_fields(CONTROL)
    programs = [random_program(grammar, rng) for _ in range(500)]
    batch = batch_of(CONTROL, ROWS)
    totals = _in_register_code(programs, batch, np.float32)
    narrow = {name: array.astype(np.float32).astype(np.float64) for name, array in batch.items()}
    worst = max(
        float(np.abs(totals[i] - _on_numpy(p, narrow)).max() / (np.abs(_on_numpy(p, narrow)).max() + 1e-3))
        for i, p in enumerate(programs)
    )
    assert worst < 2e-4


def test_vmap_and_map_are_the_same_and_new_programs_do_not_compile() -> None:
    rng = np.random.default_rng(9)
    grammar, batch = Grammar.from_fields(CONTROL), batch_of(CONTROL, 5, dtype=np.float32)
    rows = columns(batch, CONTROL)
    mapped = jax.jit(lambda code, rows: jax.lax.map(partial(_total, rows=rows), code))
    spread = jax.jit(lambda code, rows: jax.vmap(partial(_total, rows=rows))(code))
    for _ in range(3):
        programs = [random_program(grammar, rng) for _ in range(6)]
        code = encode(programs, CONTROL, length=64)
        np.testing.assert_allclose(mapped(code, rows), spread(code, rows), rtol=1e-5, atol=1e-6)
        for i, program in enumerate(programs):
            np.testing.assert_allclose(mapped(code, rows)[i], program(batch), rtol=1e-4, atol=1e-5)
    assert mapped._cache_size() == 1


def test_rows_may_have_any_shape() -> None:
    batch = batch_of(CONTROL, 12, dtype=np.float32)
    program = parse("{'a': norm(obs), 'b': -force * x}", CONTROL)
    code = jax.tree.map(lambda a: a[0], encode([program], CONTROL))
    flat = np.asarray(interpret(code, columns(batch, CONTROL)))
    square = {name: array.reshape(3, 4, *array.shape[1:]) for name, array in batch.items()}
    np.testing.assert_array_equal(interpret(code, columns(square, CONTROL)), flat.reshape(-1, 3, 4))
    parts = program.terms(batch)
    np.testing.assert_allclose(flat[:2], [parts["a"], parts["b"]], rtol=1e-6)
    assert not flat[2:].any()


def test_programs_too_long_are_refused_by_code() -> None:
    long = parse(" + ".join(f"exp(x * {i})" for i in range(1, 60)), CONTROL)
    for length in (16, 64):
        with pytest.raises(ProgramError, match="E_SIZE"):
            encode([long], CONTROL, length=length)
    assert encode([long], CONTROL).ops.shape[1] in LENGTHS
    many = parse("{" + ",".join(f"'t{i}': x * {i}" for i in range(9)) + "}", CONTROL)
    with pytest.raises(ProgramError, match="9 parts, of 8"):
        encode([many], CONTROL)
    with pytest.raises(ProgramError, match="not in the table"):
        encode([parse("x", CONTROL)], CONTROL[:3])


def test_shared_subexpressions_are_computed_once() -> None:
    once = encode([parse("exp(x / 2) + exp(x / 2) * exp(x / 2)", CONTROL)], CONTROL)
    assert int((once.ops != 0).sum()) == 4
    unused_columns = encode([parse("(obs * 2)[:, 1]", CONTROL)], CONTROL)
    assert int((unused_columns.ops != 0).sum()) == 1
