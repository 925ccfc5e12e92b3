"""Repetition: n-grams that come again, and how far a text can be compressed."""

from __future__ import annotations

import zlib
from typing import Any

from ..core.term import term
from .texts import Floats, per_text, whole

_YEO = "Yeo et al. 2025, 'Demystifying Long Chain-of-Thought Reasoning in LLMs' (repetition penalty)"
_LI = "Li et al. 2016, 'A Diversity-Promoting Objective Function for Neural Conversation Models' (distinct-n)"


@term(unit="1", low=-1.0, high=0.0, source=_YEO)
def repeated_ngrams(completion: Any, *, n: float = 3.0) -> Floats:
    """-(1 - distinct / all) over the n-grams of words, lower-cased: 0 where none comes twice.

    A text of fewer than n words repeats nothing: 0.

    Source: Yeo et al. 2025, "Demystifying Long Chain-of-Thought Reasoning in LLMs".
    Differs from the paper: the penalty is one number for the text, as in TRL, not spread over its tokens.

    Example:
        >>> repeated_ngrams(n=2)({"completion": ["a b a b a", "a b c d", ""]}).tolist()
        [-0.5, 0.0, 0.0]
    """
    size = whole(n, "repeated_ngrams n")

    def score(text: str) -> float:
        distinct, count = _ngrams(text, size)
        return distinct / count - 1.0 if count else 0.0

    return per_text(score, completion=completion)


@term(unit="1", low=0.0, high=1.0, source=_LI)
def distinct_ngrams(completion: Any, *, n: float = 2.0) -> Floats:
    """Distinct / all n-grams of words, lower-cased; NaN for a text of fewer than n words.

    Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models".
    Differs from the paper: there, one share over all texts of a data set.

    Example:
        >>> distinct_ngrams({"completion": ["a b a b a", "a b c d", "a"]}).tolist()
        [0.5, 1.0, nan]
    """
    size = whole(n, "distinct_ngrams n")

    def score(text: str) -> float | None:
        distinct, count = _ngrams(text, size)
        return distinct / count if count else None

    return per_text(score, completion=completion)


@term(unit="bytes/byte", low=0.0)
def compression_ratio(completion: Any) -> Floats:
    """Bytes of the UTF-8 text after DEFLATE (level 9, zlib header) over bytes before; NaN for an empty text.

    Small means repetitive.  Short texts lie above 1, because the header counts: compare texts of like length.

    Example:
        >>> values = compression_ratio({"completion": ["wait, " * 200, "no word in here comes twice"]})
        >>> bool(values[0] < 0.05), bool(values[1] > 1.0)
        (True, True)
    """

    def score(text: str) -> float | None:
        # a lone surrogate, which tokenisers can produce, has no UTF-8 form
        data = text.encode("utf-8", "surrogatepass")
        return len(zlib.compress(data, 9)) / len(data) if data else None

    return per_text(score, completion=completion)


def _ngrams(text: str, n: int) -> tuple[int, int]:
    words = text.lower().split()
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(grams)), len(grams)
