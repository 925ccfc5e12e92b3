"""The errors rewardsmith raises on purpose.

Every one says in one line what was received, what is allowed and why, and is also the standard
exception a caller would expect, so that ``except ValueError`` keeps working.  All survive pickle,
because rewards cross process borders.
"""

from __future__ import annotations

from typing import Any


class RewardsmithError(Exception):
    """Root of every error raised on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default re-calls __init__ with the message alone, which breaks keyword arguments.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[RewardsmithError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class BadInput(RewardsmithError, ValueError):
    """A value that the receiver cannot use."""

    def __init__(self, what: str, received: object, allowed: object, why: str = "") -> None:
        self.what, self.received, self.allowed, self.why = what, received, allowed, why
        reason = f": {why}" if why else ""
        Exception.__init__(self, f"{what}: received {received}; allowed: {allowed}{reason}")


class MissingField(RewardsmithError, KeyError):
    """A batch lacks a field that a reward reads."""

    def __init__(self, field: str, reader: str, present: object, why: str = "") -> None:
        self.field, self.reader = field, reader
        reason = f" ({why})" if why else ""
        Exception.__init__(self, f"{reader} reads the field {field!r}{reason}; this batch has: {present}")

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class CompositionError(RewardsmithError, TypeError):
    """Two parts that do not fit together; the message names both."""


class ScopeError(CompositionError):
    """A reward was wired where it cannot see as much as it needs."""


class NonFiniteError(RewardsmithError, ArithmeticError):
    """A reward produced an infinity (NaN is allowed: it means 'no verdict')."""


class MissingExtra(RewardsmithError, ImportError):
    """An optional package is not installed; the message is the command that installs it."""

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        Exception.__init__(
            self,
            f"{needed_for} needs {package}, which is not installed; install it with: "
            f"pip install 'rewardsmith[{extra}]'",
        )


class StoreError(RewardsmithError, OSError):
    """A run on disk cannot be read, written or continued."""

    def __str__(self) -> str:
        return str(self.args[0])


class ProgramError(BadInput):
    """A reward program was refused: a stable code, a place, and what is allowed instead."""

    def __init__(self, code: str, message: str, allowed: str, line: int = 1, column: int = 1) -> None:
        self.code, self.message, self.line, self.column = code, message, line, column
        self.received, self.allowed = message, allowed
        Exception.__init__(self, f"{code} at {line}:{column}: {message}; allowed: {allowed}")
