"""Ready-made terms: leaves of a reward with unit, range and source (see ``docs/terms.md``).

Text terms read lists of strings (``completion``, ``prompt``, ``reference``) and give one number for each;
judges ask a language model.  NaN means 'no verdict': a completion that is None, a reference that is missing, a
judge that did not answer.
"""

from __future__ import annotations

from .answer import exact_answer as exact_answer
from .answer import numeric_answer as numeric_answer
from .citation import citations_exist as citations_exist
from .citation import cited_sentences as cited_sentences
from .format import has_boxed as has_boxed
from .format import json_valid as json_valid
from .format import think_format as think_format
from .language import phrase_count as phrase_count
from .language import script_share as script_share
from .length import cosine_length as cosine_length
from .length import length_band as length_band
from .length import soft_overlong as soft_overlong
from .length import with_length as with_length
from .length import word_count as word_count
from .likelihood import reference_logprob as reference_logprob
from .repetition import compression_ratio as compression_ratio
from .repetition import distinct_ngrams as distinct_ngrams
from .repetition import repeated_ngrams as repeated_ngrams

__all__ = [
    "citations_exist",
    "cited_sentences",
    "compression_ratio",
    "cosine_length",
    "distinct_ngrams",
    "exact_answer",
    "has_boxed",
    "json_valid",
    "length_band",
    "numeric_answer",
    "phrase_count",
    "reference_logprob",
    "repeated_ngrams",
    "script_share",
    "soft_overlong",
    "think_format",
    "with_length",
    "word_count",
]
