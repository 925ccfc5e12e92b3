"""Ready-made terms: leaves of a reward with unit, range and source (see ``docs/terms.md``).

Text terms read lists of strings (``completion``, ``prompt``, ``reference``) and give one number for each;
judges ask a language model.  NaN means 'no verdict': a completion that is None, a reference that is missing, a
judge that did not answer.
"""

from __future__ import annotations

from .answer import exact_answer as exact_answer
from .answer import numeric_answer as numeric_answer
from .boxes import box_l1 as box_l1
from .boxes import center_distance as center_distance
from .boxes import center_hit as center_hit
from .boxes import check_boxes as check_boxes
from .boxes import gaussian_click as gaussian_click
from .boxes import gaussian_coverage as gaussian_coverage
from .boxes import gaussian_point as gaussian_point
from .boxes import giou as giou
from .boxes import harmonic_agreement as harmonic_agreement
from .boxes import iou as iou
from .boxes import point_hit as point_hit
from .citation import citations_exist as citations_exist
from .citation import cited_sentences as cited_sentences
from .format import has_boxed as has_boxed
from .format import json_valid as json_valid
from .format import think_format as think_format
from .intervals import span_giou as span_giou
from .intervals import span_iou as span_iou
from .intervals import tube_agreement as tube_agreement
from .intervals import tube_iou as tube_iou
from .language import phrase_count as phrase_count
from .language import script_share as script_share
from .length import cosine_length as cosine_length
from .length import length_band as length_band
from .length import soft_overlong as soft_overlong
from .length import with_length as with_length
from .length import word_count as word_count
from .likelihood import below_floor as below_floor
from .likelihood import likelihood as likelihood
from .likelihood import reference_logprob as reference_logprob
from .repetition import compression_ratio as compression_ratio
from .repetition import distinct_ngrams as distinct_ngrams
from .repetition import repeated_ngrams as repeated_ngrams

__all__ = [
    "below_floor",
    "box_l1",
    "center_distance",
    "center_hit",
    "check_boxes",
    "citations_exist",
    "cited_sentences",
    "compression_ratio",
    "cosine_length",
    "distinct_ngrams",
    "exact_answer",
    "gaussian_click",
    "gaussian_coverage",
    "gaussian_point",
    "giou",
    "harmonic_agreement",
    "has_boxed",
    "iou",
    "json_valid",
    "length_band",
    "likelihood",
    "numeric_answer",
    "phrase_count",
    "point_hit",
    "reference_logprob",
    "repeated_ngrams",
    "script_share",
    "soft_overlong",
    "span_giou",
    "span_iou",
    "think_format",
    "tube_agreement",
    "tube_iou",
    "with_length",
    "word_count",
]
