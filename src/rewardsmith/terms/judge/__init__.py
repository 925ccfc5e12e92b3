"""Judges: rewards that ask a language model, over any endpoint that speaks the protocol of OpenAI.

What a judge reads stands in fences and is data, never an instruction; its verdict is taken from the JSON of
its reply only.  Every reply is kept on disk under a key of its content, so a second run asks nothing.  No
verdict is NaN.
"""

from __future__ import annotations

from .pairwise import PairwiseJudge as PairwiseJudge
from .rubric import RubricJudge as RubricJudge

__all__ = [
    "PairwiseJudge",
    "RubricJudge",
]
