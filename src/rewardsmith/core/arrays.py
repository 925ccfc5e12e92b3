"""One way to write array code for NumPy, PyTorch and JAX: ``xp(x).sin(x)``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from .errors import BadInput, MissingExtra

# Arrays of three libraries share no base class; shapes are stated in docstrings.
Array: TypeAlias = Any
Batch: TypeAlias = Mapping[str, Any]


def xp(*arrays: Array) -> Any:
    """Return the array namespace of the arguments (``numpy``, ``jax.numpy`` or the torch one).

    Plain Python numbers follow the other arguments.  Two libraries in one expression are an error,
    because a silent copy between them breaks gradients.

    Example:
        >>> import numpy as np
        >>> xp(np.zeros(3)).__name__
        'numpy'
    """
    names = {_library_of(type(array)) for array in arrays}
    names.discard("")
    if len(names) > 1:
        raise BadInput(
            "arrays", " and ".join(sorted(names)), "arrays of one library", "mixing breaks gradients"
        )
    name = names.pop() if names else "numpy"
    return _NAMESPACES[name]()


def is_array(value: object) -> bool:
    """True for arrays of the three libraries (not for Python numbers or lists)."""
    return _library(value) != ""


def is_traced(value: object) -> bool:
    """True inside ``jax.jit`` or ``jax.grad``, where values cannot be looked at."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """Copy any array to NumPy (a view where that is possible)."""
    if _library(array) == "torch":
        return array.detach().cpu().numpy()
    return np.asarray(array)


def _library(value: object) -> str:
    return _library_of(type(value))


@lru_cache(maxsize=1024)  # asked of every array in every hot loop
def _library_of(kind: type) -> str:
    if issubclass(kind, (np.ndarray, np.generic)):
        return "numpy"
    root = kind.__module__.partition(".")[0]
    if root == "torch":
        return "torch"
    if root in ("jax", "jaxlib"):
        return "jax"
    return ""


def _numpy() -> Any:
    return np


def _torch() -> Any:
    try:
        import array_api_compat.torch as namespace
    except ImportError:
        raise MissingExtra("array-api-compat", "torch", "evaluating a reward on PyTorch tensors") from None
    return namespace


def _jax() -> Any:
    import jax.numpy

    return jax.numpy


_NAMESPACES = {"numpy": _numpy, "torch": _torch, "jax": _jax}
