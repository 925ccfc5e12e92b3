"""Questions about pictures of digits that want four kinds of answers: a choice, a number, a box, a caption.

An answer is ``WIDTH`` numbers, as a policy with continuous actions gives them: ten columns whose largest is
the digit, one for the sum of the pixels, four for the box around the ink, ten for the digit of a caption and
three whose signs are its attributes.  ``read`` makes of them what was said, also as words: up to four, -1 for
none; words 0 to 9 are digits, 10 to 15 attributes, and the rest whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .digits import Digits

Floats = np.ndarray[Any, Any]
KINDS = ("choice", "number", "box", "text")
ATTRIBUTES = ("narrow", "wide", "faint", "bold", "left", "right")
WIDTH, WORDS, LARGEST, DIMENSIONS = 28, 56, 39, 24
_FIRST_NUMBER = 10 + len(ATTRIBUTES)
# Random directions for the words, with a direction in common, as embeddings of language models have.
EMBEDDINGS = np.random.default_rng(0).normal(size=(WORDS, DIMENSIONS)) + 1.0


def questions(digits: Digits, kinds: Sequence[str] = KINDS) -> dict[str, Floats]:
    """One question about each picture, of the kinds in turn, and the keys to all of them.

    Returns:
        ``kind (N,)``, ``gold_number (N,)``, ``gold_box (N, 4)``, ``key (N, 4)`` in words,
        ``reference_embeddings (N, 4, D)`` of the key (NaN for no word) and ``embedding_centre (N, D)``.
    """
    if not kinds or not set(kinds) <= set(KINDS):
        raise BadInput("kinds of questions", ", ".join(kinds) or "none", ", ".join(KINDS))
    kind = np.array(list(kinds))[np.arange(len(digits)) % len(kinds)]
    places = [[10 + ATTRIBUTES.index(word) for word in text.split(", ")[1:]] for text in digits.captions]
    caption = np.column_stack([digits.labels, np.array(places).reshape(len(digits), 3)])
    key = in_words(kind, digits.labels, digits.pixel_sums, digits.boxes, caption)
    return {
        "kind": kind,
        "gold_number": digits.pixel_sums,
        "gold_box": digits.boxes,
        "key": key,
        "reference_embeddings": embed(key),
        "embedding_centre": np.broadcast_to(EMBEDDINGS.mean(0), (len(digits), DIMENSIONS)),
    }


def read(action: Floats, fields: Mapping[str, Floats]) -> dict[str, Floats]:
    """What N answers ``(N, WIDTH)`` to ``questions`` say.

    Returns:
        ``number (N,)``, ``box (N, 4)``, ``embeddings (N, 4, D)`` of the words asked for, and of these whether
        all are those of the key (``same``) and how many (``agreement``), words that neither has left out.
    """
    if action.ndim != 2 or action.shape[1] != WIDTH:
        raise BadInput("action", f"shape {action.shape}", f"(N, {WIDTH})")
    digit, number, box = action[:, :10].argmax(1), action[:, 10], action[:, 11:15]
    signs = 10 + 2 * np.arange(3) + (action[:, 25:] > 0)
    caption = np.column_stack([action[:, 15:25].argmax(1), signs])
    said, key = in_words(fields["kind"], digit, number, box, caption), fields["key"]
    asked = (key >= 0).sum(1)
    right = ((said == key) & (key >= 0)).sum(1)
    return {
        "number": number,
        "box": box,
        "embeddings": embed(said),
        "same": (right == asked).astype(float),
        "agreement": right / asked,
    }


def in_words(kind: Floats, digit: Floats, number: Floats, box: Floats, caption: Floats) -> Floats:
    """The answer that each kind asks for, as words ``(N, 4)``; numbers are rounded and kept within 0 to 39."""
    none = np.full((len(kind), 3), -1)
    whole, corners = (
        np.clip(np.rint(values), 0, LARGEST).astype(np.int64) + _FIRST_NUMBER for values in (number, box)
    )
    choices = (np.column_stack([digit, none]), np.column_stack([whole, none]), corners, caption)
    return np.select([(kind == name)[:, None] for name in KINDS], choices)


def embed(said: Floats) -> Floats:
    """Embeddings ``(..., D)`` of words; NaN for no word.

    Example:
        >>> embed(np.array([[3, -1]])).shape, bool(np.isnan(embed(np.array([-1]))).all())
        ((1, 2, 24), True)
    """
    return np.where((said >= 0)[..., None], EMBEDDINGS[said], np.nan)
