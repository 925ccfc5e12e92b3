"""Every exported text term obeys the laws of the algebra and its own bounds, found by itself."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import numpy as np
import pytest

from rewardsmith import terms
from rewardsmith.core.term import Term
from rewardsmith.testing import check_reward, sample_batch

EXPORTED = {name: value for name in terms.__all__ if isinstance(value := getattr(terms, name), Term)}
# What the conformance suite cannot guess: columns that are neither numbers nor texts.
OWN_COLUMNS = {
    "sources": lambda rng, n: _ragged([[int(i) for i in rng.integers(1, 9, size=3)] for _ in range(n)]),
    "reference_token_logprobs": lambda rng, n: _ragged(
        [(-rng.random(rng.integers(1, 5))).tolist() for _ in range(n)]
    ),
    "tests": lambda rng, n: _ragged([[("1", "1")] for _ in range(n)]),
}
WORDS = ("the", "[3]", "\\boxed{7}", "7", "wait", "wait,", "<think>", "</think>", "{}", "Это", "end.", "")


def _ragged(rows: list[list]) -> np.ndarray:
    column = np.empty(len(rows), dtype=object)
    column[:] = rows
    return column


def _batch(term: Term, seed: int, count: int = 7) -> dict:
    rng = np.random.default_rng(seed)
    batch = sample_batch(term.fields - set(OWN_COLUMNS), rng, (count,))
    batch |= {name: make(rng, count) for name, make in OWN_COLUMNS.items() if name in term.fields}
    if "completion" in term.fields:
        batch["completion"] = [" ".join(rng.choice(WORDS, size=rng.integers(0, 9))) for _ in range(count)]
    if "reference" in term.fields:
        batch["reference"] = [str(rng.choice(("7", "7.5", "the"))) for _ in range(count)]
    # terms read what they name and nothing else
    return {name: value for name, value in batch.items() if name in term.fields}


def _of_text() -> list[str]:
    return [name for name, term in EXPORTED.items() if _is_text(term)]


def _is_text(term: Term) -> bool:
    return bool(term.fields & {"completion", "reference_token_logprobs", "length"})


@pytest.mark.parametrize("name", _of_text())
def test_laws_of_the_algebra(name: str) -> None:
    check_reward(EXPORTED[name], _batch(EXPORTED[name], 0), [EXPORTED[name]])


@pytest.mark.parametrize("name", _of_text())
def test_values_lie_within_the_bounds_that_are_stated(name: str) -> None:
    term = EXPORTED[name]
    values = np.concatenate([term(_batch(term, seed, 20)) for seed in range(5)])
    known = values[~np.isnan(values)]
    assert known.size
    assert (known >= term.info.low).all(), known
    assert (known <= term.info.high).all(), known


@pytest.mark.parametrize("name", [n for n in _of_text() if "completion" in EXPORTED[n].fields])
def test_no_text_is_no_verdict_and_stays_in_its_place(name: str) -> None:
    term = EXPORTED[name]
    batch = _batch(term, 1)
    full = term(batch)
    batch["completion"][3] = None
    values = term(batch)
    assert np.isnan(values[3])
    np.testing.assert_array_equal(np.delete(values, 3), np.delete(full, 3))


@pytest.mark.parametrize("name", _of_text())
def test_an_empty_batch_has_no_values(name: str) -> None:
    batch = {k: v[:0] for k, v in _batch(EXPORTED[name], 0).items()}
    assert EXPORTED[name](batch).shape == (0,)


@pytest.mark.parametrize("name", sorted(EXPORTED))
def test_every_term_says_what_it_is(name: str) -> None:
    term = EXPORTED[name]
    assert term.label == name
    assert term.info.unit
    assert term.info.low < term.info.high
    assert (inspect.getdoc(term.function) or "").strip()


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(terms.__path__, "rewardsmith.terms."):
        yield module.name


@pytest.mark.parametrize("module", sorted(_modules()))
def test_examples_in_docstrings(module: str) -> None:
    found = importlib.import_module(module)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for name, value in vars(found).items():
        function = value.function if isinstance(value, Term) else value
        if (inspect.isfunction(function) or inspect.isclass(function)) and function.__module__ == module:
            for test in doctest.DocTestFinder(recurse=True).find(function, name, globs=dict(vars(found))):
                runner.run(test)
    assert runner.failures == 0
