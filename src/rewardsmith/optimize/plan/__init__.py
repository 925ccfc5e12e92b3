"""Model predictive control: actions from a reward and a model, without training."""

from __future__ import annotations

from .arrays import ArrayModel as ArrayModel
from .config import Planner as Planner
from .control import control as control
from .mujoco import MujocoModel as MujocoModel
from .noise import coloured_noise as coloured_noise
from .plan import Plan as Plan
from .plan import plan as plan

__all__ = ["ArrayModel", "MujocoModel", "Plan", "Planner", "coloured_noise", "control", "plan"]
