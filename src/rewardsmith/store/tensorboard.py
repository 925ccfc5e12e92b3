"""Scalars of the journal as TensorBoard event files, where a TensorBoard writer is installed.

Every finite number of an event's payload becomes a point: the tag is ``kind/path/to/number``, the step is
the payload's ``step`` (else the event's sequence), the time is the event's.  NaN is no verdict: no point.
The files are a function of the journal: they are written anew when a run is opened for writing, so a
resumed run shows no point twice.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rewardsmith.store.journal import Event
from rewardsmith.store.trouble import StoreWarning

_WRITERS = (("tensorboardX",), ("torch", "tensorboard"))


def writer_module() -> str | None:
    """Return the module whose ``SummaryWriter`` can be used, None where none is installed."""
    for needed in _WRITERS:
        if all(importlib.util.find_spec(package) is not None for package in needed):
            return "torch.utils.tensorboard" if needed[0] == "torch" else needed[0]
    return None


def scalars(event: Event) -> Iterator[tuple[str, float, int]]:
    """Yield ``(tag, value, step)`` for every finite number of an event's payload.

    Example:
        >>> event = Event(3, "chunk", "c1", {"step": 100, "success": {"mean": 0.5}}, {}, {}, 0.0)
        >>> list(scalars(event))
        [('chunk/success/mean', 0.5, 100)]
    """
    step = event.payload.get("step")
    at = step if isinstance(step, int) and not isinstance(step, bool) else event.sequence
    rest = {name: value for name, value in event.payload.items() if name != "step"}
    for tag, value in _numbers(event.kind, rest):
        yield tag, value, at


class TensorBoard:
    """The TensorBoard files of one run; does nothing where no writer is installed.

    Args:
        folder: Where the event files go; it is made with the first point.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._module = writer_module()
        self._writer: Any = None

    def rebuild(self, events: Iterable[Event]) -> None:
        """Remove the event files that are there and write those of the journal."""
        if self._module is None:
            return
        with contextlib.suppress(OSError):
            for old in self._folder.glob("events.out.tfevents.*"):
                old.unlink()
        for event in events:
            self.append(event)

    def append(self, event: Event) -> None:
        """Write the points of an event; a failure is a warning, as the journal has them."""
        if self._module is None:
            return
        try:
            for tag, value, step in scalars(event):
                if self._writer is None:
                    writer = importlib.import_module(self._module).SummaryWriter
                    self._writer = writer(str(self._folder), flush_secs=10)
                self._writer.add_scalar(tag, value, step, walltime=event.time)
        except (OSError, ImportError) as error:
            self._module = None
            warnings.warn(f"TensorBoard files of {self._folder} stop here: {error}", StoreWarning, stacklevel=3)

    def close(self) -> None:
        """Flush and close the files."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None


def _numbers(tag: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers(f"{tag}/{name}", item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        yield tag, float(value)
