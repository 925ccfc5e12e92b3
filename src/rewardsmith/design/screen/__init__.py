"""Screens: what refuses programs before they cost a training."""

from __future__ import annotations

from .constant import Constant as Constant
from .duplicate import Duplicate as Duplicate
from .judge import Screened as Screened
from .judge import judge as judge
from .living import Living as Living
from .protocol import Episode as Episode
from .protocol import Evidence as Evidence
from .protocol import Screen as Screen
from .refusal import Refusal as Refusal

__all__ = ["Constant", "Duplicate", "Episode", "Evidence", "Living", "Refusal", "Screen", "Screened", "judge"]
