"""Ready-made terms: leaves of a reward with unit, range and source (see ``docs/terms.md``).

Text terms read lists of strings (``completion``, ``prompt``, ``reference``) and give one number for each;
judges ask a language model.  Terms of boxes, spans and control measure arrays, and are pointed at your fields:
``distance(position=("x", "y"), goal=("goal_x", "goal_y"))``.  NaN means 'no verdict': a completion that is
None, a reference that is missing or wrong, a judge that did not answer.
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
from .checks import all_passed as all_passed
from .checks import dense_credit as dense_credit
from .checks import density_weights as density_weights
from .checks import pass_rate as pass_rate
from .citation import citations_exist as citations_exist
from .citation import cited_sentences as cited_sentences
from .clip_encoder import ClipEncoder as ClipEncoder
from .code import passes_tests as passes_tests
from .control import alignment as alignment
from .control import alive as alive
from .control import distance as distance
from .control import distance_to as distance_to
from .control import effort as effort
from .control import energy as energy
from .control import excess as excess
from .control import facing as facing
from .control import gap as gap
from .control import heading as heading
from .control import nearness as nearness
from .control import progress as progress
from .control import stages as stages
from .control import tolerance as tolerance
from .control import tracking as tracking
from .control import upright as upright
from .control import value as value
from .control import velocity_to as velocity_to
from .format import has_boxed as has_boxed
from .format import json_valid as json_valid
from .format import think_format as think_format
from .formula import math_answer as math_answer
from .image_text import GoalBaseline as GoalBaseline
from .image_text import ImageTextEncoder as ImageTextEncoder
from .image_text import goal_baseline as goal_baseline
from .intervals import span_giou as span_giou
from .intervals import span_iou as span_iou
from .intervals import tube_agreement as tube_agreement
from .intervals import tube_iou as tube_iou
from .judge import PairwiseJudge as PairwiseJudge
from .judge import RubricJudge as RubricJudge
from .language import phrase_count as phrase_count
from .language import script_share as script_share
from .length import length_band as length_band
from .length import with_length as with_length
from .length import word_count as word_count
from .likelihood import below_floor as below_floor
from .likelihood import likelihood as likelihood
from .likelihood import reference_logprob as reference_logprob
from .over_time import action_jerk as action_jerk
from .over_time import action_rate as action_rate
from .over_time import new_progress as new_progress
from .pattern import matches as matches
from .repetition import compression_ratio as compression_ratio
from .repetition import distinct_ngrams as distinct_ngrams
from .repetition import repeated_ngrams as repeated_ngrams
from .schema import json_matches as json_matches
from .similarity import bag_of_words as bag_of_words
from .similarity import bmas as bmas
from .similarity import centred_bmas as centred_bmas
from .similarity import cosine as cosine
from .similarity import word_cosine as word_cosine

__all__ = [
    "ClipEncoder",
    "GoalBaseline",
    "ImageTextEncoder",
    "PairwiseJudge",
    "RubricJudge",
    "action_jerk",
    "action_rate",
    "alignment",
    "alive",
    "all_passed",
    "bag_of_words",
    "below_floor",
    "bmas",
    "box_l1",
    "center_distance",
    "center_hit",
    "centred_bmas",
    "check_boxes",
    "citations_exist",
    "cited_sentences",
    "compression_ratio",
    "cosine",
    "dense_credit",
    "density_weights",
    "distance",
    "distance_to",
    "distinct_ngrams",
    "effort",
    "energy",
    "exact_answer",
    "excess",
    "facing",
    "gap",
    "gaussian_click",
    "gaussian_coverage",
    "gaussian_point",
    "giou",
    "goal_baseline",
    "harmonic_agreement",
    "has_boxed",
    "heading",
    "iou",
    "json_matches",
    "json_valid",
    "length_band",
    "likelihood",
    "matches",
    "math_answer",
    "nearness",
    "new_progress",
    "numeric_answer",
    "pass_rate",
    "passes_tests",
    "phrase_count",
    "point_hit",
    "progress",
    "reference_logprob",
    "repeated_ngrams",
    "script_share",
    "span_giou",
    "span_iou",
    "stages",
    "think_format",
    "tolerance",
    "tracking",
    "tube_agreement",
    "tube_iou",
    "upright",
    "value",
    "velocity_to",
    "with_length",
    "word_cosine",
    "word_count",
]
