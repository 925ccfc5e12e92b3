"""Citations: marks such as ``[3]`` or ``[2, 5]`` in a text, and the ids of the sources that were given."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..core.term import term
from .texts import Floats, after_thought, per_text, text_list

_MARK = re.compile(r"\[([\w.:-]+(?:\s*[,;]\s*[\w.:-]+)*)\]")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])((?:\s*\[[^\[\]\n]{1,80}\])*)\s+")


@term(unit="1", low=0.0, high=1.0)
def citations_exist(completion: Any, sources: Any, *, without: float = 0.0) -> Floats:
    """Cited ids that are among the given ones, over all cited ids (each counts once).

    Args:
        completion: texts; what stands in the thought does not count.
        sources: for each sample a list of ids (texts or whole numbers); NaN where it is None.
        without: what a text without any citation is worth.

    It says that the cited source exists, not that it supports the sentence.

    Example:
        >>> texts = ["Yes [1]. No [7].", "Yes [a, b].", "Yes."]
        >>> citations_exist({"completion": texts, "sources": [[1, 2], ["a", "b"], [1]]}).tolist()
        [0.5, 1.0, 0.0]
    """
    texts = text_list("completion", completion)
    if len(texts) != len(sources):
        raise BadInput("sources", f"{len(sources)} lists", f"{len(texts)}, one for each completion")
    values = [_share(text, ids, without) for text, ids in zip(texts, sources, strict=True)]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


@term(unit="1", low=0.0, high=1.0)
def cited_sentences(completion: Any) -> Floats:
    """Sentences with a citation over all sentences; NaN for a text without any sentence.

    A mark after the full stop belongs to the sentence before it.

    Example:
        >>> cited_sentences({"completion": ["It rains [1]. It snows. [2] It is cold.", ""]}).tolist()
        [0.6666666666666666, nan]
    """

    def score(text: str) -> float | None:
        sentences = split_sentences(after_thought(text) or "")
        return sum(bool(_MARK.search(each)) for each in sentences) / len(sentences) if sentences else None

    return per_text(score, completion=completion)


def cited_ids(text: str) -> tuple[str, ...]:
    """Every cited id once, in order of appearance.

    Example:
        >>> cited_ids("first [2, 5], then [2] and [doc-1]")
        ('2', '5', 'doc-1')
    """
    marks = [item.strip() for match in _MARK.finditer(text) for item in re.split("[,;]", match.group(1))]
    return tuple(dict.fromkeys(marks))


def split_sentences(text: str) -> list[str]:
    """Sentences with their marks; those without a letter or digit are left out.

    Example:
        >>> split_sentences("It rains [1]. It snows. [2] Cold!")
        ['It rains [1].', 'It snows. [2]', 'Cold!']
    """
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        found.append(text[start : match.end()])
        start = match.end()
    found.append(text[start:])
    return [each.strip() for each in found if any(c.isalnum() for c in _MARK.sub("", each))]


def _share(text: str | None, ids: Any, without: float) -> float | None:
    if text is None or ids is None:
        return None
    if isinstance(ids, str):
        raise BadInput("sources", repr(ids)[:60], "a list of ids for each sample")
    cited = cited_ids(after_thought(text) or "")
    given = {str(each) for each in ids}
    return sum(each in given for each in cited) / len(cited) if cited else without
