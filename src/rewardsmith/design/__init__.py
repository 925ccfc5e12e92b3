"""Search for rewards: propose -> screen -> train -> evaluate -> select -> revise.

Published methods are configurations (``methods()``) of one loop (``design``).
"""

from __future__ import annotations

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .method import Method as Method
from .outcome import outcome as outcome
from .schema import load_method as load_method
from .schema import methods as methods

if _TYPE_CHECKING:
    from .config import Design as Design
    from .config import from_record as from_record
    from .loop import Watcher as Watcher
    from .loop import design as design
    from .words import in_words as in_words

# These need the trainer, so they load when they are used: recipes import parts of design without it.
_LAZY = {
    "Design": "config",
    "Watcher": "loop",
    "design": "loop",
    "from_record": "config",
    "in_words": "words",
}

__all__ = [
    "Design",
    "Method",
    "Watcher",
    "design",
    "from_record",
    "in_words",
    "load_method",
    "methods",
    "outcome",
]


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return getattr(_importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
