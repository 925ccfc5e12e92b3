"""Environments: array dynamics of classic control, and engines for any Gymnasium environment."""

from __future__ import annotations

from .acrobot import Acrobot as Acrobot
from .arm import TwoLinkArm as TwoLinkArm
from .cartpole import CartPole as CartPole
from .cartpole import CartPoleSwingUp as CartPoleSwingUp
from .grid import Grid as Grid
from .mountain_car import MountainCar as MountainCar
from .mountain_car import MountainCarContinuous as MountainCarContinuous
from .pendulum import Pendulum as Pendulum
from .protocol import ArrayEnv as ArrayEnv
from .unicycle import Unicycle as Unicycle

__all__ = [
    "Acrobot",
    "ArrayEnv",
    "CartPole",
    "CartPoleSwingUp",
    "Grid",
    "MountainCar",
    "MountainCarContinuous",
    "Pendulum",
    "TwoLinkArm",
    "Unicycle",
]
