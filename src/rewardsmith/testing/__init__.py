"""Conformance checks that you can run on your own rewards and transforms."""

from __future__ import annotations

from .conformance import check_reward as check_reward
from .conformance import check_transform as check_transform

__all__ = ["check_reward", "check_transform"]
