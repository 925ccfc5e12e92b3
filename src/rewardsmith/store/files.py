"""Array files: named arrays in one checksummed file that is either whole or absent.

The file is an ordinary ``.npz`` (an uncompressed zip of ``.npy`` members) that ``numpy.load`` opens.  It
is written to a temporary name, flushed to the disk, renamed, and the folder is flushed: a reader sees the
old file or the new one, never a torn one.  Members are sorted and carry no time, so equal arrays give
equal bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
import re
import secrets
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rewardsmith.core.errors import BadInput
from rewardsmith.store import trouble

TEMPORARY = ".tmp-"
_KINDS = "biufcSUmM"
_CIPHERED = 0x61  # flags of a member: encrypted, in one of three ways that zip has
# The versions of ``.npy`` that arrays of these kinds are written in.
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class _Sink(Protocol):
    def write(self, data: Any, /) -> int: ...


class _Hashed:
    """A write-only stream that hashes what was meant to be written, not what arrived."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.hash = hashlib.sha256()

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        self.hash.update(view)
        size = len(view)
        while len(view):
            view = view[os.write(self._descriptor, view) :]
        return size

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


def as_arrays(arrays: Mapping[str, Any] | None, what: str = "arrays") -> dict[str, np.ndarray]:
    """Return NumPy copies or views of named arrays, sorted by name, in C order.

    Raises:
        BadInput: A name that is not usable text, or an array of objects, records or an extension type.
    """
    out: dict[str, np.ndarray] = {}
    for name in sorted(arrays or {}, key=str):
        if not isinstance(name, str) or not name or "\0" in name or not _is_text(name):
            raise BadInput(f"{what} name", repr(name), "non-empty text")
        value = np.asarray((arrays or {})[name], order="C")
        if value.dtype.kind not in _KINDS or np.dtype(value.dtype.str) != value.dtype:
            raise BadInput(f"{what}[{name!r}]", f"dtype {value.dtype}", "numbers, booleans, text and times")
        out[name] = value
    return out


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes: equal exactly when arrays are bit-equal."""
    hashed = hashlib.sha256()
    for name, value in arrays.items():
        hashed.update(repr((name, value.dtype.str, value.shape)).encode())
        hashed.update(np.ascontiguousarray(value).view(np.uint8).data if value.nbytes else b"")
    return hashed.hexdigest()


def file_name(label: str, content: str) -> str:
    """Return a readable file name that is unique to a label and a content digest."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip(".-")[:60] or "arrays"
    return f"{readable}-{content[:32]}.npz"


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write arrays to a file, durably and all or nothing; return the SHA-256 of the file.

    Raises:
        StoreError: Disk full, folder read-only, or any other refusal of the system.
    """
    return _replace(path, lambda sink: _write_zip(sink, arrays))


def write_bytes(path: Path, data: bytes) -> str:
    """Write bytes to a file, durably and all or nothing; return their SHA-256."""
    return _replace(path, lambda sink: sink.write(data))


def read_arrays(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Read an array file whose checksum must hold.

    Raises:
        StoreError: The file is missing, cannot be read, or is not what was written; the file is named.
    """
    try:
        if path.exists() and not path.is_file():  # a device or a pipe would never end
            raise trouble.corrupt(path, "it is no plain file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise trouble.corrupt(path, "the file is missing") from None
    except OSError as error:
        raise trouble.from_os(error, path) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise trouble.corrupt(path, f"sha256 is {found[:12]}..., recorded {sha256[:12]}...")
    # The checksum is whoever's wrote the journal, who need not be us.
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(each.compress_type or each.flag_bits & _CIPHERED for each in archive.infolist()):
                raise ValueError("it is compressed or encrypted")
            return {name.removesuffix(".npy"): _member(archive, name, len(data)) for name in archive.namelist()}
    # what zipfile says of archives that are cut off, of a later format, or none at all
    except (ValueError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise trouble.corrupt(path, f"it is no file of arrays: {str(error)[:100]}") from None


def beneath(folder: Path, name: object) -> Path:
    """The path of a file in a folder, by a name that a journal gives.

    Raises:
        StoreError: the name leads elsewhere.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or Path(name).name != name or "\0" in name:
        raise trouble.corrupt(folder, f"the journal names {str(name)[:60]!r}, which is no file of this folder")
    return folder / name


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that names made in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, keep: set[str] | None = None) -> None:
    """Remove torn temporary files, and array files other than those to keep (None: keep all).

    Raises:
        StoreError: The system refuses.
    """
    try:
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            orphan = keep is not None and entry.suffix == ".npz" and entry.name not in keep
            if orphan or entry.name.startswith(TEMPORARY):
                entry.unlink(missing_ok=True)
    except OSError as error:
        raise trouble.from_os(error, folder) from error


def _replace(path: Path, fill: Callable[[_Hashed], object]) -> str:
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}-{path.name[:80]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            sink = _Hashed(descriptor)
            fill(sink)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise trouble.from_os(error, path) from error
    return sink.hash.hexdigest()


def _write_zip(sink: _Sink, arrays: Mapping[str, np.ndarray]) -> None:
    # ZipFile needs write, tell, seek and flush of a file, no more, but is typed for all of IO[bytes].
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[arg-type]
        for name, value in arrays.items():
            # ZipInfo's default date is constant, unlike that of ZipFile.writestr(name, ...).
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, value, allow_pickle=False)


def _member(archive: zipfile.ZipFile, name: str, most: int) -> np.ndarray:
    """An array; a header that claims more bytes than the file has would be believed until they are missed."""
    with archive.open(name) as member:
        header = _HEADERS.get(np.lib.format.read_magic(member))
        if header is None:
            raise ValueError("an array of another format")
        shape, _, dtype = header(member)
        size = math.prod(shape) * dtype.itemsize
        if size > most:
            raise ValueError(f"a header claims {size:,} bytes")
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
