"""Run a user's Python file: what it defines, or one line that says where it fails."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BadInput


def run_file(file: Path, kind: str, allowed: str) -> Any:
    """Execute a Python file, with all the rights of this process, and return its module.

    Args:
        file: an existing file.
        kind: what the file is for, in messages and in the module's name: ``task``, ``reward``.
        allowed: what such a file must be.

    Raises:
        BadInput: it is not Python (with the line), or it fails (with the line).
    """
    # The module stays importable in this process under this name, because terms and fields pickle by reference.
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    name = f"rewardsmith_{kind}_{file.stem}_{digest}"
    return _run(_Fresh(name, str(file.absolute())), kind, str(file), allowed)


@dataclass(frozen=True)
class Source:
    """A file that was run, so that another process can have its module: name, path, and the bytes that ran."""

    module: str
    path: str
    text: bytes

    def run(self) -> None:
        """Make the module in this process, which needs no such file; nothing if it is there already.

        Raises:
            BadInput: it fails here, for example because it imports what is not installed.
        """
        known = _loader(sys.modules.get(self.module))
        if known is None or known.ran != self.text:
            kind = self.module.split("_")[1]
            _run(_Fresh(self.module, self.path, self.text), kind, self.path, "a file that runs here too")


def sources() -> tuple[Source, ...]:
    """Every file that ``run_file`` ran in this process, in the order in which they were first run."""
    loaders = [_loader(module) for module in list(sys.modules.values())]
    return tuple(Source(each.name, each.path, each.ran) for each in loaders if each is not None)


class _Fresh(importlib.machinery.SourceFileLoader):
    """Reads the file every time: cached byte code knows only seconds and sizes, and people edit faster."""

    def __init__(self, fullname: str, path: str, text: bytes | None = None) -> None:
        super().__init__(fullname, path)
        self.ran = b""
        self._text = text

    def get_code(self, fullname: str) -> Any:
        del fullname
        self.ran = self.get_data(self.path) if self._text is None else self._text
        return self.source_to_code(self.ran, self.path)


def _run(loader: _Fresh, kind: str, file: str, allowed: str) -> Any:
    name = loader.name
    spec = importlib.util.spec_from_file_location(name, loader.path, loader=loader)
    if spec is None or spec.loader is None:
        raise BadInput(f"{kind} file", file, allowed, "Python cannot load it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        del sys.modules[name]
        if isinstance(problem, BadInput):  # it says itself what is allowed
            where = f"{file}{_line_in(problem, spec.origin)}: {problem.what}"
            raise BadInput(where, problem.received, problem.allowed, problem.why) from None
        raise BadInput(f"{kind} file", file, allowed, _reason(problem, spec.origin)) from None
    return module


def _loader(module: Any) -> _Fresh | None:
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return loader if isinstance(loader, _Fresh) else None


def _reason(problem: BaseException, origin: str | None) -> str:
    """One line: where in the file, and what."""
    if isinstance(problem, SyntaxError):
        elsewhere = "" if problem.filename in (None, origin) else f"{problem.filename} "
        place = "" if problem.lineno is None else f"{elsewhere}line {problem.lineno}: "
        return f"{place}not Python ({problem.msg})"
    place = _line_in(problem, origin).removeprefix(", ")
    return f"{place}{': ' if place else ''}{type(problem).__name__}: {' '.join(str(problem).split())}"


def _line_in(problem: BaseException, origin: str | None) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == origin]
    return f", line {lines[-1]}" if lines else ""
