"""Length, repetition, script, phrases, citations, likelihood: against slow loops and closed forms."""

from __future__ import annotations

import math
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith import terms
from rewardsmith.core.errors import BadInput

words = st.lists(st.sampled_from(["a", "B", "b", "cd", "."]), max_size=12).map(" ".join)
lengths = st.lists(st.integers(0, 300), min_size=1, max_size=8).map(lambda x: np.array(x, dtype=float))


def score(term, completion):
    return term({"completion": [completion]}).tolist()[0]


@given(lengths)
def test_length_band(length):
    expected = [1.0 if 20 <= n <= 90 else max(0.0, 1 - 0.1 * (20 - n if n < 20 else n - 90)) for n in length]
    values = terms.length_band(shortest=20.0, longest=90.0, slope=0.1)({"length": length})
    np.testing.assert_allclose(values, expected, atol=1e-12)
    hard = terms.length_band(shortest=20.0, longest=90.0)({"length": length})
    assert hard.tolist() == [float(20 <= n <= 90) for n in length]


def test_lengths_on_torch_and_jax():
    import jax
    import jax.numpy as jnp
    import torch

    length, band = np.linspace(0, 2000, 40), terms.length_band(longest=700.0)
    expected = band({"length": length})
    np.testing.assert_allclose(band({"length": torch.as_tensor(length)}).numpy(), expected)
    with jax.enable_x64():
        np.testing.assert_allclose(np.asarray(band({"length": jnp.asarray(length)})), expected, atol=1e-12)


def test_bad_lengths():
    with pytest.raises(BadInput, match="shortest <= longest"):
        terms.length_band(shortest=9.0, longest=1.0)({"length": np.ones(1)})
    with pytest.raises(BadInput, match="a batch without it"):
        terms.with_length({"completion": ["a"], "length": np.ones(1)})


@given(words, st.integers(1, 4))
def test_ngrams_against_a_slow_count(text, n):
    tokens = text.lower().split()
    counts: Counter = Counter()
    for i in range(len(tokens)):
        if i + n <= len(tokens):
            counts[" ".join(tokens[i : i + n])] += 1
    share = len(counts) / sum(counts.values()) if counts else math.nan
    np.testing.assert_equal(score(terms.distinct_ngrams(n=n), text), share)
    assert score(terms.repeated_ngrams(n=n), text) == pytest.approx(0.0 if math.isnan(share) else share - 1)


def test_ngrams_take_whole_numbers():
    for n in (0.0, 1.5):
        with pytest.raises(BadInput, match="whole number"):
            terms.repeated_ngrams(n=n)({"completion": ["a"]})


def test_compression():
    text = "wait, " * 50
    assert score(terms.compression_ratio, text) == len(zlib.compress(text.encode(), 9)) / len(text)
    assert math.isnan(score(terms.compression_ratio, ""))
    assert score(terms.compression_ratio, "\ud800") > 0


@given(st.text(alphabet="abzABZéäжщЯ 1.-", max_size=30))
def test_script_share_against_code_point_ranges(text):
    latin = sum(c.isalpha() and ord(c) < 0x250 for c in text)
    cyrillic = sum(0x400 <= ord(c) < 0x530 for c in text)
    share = latin / (latin + cyrillic) if latin + cyrillic else math.nan
    np.testing.assert_equal(score(terms.script_share, text), share)
    both = score(terms.script_share(scripts=("LATIN", "CYRILLIC")), text)
    np.testing.assert_equal(both, 1.0 if latin + cyrillic else math.nan)


def test_scripts_of_wide_letters_and_none():
    assert score(terms.script_share, "ＡＢ") == 1.0
    with pytest.raises(BadInput, match="scripts"):
        terms.script_share(scripts=())({"completion": ["a"]})


@pytest.mark.parametrize(
    ("phrases", "text", "count"),
    [
        (("wait",), "wait await waiter WAIT, wait-wait", 4),
        (("let me check", "check"), "Let me  check. check", 2),
        (("c++",), "c++ and c", 1),
        (("a a",), "a a a a a", 2),
        (("é",), "é ée", 1),
    ],
)
def test_phrases(phrases, text, count):
    assert score(terms.phrase_count(phrases=phrases), text) == count


