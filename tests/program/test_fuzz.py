"""Thousands of damaged and random programs: refused with a ProgramError, or inside the grammar and right.

``REWARDSMITH_FUZZ=1000000 pytest tests/program/test_fuzz.py`` runs more than the default.
"""

from __future__ import annotations

import os
import re

import numpy as np

from program import slow
from program.helpers import CONTROL, WRITTEN, Writer, bad_rewards, batch_of
from rewardsmith.core.errors import ProgramError
from rewardsmith.program import CODES, Grammar, Program, parse, random_program

CASES = int(os.environ.get("REWARDSMITH_FUZZ", "10000"))
ROWS = 2
WORDS = (
    "x speed angle obs action terminated next_x force pi nan np self reward return def lambda if else and or "
    "not in is for import None True ( ) [ ] { } , : ; . + - * / ** % // @ < <= == != = := -> ~ | & 0 1 2.5 1e9 "
    "1e999 0x1f 1j 'a' \"b\" f'' abs( exp( log( sum( norm( where( clip( [:, [:,0] [:,1:3] [0]"
)
TOKENS = (*re.findall(r"\S+", WORDS), "\n", "\t", "\\", "#", "\u00e9", "\u200b", "\x00")
FIELDS = {field.name for field in CONTROL}


def test_nothing_raw_and_nothing_outside_the_grammar() -> None:
    rng = np.random.default_rng(20)
    corpus = _corpus(rng)
    batch = batch_of(CONTROL, ROWS)
    before = {name: array.copy() for name, array in batch.items()}
    accepted = refused = checked = 0
    for case in range(CASES):
        source = corpus[int(rng.integers(len(corpus)))]
        for _ in range(int(rng.integers(0, 4)) if case % 4 else 0):
            source = _damaged(source, corpus, rng)
        program = _parsed(source)
        if isinstance(program, ProgramError):
            refused += 1
            assert program.code in CODES, source
            assert program.allowed, source
            continue
        accepted += 1
        plain = source.replace("\r\n", "\n").replace("\r", "\n")
        assert slow.accepts(plain, FIELDS), source
        text = str(program)
        assert parse(text, CONTROL) == program, source
        total = _total(program, batch)
        expected = [slow.run(plain, batch, row) for row in range(ROWS)]
        if not _well_conditioned(program, batch, total):
            continue
        checked += 1
        np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-9, equal_nan=True, err_msg=source)
    assert all(np.array_equal(batch[name], before[name]) for name in batch)
    # The run says something only if both sides occur often.
    assert accepted > CASES // 5
    assert refused > CASES // 5
    assert checked > 0.9 * accepted


def _parsed(source: str) -> Program | ProgramError:
    try:
        return parse(source, CONTROL)
    except ProgramError as error:
        return error


def _total(program, batch: dict) -> np.ndarray:
    """The total without the core's refusal of infinities, which are compared here too."""
    with np.errstate(all="ignore"):
        return program.share(batch, ())[0].total


def _well_conditioned(program, batch: dict, total: np.ndarray) -> bool:
    """False where a change in the 13th digit already moves the result: no two libraries agree there."""
    moved = {name: array * (1 + 1e-13) for name, array in batch.items()}
    with np.errstate(all="ignore"):
        return bool(np.allclose(_total(program, moved), total, rtol=1e-7, atol=1e-10, equal_nan=True))


def _corpus(rng: np.random.Generator) -> list[str]:
    grammar, writer = Grammar.from_fields(CONTROL), Writer(rng)
    random = [str(random_program(grammar, rng)) for _ in range(150)]
    bad = [row["code"] for row in bad_rewards() if len(row["code"]) < 3000]
    return [*WRITTEN * 3, *random, *(writer.program() for _ in range(150)), *bad]


def _damaged(source: str, corpus: list[str], rng: np.random.Generator) -> str:
    at, other = int(rng.integers(len(source) + 1)), corpus[int(rng.integers(len(corpus)))]
    length = int(rng.integers(1, 6))
    kind = int(rng.integers(9))
    if kind == 0:
        return source[:at] + source[at + length :]
    if kind == 1:
        return (
            source[:at] + chr(int(rng.choice((rng.integers(32, 127), rng.integers(0, 0x3000))))) + source[at:]
        )
    if kind == 2:
        return source[:at] + source[at : at + length] * 2 + source[at + length :]
    if kind == 3:
        start = int(rng.integers(len(other) + 1))
        return source[:at] + other[start : start + 20] + source[at:]
    tokens = re.findall(r"\w+|\s+|[^\w\s]", source) or [""]
    spot = int(rng.integers(len(tokens)))
    new = TOKENS[int(rng.integers(len(TOKENS)))]
    if kind == 4:
        tokens[spot] = new
    elif kind == 5:
        del tokens[spot]
    elif kind == 6:
        tokens.insert(spot, new)
    elif kind == 7:
        second = int(rng.integers(len(tokens)))
        tokens[spot], tokens[second] = tokens[second], tokens[spot]
    else:
        tokens[spot] = f"{float(rng.normal() * 10.0 ** rng.integers(-3, 4)):.3g}"
    return "".join(tokens)
