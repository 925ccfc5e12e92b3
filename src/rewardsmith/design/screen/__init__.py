"""Screens: what refuses programs before they cost a training."""

from __future__ import annotations

from .alignment import Alignment as Alignment
from .alignment import alignment as alignment
from .consensus import Consensus as Consensus
from .constant import Constant as Constant
from .distance import Distance as Distance
from .duplicate import Duplicate as Duplicate
from .exploits import Exploits as Exploits
from .judge import Screened as Screened
from .judge import judge as judge
from .living import Living as Living
from .protocol import Episode as Episode
from .protocol import Evidence as Evidence
from .protocol import Screen as Screen
from .refusal import Refusal as Refusal
from .tpe import TPE as TPE
from .tpe import separation as separation

__all__ = [
    "TPE",
    "Alignment",
    "Consensus",
    "Constant",
    "Distance",
    "Duplicate",
    "Episode",
    "Evidence",
    "Exploits",
    "Living",
    "Refusal",
    "Screen",
    "Screened",
    "alignment",
    "judge",
    "separation",
]
