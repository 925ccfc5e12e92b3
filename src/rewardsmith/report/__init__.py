"""Reports: one self-contained HTML page about a stored run.  Reads the store, never trains."""

from __future__ import annotations

from .page import render as render
from .page import write as write

__all__ = ["render", "write"]
