"""What the operating system and the database complain about, as one clear line."""

from __future__ import annotations

import errno
from pathlib import Path

from rewardsmith.core.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_KEPT = "nothing acknowledged was lost; continue with --resume when it answers again"
_SAFE = "nothing acknowledged was lost; free space and continue with --resume"


class StoreWarning(UserWarning):
    """Something on disk was damaged or missing and the run goes on without it."""


def disk_full(path: Path, detail: str) -> StoreError:
    """Return the error for a full disk, a used-up quota or a file size limit."""
    return StoreError(f"disk full: cannot write {path} ({detail}); {_SAFE}")


def read_only(path: Path, detail: str) -> StoreError:
    """Return the error for a folder that may not be written."""
    return StoreError(f"read-only: cannot write {path} ({detail}); choose another folder or change its rights")


def corrupt(path: Path, detail: str) -> StoreError:
    """Return the error for a file whose content is not what was written."""
    return StoreError(f"corrupt: {path} is not what was written ({detail}); restore it from a backup")


def from_os(error: OSError, path: Path) -> StoreError:
    """Translate an error of the operating system."""
    if isinstance(error, StoreError):
        return error
    detail = error.strerror or str(error)
    if error.errno in _FULL:
        return disk_full(path, detail)
    if error.errno in _READ_ONLY:
        return read_only(path, detail)
    return StoreError(f"cannot use {path}: {detail}")


def from_database(error: Exception, path: Path) -> StoreError:
    """Translate an error of the database driver (SQLite's error names, PostgreSQL's SQLSTATE codes)."""
    cause = getattr(error, "orig", None) or error
    name = str(getattr(cause, "sqlite_errorname", ""))
    detail = " ".join(str(cause).split()) or type(cause).__name__
    if hasattr(cause, "sqlstate"):
        return _from_postgres(str(getattr(cause, "sqlstate", "") or ""), detail, path)
    if name == "SQLITE_FULL":
        return disk_full(path, detail)
    if name.startswith("SQLITE_IOERR"):
        # A file size limit or a quota reaches SQLite as a plain I/O error, like a dying disk does.
        return disk_full(path, f"{detail}: full, over a quota or a size limit, or failing")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return read_only(path, detail)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"busy: {path} was locked by another process for 10 s; try again")
    return corrupt(path, detail)


def _from_postgres(code: str, detail: str, path: Path) -> StoreError:
    """By class of SQLSTATE (appendix A of PostgreSQL's manual)."""
    if code.startswith("53"):
        return disk_full(path, detail)
    if code == "55P03":
        return StoreError(f"busy: {path} was locked by another process for 10 s; try again")
    if code in ("42501", "25006"):
        return read_only(path, detail)
    if code in ("", "57P01", "57P02", "57P03") or code.startswith(("08", "28", "3D", "25P")):
        return StoreError(f"the database of {path} cannot be used ({detail}); {_KEPT}")
    return corrupt(path, detail)
