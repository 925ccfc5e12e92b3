"""A run folder that somebody else wrote, checksums and all: it is read or refused, and nothing else happens."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import sqlite3
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run, canonical, journal, list_runs

CONFIG = {"task": "t", "method": "m"}


def made(root: Path) -> Path:
    with Run.create(root, CONFIG) as run:
        run.record("k", "a", {"n": 1}, arrays={"x": np.arange(3.0)})
        return run.folder


def change(folder: Path, **columns: str) -> None:
    """Change the event and seal it again, as whoever can write the file can."""
    with sqlite3.connect(folder / "journal.sqlite") as table:
        table.row_factory = sqlite3.Row
        row: dict[str, Any] = {**dict(table.execute("SELECT * FROM events").fetchone()), **columns}
        row["seal"] = journal._event_seal(row)
        sets = ", ".join(f"{name} = :{name}" for name in row)
        table.execute(f"UPDATE events SET {sets}", row)


def named(file: str, data: bytes = b"") -> str:
    entry = {"file": file, "sha256": hashlib.sha256(data).hexdigest(), "content": "0", "names": ["x"]}
    return canonical.encode(entry)


def refused(root: Path, match: str) -> None:
    with Run.open(root) as run, pytest.raises(StoreError, match=match) as caught:
        run.arrays("a")
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).isprintable()


TEXTS = {
    "deep": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "an infinity": '{"a": Infinity}',
    "an infinity by digits": '{"a": 1e999}',
    "a constant": '{"a": NaN}',
    "a list": "[1]",
    "a text": '"x"',
    "half": '{"a": ',
    "too many digits": '{"a": ' + "9" * 5000 + "}",
    "nothing": "",
}


@pytest.mark.parametrize("column", ["payload", "arrays", "timing"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_row_that_is_no_json(name: str, column: str, tmp_path: Path) -> None:
    change(made(tmp_path), **{column: TEXTS[name]})
    refused(tmp_path, "corrupt.*a row is no")


@pytest.mark.parametrize("name", ["deep", "a list", "an infinity"])
def test_a_configuration_that_is_none(name: str, tmp_path: Path) -> None:
    folder = made(tmp_path)
    with sqlite3.connect(folder / "journal.sqlite") as table:
        table.execute("UPDATE runs SET config = ?, run = ?", (TEXTS[name], canonical.sha256(TEXTS[name])[:12]))
    (record,) = list_runs(tmp_path)
    assert record.status == "unreadable"
    assert "a row is no" in record.reason


@pytest.mark.parametrize("file", ["/dev/zero", "../../secret.npz", "..", "", "a/b.npz", "x\0y", "/etc/passwd"])
def test_a_file_outside_the_folder(file: str, tmp_path: Path) -> None:
    """Reading /dev/zero would fill the memory, and any other file would come into a report."""
    np.savez(tmp_path / "secret.npz", x=np.arange(3.0))
    change(made(tmp_path / "runs"), arrays=named(file, (tmp_path / "secret.npz").read_bytes()))
    refused(tmp_path / "runs", "is no file of this folder")


def test_a_link_to_a_device_and_a_pipe(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "arrays" / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "arrays" / "pipe")
    for file in ("zero", "pipe"):
        change(folder, arrays=named(file))
        refused(tmp_path, "no plain file")


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(1 << 20))
    return data.getvalue()


def claims(shape: str, dtype: str = "<f8") -> bytes:
    """An array file whose head says more than there is."""
    head = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    return data.getvalue()


def marked(flag: int) -> bytes:
    """An array file whose only member says by a flag that it is encrypted."""
    data = io.BytesIO()
    np.savez(data, x=np.zeros(3))
    changed = bytearray(data.getvalue())
    for start, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.index(start) + place] |= flag
    return bytes(changed)


FILES = {
    "encrypted": marked(1),
    "strongly encrypted": marked(0x40),
    "patched": marked(0x20),
    "more than there is": claims("(1000000,)"),
    "a later format": claims("(3,)").replace(b"\x93NUMPY\x01", b"\x93NUMPY\x09"),
    "no zip": b"x",
    "nothing": b"",
    "a bomb": bomb(),
    "huge": claims("(10**15,)"),
    "huge by digits": claims("(1000000000000000,)"),
    "objects": claims("(1,)", "|O"),
    "negative": claims("(-1,)"),
    "short": claims("(3,)"),
    "code": claims("__import__('os').getpid()"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_arrays(name: str, tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "arrays" / "new.npz").write_bytes(FILES[name])
    change(folder, arrays=named("new.npz", FILES[name]))
    refused(tmp_path, "it is no file of arrays")


def test_a_password_is_not_sent_to_the_server_that_a_run_folder_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing a stranger's runs would be enough: the client sends $PGPASSWORD to whoever asks for it."""
    said: list[bytes] = []

    def server(listener: socket.socket) -> None:
        try:
            talk, _ = listener.accept()
        except OSError:
            return  # nobody came
        with talk:
            while len(said) < 3 and (piece := talk.recv(4096)):
                said.append(piece)
                # no encryption here; the password, please, as it is
                wants_tls = piece[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30")
                talk.sendall(b"N" if wants_tls else b"R\0\0\0\x08\0\0\0\x03")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)
        threading.Thread(target=server, args=(listener,), daemon=True).start()
        where = f"postgresql://me@db.example:{listener.getsockname()[1]}/d?hostaddr=127.0.0.1"
        folder = tmp_path / "0123456789ab"
        folder.mkdir()
        (folder / "journal.json").write_text(f'{{"url": "{where}", "schema": "rewardsmith_0"}}')
        monkeypatch.delenv("REWARDSMITH_STORE", raising=False)
        monkeypatch.setenv("PGPASSWORD", "hunter2-of-the-test")
        (record,) = list_runs(tmp_path)
    assert record.status == "unreadable"
    assert b"hunter2" not in b"".join(said)
    assert "REWARDSMITH_STORE" in record.reason
