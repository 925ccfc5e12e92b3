"""Progress of a design run on stderr: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .output import count, duration, interval, one_line, row, tell

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 10.0
STAGES = {"search": "training", "confirm": "confirming", "selection": "choosing", "final": "final training"}


class Narrator(Protocol):
    """A watcher of the design loop that can be opened and closed."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        ...

    def close(self) -> None:
        """Nothing more will happen."""
        ...


def narrator() -> Narrator:
    """The narrator that suits where stderr goes."""
    return LiveNarrator() if sys.stderr.isatty() else LineNarrator()


class LineNarrator:
    """One line per event, and one every ten seconds of training."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        if kind == "progress":
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + SECONDS_BETWEEN_LINES
                tell(row(f"  {_stage(data)}", f"{100 * _done(data):3.0f} %  {rates(data)}"))
            return
        for line in lines(kind, data):
            tell(line)

    def close(self) -> None:
        """Nothing to clear."""


class LiveNarrator:
    """The same lines above a bar that moves."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: Any = None
        self._stage = ""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        if kind == "progress":
            self._move(data)
            return
        self.close()
        for line in lines(kind, data):
            tell(line)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _move(self, data: Mapping[str, Any]) -> None:
        if self._bar is None or self._stage != data.get("stage"):
            self.close()
            self._stage = data.get("stage", "")
            self._bar = _new_bar()
            self._bar.start()
            self._task = self._bar.add_task(row(f"  {_stage(data)}", ""), total=1.0, rates="")
        self._bar.update(self._task, completed=_done(data), rates=rates(data))


def lines(kind: str, data: Mapping[str, Any]) -> list[str]:
    """What is said when something other than progress happens."""
    match kind:
        case "start":
            task = data["task"]
            return [
                row(task.name, task.text),
                row("success", task.success.meaning),
                row("method", f"{data['method']}    run {data['run'].id} in {data['run'].folder}"),
            ]
        case "round":
            return [row(f"round {data['round'] + 1}/{data['rounds']}", _screened(data))]
        case "best":
            reached = "" if data["success"] is None else f"{interval(data['success'])}  "
            return [row("  best so far", f"{reached}{data['text']}")]
        case "advice":
            return [
                row(f"  {each['kind']}", f"{each['id']}: {_harmless(each['text'])}") for each in data["advice"]
            ]
        case "controls":
            names = ", ".join(data["names"])
            return [row("final", f"the winner beside the controls {names}: {data['seeds']} fresh seeds each")]
        case _:
            return []


def _harmless(text: str) -> str:
    """What a model wrote, in one line and without what a terminal would obey."""
    return one_line("".join(letter if letter.isprintable() else " " for letter in text))


def rates(data: Mapping[str, Any]) -> str:
    """``24 alive · 312k steps/s · 1.9 cores · 0:48 left``."""
    left = data.get("eta_s", math.nan)
    parts = [
        f"{data['alive']} in training" if "alive" in data else "",
        f"{count(data['steps_per_s'])} steps/s" if data.get("steps_per_s") else "",
        f"{data['cores']:.1f} cores" if data.get("cores") else "",
        f"{duration(left)} left" if math.isfinite(left) else "",
    ]
    return " · ".join(part for part in parts if part)


def _screened(data: Mapping[str, Any]) -> str:
    refused: Mapping[str, int] = data.get("screened") or {}
    text = f"{data['training']} candidates"
    if refused:
        words = (f"{number} {_reason(code)}" for code, number in sorted(refused.items(), key=lambda e: -e[1]))
        text += f" · {sum(refused.values())} screened out so far ({', '.join(words)})"
    return text


def _reason(code: str) -> str:
    return code.partition("_")[2].replace("_", " ").lower()  # S_DIE_EARLY of a screen, E_KNOWN of a writer


def _stage(data: Mapping[str, Any]) -> str:
    stage = str(data.get("stage", ""))
    return STAGES.get(stage, stage)


def _done(data: Mapping[str, Any]) -> float:
    return data["done_steps"] / data["total_steps"] if data.get("total_steps") else 0.0


def _new_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[rates]}"))
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
