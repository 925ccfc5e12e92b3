"""Numbers about reward models: ranking, best-of-n, agreement, slices, calibration, over-optimisation."""

from __future__ import annotations
