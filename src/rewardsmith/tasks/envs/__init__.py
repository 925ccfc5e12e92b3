"""Environments: array dynamics of classic control, and engines for any Gymnasium environment."""

from __future__ import annotations

from .cartpole import CartPole as CartPole
from .cartpole import CartPoleSwingUp as CartPoleSwingUp
from .pendulum import Pendulum as Pendulum
from .protocol import ArrayEnv as ArrayEnv

__all__ = ["ArrayEnv", "CartPole", "CartPoleSwingUp", "Pendulum"]
