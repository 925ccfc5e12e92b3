"""Controls: what is reached without any design; they are trained beside every winner."""

from __future__ import annotations

from ..core.algebra import Reward
from ..core.nodes import Constant
from ..core.term import success
from ..tasks import Task


def controls(task: Task) -> dict[str, Reward]:
    """``zero`` (pays nothing), ``sparse`` (success alone) and, where there is one, the ``native`` reward."""
    found: dict[str, Reward] = {"zero": Constant(0.0), "sparse": success}
    if task.native is not None:
        found["native"] = task.native
    return found
