"""Checkpoints: where a long computation was, so that a killed one need not start again.

A checkpoint is a cache, not a result: losing one costs time and changes nothing.  The last two are kept,
because the newest may turn out to be damaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from rewardsmith.core.errors import StoreError
from rewardsmith.store import canonical, files
from rewardsmith.store.journal import checkpoints, decoded, seal

KEEP = 2


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint that was read back whole.

    Attributes:
        name: What was being computed.
        step: How far it had come.
        arrays: Named arrays, as they were given.
        meta: What else was given.
        note: Empty, or a sentence that says which newer checkpoint was damaged.
    """

    name: str
    step: int
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    note: str = ""


def write_file(folder: Path, name: str, step: int, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Write the array file of a checkpoint and return its entry for the journal."""
    content = files.content_digest(arrays)
    file = files.file_name(f"{name}-{step:012d}", content)
    return {"file": file, "sha256": files.write_arrays(folder / file, arrays), "content": content}


def add(connection: sa.Connection, run: str, name: str, step: int, texts: tuple[str, str]) -> None:
    """Add a checkpoint as the newest and forget all but the last two of its name.

    Args:
        connection: A write transaction.
        run: The run id.
        name: What is being computed.
        step: How far it has come; a checkpoint of the same step is replaced.
        texts: Encoded ``meta`` and ``arrays`` entry.
    """
    table, (meta, arrays) = checkpoints, texts
    mine = (table.c.run == run) & (table.c.name == name)
    last = connection.execute(sa.select(sa.func.max(table.c.number)).where(table.c.run == run)).scalar() or 0
    connection.execute(table.delete().where(mine, table.c.step == step))
    row = {"run": run, "number": last + 1, "name": name, "step": step, "meta": meta, "arrays": arrays}
    connection.execute(table.insert().values(**row, seal=seal(*row.values())))
    numbers = connection.execute(
        sa.select(table.c.number).where(mine).order_by(table.c.number.desc())
    ).scalars()
    for number in numbers.all()[KEEP:]:
        connection.execute(table.delete().where(table.c.run == run, table.c.number == number))


def rows(connection: sa.Connection, run: str, name: str | None = None) -> list[Any]:
    """Return the checkpoint rows of a run, newest first."""
    query = sa.select(checkpoints).where(checkpoints.c.run == run).order_by(checkpoints.c.number.desc())
    return list(connection.execute(query if name is None else query.where(checkpoints.c.name == name)))


def drop(connection: sa.Connection, run: str, number: int) -> None:
    """Forget a damaged checkpoint, so that it does not count as one of the last two."""
    connection.execute(checkpoints.delete().where(checkpoints.c.run == run, checkpoints.c.number == number))


def file_of(row: Any) -> str:
    """Return the file name of a checkpoint row, empty if the row itself is damaged."""
    try:
        return str(canonical.decode(row.arrays)["file"])
    except (ValueError, KeyError, TypeError):
        return ""


def load(row: Any, folder: Path, journal: Path) -> Checkpoint:
    """Read the checkpoint of a row.

    Raises:
        StoreError: The row or the file is not what was written.
    """
    if seal(row.run, row.number, row.name, row.step, row.meta, row.arrays) != row.seal:
        raise StoreError(f"corrupt: checkpoint {row.number} in {journal} fails its checksum")
    entry = decoded(row.arrays, journal)
    arrays = files.read_arrays(files.beneath(folder, entry.get("file")), str(entry.get("sha256")))
    return Checkpoint(row.name, row.step, arrays, decoded(row.meta, journal))
