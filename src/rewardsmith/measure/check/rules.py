"""Rules: which findings a project accepts, and why; from ``[tool.rewardsmith.check]`` in ``pyproject.toml``."""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...core.errors import BadInput
from .catalogue import codes
from .finding import Finding, Level

TABLE = "tool.rewardsmith.check"


@dataclass(frozen=True)
class Rules:
    """What is accepted, and how bad the rest is.

    Args:
        ignore: code, or ``CODE:part``, -> the reason why it is accepted.
        levels: code -> the level it has in this project.
        task: what rewards are for where the command does not say.
        strict: whether warnings fail, too.
        files: further rules for some files.
    """

    ignore: Mapping[str, str] = field(default_factory=dict[str, str])
    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    task: str | None = None
    strict: bool = False
    files: tuple[FileRules, ...] = ()

    def of(self, file: Path | None, name: str = "") -> Rules:
        """The rules of one reward: those of its file come after, and win over, the general ones."""
        merged = self
        for each in self.files:
            if file is not None and each.names(file, name):
                merged = replace(
                    merged,
                    ignore={**merged.ignore, **each.rules.ignore},
                    levels={**merged.levels, **each.rules.levels},
                    task=each.rules.task or merged.task,
                )
        return replace(merged, files=())

    def judge(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[Finding, str]]]:
        """Findings at the levels of this project, and the accepted ones with their reasons."""
        left: list[Finding] = []
        accepted: list[tuple[Finding, str]] = []
        for finding in findings:
            code = finding.code.code
            reason = self.ignore.get(f"{code}:{finding.part}") or self.ignore.get(code)
            finding = replace(finding, level=self.levels[code]) if code in self.levels else finding
            left.append(finding) if reason is None else accepted.append((finding, reason))
        return left, accepted


@dataclass(frozen=True)
class FileRules:
    """Rules for the files that match a pattern, and in them for one reward or for all.

    Args:
        path: a pattern such as ``rewards/*.py``, relative to ``folder``.
        folder: where ``pyproject.toml`` lies.
        reward: the name of one reward in the file, or None for all.
        rules: what holds there.
    """

    path: str
    folder: Path
    reward: str | None
    rules: Rules

    def names(self, file: Path, name: str) -> bool:
        """Whether a reward is meant."""
        full = file.resolve()
        inside = full.is_relative_to(self.folder)
        place = full.relative_to(self.folder).as_posix() if inside else full.as_posix()
        return fnmatch.fnmatchcase(place, self.path) and self.reward in (None, name or "reward")


def find_rules(start: Path) -> Rules:
    """The rules of the nearest ``pyproject.toml`` with the table, from a folder upwards; none if there is none.

    Raises:
        BadInput: a key, code or level that does not exist, or an acceptance without a reason.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            found = read_rules(file)
            if found is not None:
                return found
    return Rules()


def read_rules(file: Path) -> Rules | None:
    """The rules in one file, or None where it has no such table.

    Raises:
        BadInput: as ``find_rules``, and for a file that is no TOML.
    """
    try:
        data: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BadInput(str(file), "a file that cannot be read", "TOML", str(problem)) from None
    for key in TABLE.split("."):
        data = data.get(key) if isinstance(data, Mapping) else None
    return None if data is None else _rules(data, file, TABLE)


def _rules(data: Any, file: Path, table: str, keys: tuple[str, ...] = ()) -> Rules:
    inner = bool(keys)
    known = ("ignore", "levels", "task", *(keys or ("strict", "files")))
    _require(isinstance(data, Mapping), table, data, "a table")
    for key in data:
        if key not in known:
            raise BadInput(f"key of [{table}] in {file}", repr(key), ", ".join(known), _near(key, known))
    ignore = _table(data, "ignore", table)
    for code, reason in ignore.items():
        _known_code(code.partition(":")[0], f"{table}.ignore")
        _require(
            isinstance(reason, str) and bool(reason.strip()), f"{table}.ignore.{code}", repr(reason), "a reason"
        )
    levels = _table(data, "levels", table)
    for code, level in levels.items():
        _known_code(code, f"{table}.levels")
        _require(level in list(Level), f"{table}.levels.{code}", repr(level), "error, warning or note")
    task, strict, files = data.get("task"), data.get("strict", False), data.get("files", [])
    _require(
        task is None or isinstance(task, str), f"{table}.task", repr(task), "a task or the path of a task file"
    )
    _require(isinstance(strict, bool), f"{table}.strict", repr(strict), "true or false")
    _require(isinstance(files, list), f"{table}.files", type(files).__name__, f"[[{table}.files]] with a path")
    return Rules(
        dict(ignore),
        {code: Level(level) for code, level in levels.items()},
        task,
        strict,
        () if inner else tuple(_file(each, file, f"{table}.files") for each in files),
    )


def _file(data: Any, file: Path, table: str) -> FileRules:
    rules = _rules(data, file, table, ("path", "reward"))
    path, reward = data.get("path"), data.get("reward")
    _require(
        isinstance(path, str) and bool(path), f"{table}.path", repr(path), "a pattern such as rewards/*.py"
    )
    _require(reward is None or isinstance(reward, str), f"{table}.reward", repr(reward), "the name of a reward")
    return FileRules(path, file.resolve().parent, reward, rules)


def _table(data: Mapping[str, Any], key: str, table: str) -> Mapping[str, Any]:
    found = data.get(key, {})
    _require(isinstance(found, Mapping), f"{table}.{key}", repr(found), 'a table such as { R110 = "..." }')
    return found


def _require(fine: bool, what: str, received: object, allowed: str) -> None:
    if not fine:
        raise BadInput(what, received, allowed)


def _known_code(code: str, what: str) -> None:
    known = codes()
    if code not in known:
        raise BadInput(what, repr(code), ", ".join(known), _near(code, known))


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=2, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else ""
