"""Run a user's Python file: what it defines, or one line that says where it fails."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import sys
import traceback
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
    spec = importlib.util.spec_from_file_location(name, file, loader=_Fresh(name, str(file.absolute())))
    if spec is None or spec.loader is None:
        raise BadInput(f"{kind} file", str(file), allowed, "Python cannot load it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        del sys.modules[name]
        raise BadInput(f"{kind} file", str(file), allowed, _reason(problem, spec.origin)) from None
    return module


class _Fresh(importlib.machinery.SourceFileLoader):
    """Reads the file every time: cached byte code knows only seconds and sizes, and people edit faster."""

    def get_code(self, fullname: str) -> Any:
        del fullname
        return self.source_to_code(self.get_data(self.path), self.path)


def _reason(problem: BaseException, origin: str | None) -> str:
    """One line: where in the file, and what."""
    if isinstance(problem, SyntaxError):
        return f"line {problem.lineno}: not Python ({problem.msg})"
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == origin]
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{type(problem).__name__}: {' '.join(str(problem).split())}"
