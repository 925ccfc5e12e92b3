"""Recipes: one short file per published system, and whether its claim holds here.

rewardsmith.zoo.systems()              what there is
rewardsmith.zoo.reproduce("derl")      run one claim again
"""

from __future__ import annotations

from .claims import Check as Check
from .claims import Meter as Meter
from .claims import Tuned as Tuned
from .claims import Verdict as Verdict
from .claims import bound as bound
from .claims import compare_paired as compare_paired
from .claims import control as control
from .claims import share as share
from .claims import tune as tune
from .claims import verdict as verdict
from .registry import Result as Result
from .registry import System as System
from .registry import recipe as recipe
from .registry import record as record
from .registry import reproduce as reproduce
from .registry import systems as systems

__all__ = [
    "Check",
    "Meter",
    "Result",
    "System",
    "Tuned",
    "Verdict",
    "bound",
    "compare_paired",
    "control",
    "recipe",
    "record",
    "reproduce",
    "share",
    "systems",
    "tune",
    "verdict",
]
