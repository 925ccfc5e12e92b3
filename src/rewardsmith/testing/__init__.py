"""Conformance checks for your own rewards, transforms and recipes."""

from __future__ import annotations

from .batches import sample_batch as sample_batch
from .conformance import check_reward as check_reward
from .conformance import check_transform as check_transform
from .laws import check_laws as check_laws

__all__ = ["check_laws", "check_reward", "check_transform", "sample_batch"]
