"""Several named fields as the columns of one array: what models of states read."""

from __future__ import annotations

from collections.abc import Sequence

from .algebra import leading_shape
from .arrays import Array, Batch, xp
from .errors import BadInput
from .fields import read_field


def columns(batch: Batch, names: Sequence[str], reader: str) -> Array:
    """``(..., D)`` floats: a field with one number per step is a column, one with k columns is k of them.

    Raises:
        MissingField: a field is not in the batch.
        BadInput: a field has neither the leading shape of the batch nor one axis more.

    Example:
        >>> import numpy as np
        >>> batch = {"x": np.array([1.0, 2.0]), "to": np.array([[3.0, 4.0], [5.0, 6.0]])}
        >>> columns(batch, ("x", "to"), "me").tolist()
        [[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]
    """
    shape = _shape(batch, names, reader)
    found: list[Array] = []
    for name in names:
        values = read_field(batch, name, reader)
        if tuple(values.shape) == shape:
            values = values[..., None]
        elif tuple(values.shape[:-1]) != shape:
            raise BadInput(
                f"field {name} of {reader}", f"shape {tuple(values.shape)}", f"{shape} or {shape} + (k,)"
            )
        lib = xp(values)
        floats = lib.float64 if lib.__name__ == "numpy" else lib.float32
        found.append(values if "float" in str(values.dtype) else lib.astype(values, floats))
    return xp(*found).concat(found, axis=-1)


def field_names(names: Sequence[str] | str, reader: str) -> tuple[str, ...]:
    """The names as a tuple; one name may stand alone.

    Raises:
        BadInput: no name, or something that is not a text.
    """
    given = (names,) if isinstance(names, str) else tuple(names)
    if not given or not all(isinstance(name, str) for name in given):
        raise BadInput(f"fields of {reader}", repr(names), "one or more names of fields")
    return given


def _shape(batch: Batch, names: Sequence[str], reader: str) -> tuple[int, ...]:
    if "terminated" in batch:
        return leading_shape(batch)
    shapes = [tuple(read_field(batch, name, reader).shape) for name in names]
    return min(shapes, key=len)
