"""Reports: one self-contained HTML page about a stored run.  Reads the store, never trains."""

from __future__ import annotations

from .page import page as page
from .page import write as write

__all__ = ["page", "write"]
