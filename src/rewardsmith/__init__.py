"""rewardsmith: rewards as values.

A reward is an immutable tree of named, pure array functions of recorded experience.  It can be
printed, compared, hashed, pickled, differentiated in its numbers, searched over, and handed unchanged
to any trainer.
"""

from __future__ import annotations

import importlib as _importlib
import sys as _sys
from typing import Any as _Any

from .core.algebra import Reward as Reward
from .core.algebra import Scope as Scope
from .core.algebra import Transform as Transform
from .core.algebra import require_scope as require_scope
from .core.arrays import xp as xp
from .core.errors import RewardsmithError as RewardsmithError
from .core.fields import Field as Field
from .core.node import number as number
from .core.nodes import Constant as Constant
from .core.nodes import at_next as at_next
from .core.nodes import gate as gate
from .core.nodes import lexicographic as lexicographic
from .core.nodes import maximum as maximum
from .core.nodes import minimum as minimum
from .core.pytree import register_pytrees as register_pytrees
from .core.serial import from_json as from_json
from .core.serial import to_json as to_json
from .core.term import Term as Term
from .core.term import success as success
from .core.term import term as term
from .core.text import parse as parse
from .transforms import Clip as Clip
from .transforms import Delta as Delta
from .transforms import Normalize as Normalize
from .transforms import Potential as Potential
from .transforms import Scale as Scale

__version__ = "0.1.0"

# Loaded on first use, so that `import rewardsmith` stays fast and needs NumPy only.
_LAZY = (
    *("connect", "design", "measure", "optimize", "program", "report", "store", "tasks", "terms", "testing"),
    "zoo",
)

__all__ = [
    "Clip",
    "Constant",
    "Delta",
    "Field",
    "Normalize",
    "Potential",
    "Reward",
    "RewardsmithError",
    "Scale",
    "Scope",
    "Term",
    "Transform",
    "at_next",
    "from_json",
    "gate",
    "lexicographic",
    "maximum",
    "minimum",
    "number",
    "parse",
    "register_pytrees",
    "require_scope",
    "success",
    "term",
    "to_json",
    "xp",
]


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_LAZY])


if "jax" in _sys.modules:
    register_pytrees()
