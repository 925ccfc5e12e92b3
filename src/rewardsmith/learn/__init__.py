"""Rewards learned from feedback: comparisons and demonstrations."""

from __future__ import annotations

from .active import next_pairs as next_pairs
from .captions import CaptionModel as CaptionModel
from .captions import fit_caption_ranking as fit_caption_ranking
from .captions import fit_captions as fit_captions
from .inference import BTLInference as BTLInference
from .inference import NotIdentified as NotIdentified
from .inference import btl_inference as btl_inference
from .inference import item_differences as item_differences
from .inverse import max_entropy_irl as max_entropy_irl
from .inverse import sample_episodes as sample_episodes
from .inverse import visits_of as visits_of
from .label_queue import LabelQueue as LabelQueue
from .online_labels import EventTexts as EventTexts
from .online_labels import OnlineLabelReward as OnlineLabelReward
from .online_labels import OnlineLabels as OnlineLabels
from .online_labels import count_discount as count_discount
from .online_labels import ranked_value as ranked_value
from .preferences import bootstrap_preferences as bootstrap_preferences
from .preferences import fit_preferences as fit_preferences
from .subgoals import CreditScore as CreditScore
from .subgoals import NoisyJudge as NoisyJudge
from .subgoals import SubgoalReward as SubgoalReward
from .subgoals import credit_score as credit_score

__all__ = [
    "BTLInference",
    "CaptionModel",
    "CreditScore",
    "EventTexts",
    "LabelQueue",
    "NoisyJudge",
    "NotIdentified",
    "OnlineLabelReward",
    "OnlineLabels",
    "SubgoalReward",
    "bootstrap_preferences",
    "btl_inference",
    "count_discount",
    "credit_score",
    "fit_caption_ranking",
    "fit_captions",
    "fit_preferences",
    "item_differences",
    "max_entropy_irl",
    "next_pairs",
    "ranked_value",
    "sample_episodes",
    "visits_of",
]
