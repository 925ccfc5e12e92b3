"""Language: which script a text is written in, and which phrases it uses."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

from ..core.errors import BadInput
from ..core.term import term
from .texts import Floats, per_text


@term(
    unit="1", low=0.0, high=1.0, source="DeepSeek-AI 2025, 'DeepSeek-R1', section 2.3.2 (language consistency)"
)
def script_share(completion: Any, *, scripts: tuple[str, ...] = ("LATIN",)) -> Floats:
    """Letters of the given scripts over all letters; NaN for a text without letters.

    Args:
        scripts: first words of Unicode character names: ``LATIN``, ``CYRILLIC``, ``GREEK``, ``ARABIC``,
            ``HEBREW``, ``DEVANAGARI``, ``CJK``, ``HIRAGANA``, ``KATAKANA``, ``HANGUL`` ...

    A script is no language: this tells Russian from English, not Spanish from English.

    Source: DeepSeek-AI 2025, "DeepSeek-R1", section 2.3.2.
    Differs from the paper: there, the share of words in the target language, by an unnamed detector.

    Example:
        >>> script_share({"completion": ["yes", "да yes", "4 + 4"]}).tolist()
        [1.0, 0.6, nan]
        >>> script_share(scripts=("CJK", "HIRAGANA"))({"completion": ["これは本"]}).tolist()
        [1.0]
    """
    wanted = _words(scripts, "script_share scripts", "first words of Unicode names, as ('LATIN',)")

    def score(text: str) -> float | None:
        found = [script for script in map(_script, text) if script]
        return sum(script in wanted for script in found) / len(found) if found else None

    return per_text(score, completion=completion)


@term(unit="1", low=0.0)
def phrase_count(
    completion: Any, *, phrases: tuple[str, ...] = ("wait", "however"), fold_case: bool = True
) -> Floats:
    """How often the phrases occur as whole words; where several fit, the longest counts, once.

    Example:
        >>> phrase_count({"completion": ["Wait, wait. Awaiting a waiter.", ""]}).tolist()
        [2.0, 0.0]
    """
    given = _words(phrases, "phrase_count phrases", "one or more texts that are not blank")
    ordered = sorted(given, key=len, reverse=True)
    either = "|".join(r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in ordered)
    pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE if fold_case else 0)
    return per_text(lambda text: float(sum(1 for _ in pattern.finditer(text))), completion=completion)


@functools.lru_cache(maxsize=65536)
def _script(character: str) -> str:
    """The first word of a letter's name; "" for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    return (
        unicodedata.name(character, "UNNAMED").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").split()[0]
    )


def _words(given: Any, what: str, allowed: str) -> frozenset[str]:
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, tuple) or not words or not all(isinstance(w, str) and w.strip() for w in words):
        raise BadInput(what, repr(given), allowed)
    return frozenset(words)
