"""Several rewards, one agent each, and one buffer of experience that is relabelled under all of them."""

from __future__ import annotations

from .config import ReplayConfig as ReplayConfig
from .scale import Scaling as Scaling
from .scale import match_scale as match_scale
from .scale import varies as varies
from .shared import SharedReplay as SharedReplay
from .thompson import Window as Window

__all__ = ["ReplayConfig", "Scaling", "SharedReplay", "Window", "match_scale", "varies"]
