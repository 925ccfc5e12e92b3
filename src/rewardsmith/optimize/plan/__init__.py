"""Model predictive control: actions from a reward and a model, without training."""

from __future__ import annotations

from .arrays import ArrayModel as ArrayModel
from .compiled import CompiledModel as CompiledModel
from .config import Planner as Planner
from .control import control as control
from .control import control_each as control_each
from .follow import follow as follow
from .mujoco import MujocoModel as MujocoModel
from .noise import coloured_noise as coloured_noise
from .plan import Plan as Plan
from .plan import plan as plan
from .primitives import Primitive as Primitive

__all__ = [
    "ArrayModel",
    "CompiledModel",
    "MujocoModel",
    "Plan",
    "Planner",
    "Primitive",
    "coloured_noise",
    "control",
    "control_each",
    "follow",
    "plan",
]
