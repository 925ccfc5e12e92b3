"""Trainers: how candidates become behaviour that can be judged; one for each ``training.kind``."""

from __future__ import annotations

from typing import Literal

from .apart import Apart as Apart
from .planned import Planned as Planned
from .protocol import Site as Site
from .protocol import Trainer as Trainer
from .shared import SharedBuffer as SharedBuffer

Kind = Literal["ppo", "shared_replay", "plan"]


def make_trainer(kind: Kind) -> Trainer:
    """The trainer of a method, new: it may keep state from round to round."""
    match kind:
        case "plan":
            return Planned()
        case "shared_replay":
            return SharedBuffer()
        case "ppo":
            return Apart()