def test_phrases_by_case_and_blank_ones():
    assert score(terms.phrase_count(phrases=("Wait",), fold_case=False), "wait Wait") == 1
    with pytest.raises(BadInput, match="phrases"):
        terms.phrase_count(phrases=(" ",))({"completion": ["a"]})


@pytest.mark.parametrize(
    ("text", "sources", "exist", "cited"),
    [
        ("One [1]. Two [2].", [1, 2], 1.0, 1.0),
        ("One [1]. Two [9].", ["1", "2"], 0.5, 1.0),
        ("One [1, 9; 8]. Two.", [1], 1 / 3, 0.5),
        ("[1] [1] [1] [9]", [1], 0.5, math.nan),  # a mark repeated does not dilute the false one
        ("<think>[1].</think>Two.", [1], 0.0, 0.0),
        ("", [1], 0.0, math.nan),
        ("One. [1] Two? [1][2] Three", [1, 2], 1.0, 2 / 3),
        ("Array a[i] = 3.5 is fine.", [1], 0.0, 1.0),  # an index looks like a mark
    ],
)
def test_citations(text, sources, exist, cited):
    batch = {"completion": [text], "sources": [sources]}
    np.testing.assert_allclose(terms.citations_exist(batch), [exist])
    np.testing.assert_allclose(terms.cited_sentences(batch), [cited])


def test_citations_without_verdict_or_with_bad_sources():
    batch = {"completion": [None, "a [1].", "a."], "sources": [[1], None, [1]]}
    np.testing.assert_array_equal(terms.citations_exist(without=0.25)(batch), [np.nan, np.nan, 0.25])
    with pytest.raises(BadInput, match="a list of ids"):
        terms.citations_exist({"completion": ["a"], "sources": ["1"]})
    with pytest.raises(BadInput, match="one for each completion"):
        terms.citations_exist({"completion": ["a"], "sources": []})


ROWS = [[-0.1, -2.0, -0.5], [-0.3], [-1.0, 0.0]]
EXPECTED = {
    "logprob": [sum(row) for row in ROWS],
    "avg_logprob": [sum(row) / len(row) for row in ROWS],
    "prob": [math.prod(math.exp(x) for x in row) for row in ROWS],
    "avg_prob": [sum(math.exp(x) for x in row) / len(row) for row in ROWS],
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_likelihood_kinds_on_lists_and_padded_arrays(kind):
    import jax
    import torch

    term = terms.reference_logprob(kind=kind)
    np.testing.assert_allclose(term({"reference_token_logprobs": [*ROWS, None]}), [*EXPECTED[kind], np.nan])
    padded = np.full((2, 2, 3), np.nan)
    for number, row in enumerate(ROWS):
        padded[number // 2, number % 2, : len(row)] = row
    expected = np.array([*EXPECTED[kind], np.nan]).reshape(2, 2)
    np.testing.assert_allclose(term({"reference_token_logprobs": padded}), expected)
    on_torch = term({"reference_token_logprobs": torch.as_tensor(padded)})
    np.testing.assert_allclose(on_torch.numpy(), expected)
    with jax.enable_x64():
        compiled = jax.jit(lambda x: term({"reference_token_logprobs": x}))
        np.testing.assert_allclose(np.asarray(compiled(padded)), expected)


def test_likelihood_limits(caplog):
    term = terms.reference_logprob(floor=-50.0)
    assert term({"reference_token_logprobs": [[-math.inf, -1.0]]}).tolist() == [-51.0]
    assert "1 token log-probabilities below -50" in caplog.text
    with pytest.raises(BadInput, match="sample 1: received shape"):
        term({"reference_token_logprobs": [[-1.0], []]})
    with pytest.raises(BadInput, match="logarithms of probabilities"):
        term({"reference_token_logprobs": [[0.5]]})
    with pytest.raises(BadInput, match="logprob, avg_logprob"):
        terms.reference_logprob(kind="mean")({"reference_token_logprobs": [[-1.0]]})
