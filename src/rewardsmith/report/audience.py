"""The page that people watch when they are asked: every candidate's film side by side."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from .code import coloured
from .template import fill

_KINDS = {".gif": "image/gif", ".png": "image/png"}


class Row(Protocol):
    """A candidate as it is shown."""

    @property
    def id(self) -> str: ...
    @property
    def reward(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def film(self) -> str | None: ...


def contact_sheet(task: str, text: str, number: int, rows: Sequence[Row]) -> str:
    """One HTML page with all films inside it; no network, no script."""
    shown: list[dict[str, Any]] = [
        {"id": each.id, "reward": coloured(each.reward), "words": each.words, "film": _inlined(each.film)}
        for each in rows
    ]
    values = {"task": task, "text": text, "round": number + 1, "rows": shown}
    return fill("audience.html.j2", {"css": ("page.css", "audience.css")}, values)


def _inlined(path: str | None) -> str | None:
    if path is None:
        return None
    file = Path(path)
    return f"data:{_KINDS[file.suffix]};base64,{base64.b64encode(file.read_bytes()).decode()}"
