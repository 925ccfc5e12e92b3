"""From values to a page: fill one of our templates, and put the file in its place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..core.errors import MissingExtra, StoreError


def fill(
    template: str,
    assets: Mapping[str, tuple[str, ...]],
    values: Mapping[str, Any],
    filters: Mapping[str, Callable[..., Any]] | None = None,
) -> str:
    """The HTML of a template, everything escaped that is not marked as safe.

    Args:
        template: file of the folder ``templates``.
        assets: name in the template -> files of that folder, put one after the other.
        values: what the template reads; a name that is missing is an error.
        filters: functions that the template calls.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingExtra("jinja2", "report", "reports") from None
    folder = files(__name__.rpartition(".")[0]) / "templates"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters.update(filters or {})
    texts = {name: "".join((folder / f).read_text("utf-8") for f in each) for name, each in assets.items()}
    return environment.from_string((folder / template).read_text("utf-8")).render(**values, **texts)


def put(text: str, target: Path) -> Path:
    """Write a page beside its place and move it there, so that an open browser never sees half of one.

    Raises:
        StoreError: the file cannot be written.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(f"cannot write {target}: {error.strerror or error}") from error
    return target
