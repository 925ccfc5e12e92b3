"""Reward -> reward, one concept per file."""

from __future__ import annotations

from ..core.nodes import Scale as Scale
from .clip import Clip as Clip
from .delta import Delta as Delta
from .normalize import Normalize as Normalize
from .potential import Potential as Potential

__all__ = ["Clip", "Delta", "Normalize", "Potential", "Scale"]
