"""An endpoint is somebody's server: whatever it sends, the search ends with a reply or one clear line."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewardsmith.core.endpoint import Budget, Endpoint, EndpointError, Request, Usage, cache_file, wire
from rewardsmith.core.endpoint.client import read_reply
from rewardsmith.core.errors import StoreError
from terms.judge.server import Endpoint as Server

KEY = "sk-very-secret-0123456789"
ASK = Request(({"role": "user", "content": "a"},))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def endpoint(url: str, folder: Path, **changes) -> Endpoint:
    return Endpoint("tiny", url, **{"cache": str(folder), "timeout": 1.0, "retries": 0, **changes})


@contextmanager
def raw(*pieces: bytes, pause: float = 0.0, repeat: int = 1) -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends these bytes to whoever comes, piece by piece, and keeps what it was sent."""
    seen: list[bytes] = []
    over = threading.Event()

    def serve(talk: socket.socket) -> None:
        with talk:
            try:
                seen.append(talk.recv(1 << 16))
                for piece in pieces[:-1]:
                    talk.sendall(piece)
                for _ in range(repeat):
                    if over.is_set():
                        return
                    talk.sendall(pieces[-1])
                    time.sleep(pause)
            except OSError:
                pass  # it was left, as it should be

    def wait(listener: socket.socket) -> None:
        while True:
            try:
                talk, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(talk,), daemon=True).start()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=wait, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", seen
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


def http(body: bytes, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + b"\r\n" + body


def completion(text: str, **usage) -> str:
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": usage})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_neither_key_nor_prompt_goes_to_another_address(status: int, tmp_path: Path) -> None:
    with Server(lambda _: "caught") as other:
        head = f"HTTP/1.1 {status} X\r\nLocation: {other.url}/chat/completions\r\nContent-Length: 0\r\n\r\n"
        with (
            raw(head.encode()) as (url, seen),
            pytest.raises(EndpointError, match="sends requests on to") as caught,
        ):
            endpoint(url, tmp_path).ask([ASK])
        assert KEY.encode() in seen[0]
        assert other.seen == []
    assert KEY not in str(caught.value)


def test_an_answer_that_never_ends_is_left(tmp_path: Path) -> None:
    """A client's timeout holds for each piece: without a bound of our own this would take 40 seconds."""
    with raw(http(b""), b" ", pause=0.05, repeat=800) as (url, _):
        began = time.monotonic()
        assert endpoint(url, tmp_path).ask([ASK]) == [None]
        assert time.monotonic() - began < 10


def test_first_lines_that_never_end_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardsmith.core.endpoint.client._PAUSE", 0.0)
    with raw(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", pause=0.05, repeat=800) as (url, _):
        began = time.monotonic()
        assert endpoint(url, tmp_path).ask([ASK]) == [None]
        assert time.monotonic() - began < 10


def test_an_answer_that_is_too_large_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST", 1 << 16)
    with raw(http(b""), b" " * 4096, repeat=1000) as (url, _):
        assert endpoint(url, tmp_path, timeout=20.0).ask([ASK]) == [None]


def test_a_compressed_bomb_is_not_opened(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * 1_000_000 + completion("x").encode())
    with raw(http(bomb, b"Content-Encoding: gzip\r\n")) as (url, seen):
        assert endpoint(url, tmp_path).ask([ASK]) == [None]
    assert b"accept-encoding: identity" in seen[0].lower()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_server_that_repeats_the_key_does_not_get_it_into_messages(
    status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"error": {"message": f"you sent Bearer {KEY}\x1b[2J"}}).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    said = ""
    with raw(head + body) as (url, _):
        try:
            endpoint(url, tmp_path).ask([ASK], whole=True)
        except EndpointError as error:
            said = str(error)
    assert "[key]" in said
    assert KEY not in said + caplog.text
    assert said.isprintable()


def test_a_reply_that_repeats_the_key_is_kept_without_it(tmp_path: Path) -> None:
    with Server(lambda _: f"your key is {KEY}") as server:
        (reply,) = endpoint(server.url, tmp_path, timeout=20.0).ask([ASK])
        assert server.seen[0]["authorization"] == f"Bearer {KEY}"
    assert reply is not None
    assert reply.text == "your key is [key]"
    assert not [each for each in tmp_path.rglob("*") if each.is_file() and KEY.encode() in each.read_bytes()]


COUNTS = {
    "negative": '{"prompt_tokens": -1000000000}',
    "infinite": '{"prompt_tokens": Infinity}',
    "beyond all numbers": '{"completion_tokens": 1e999}',
    "no number": '{"prompt_tokens": NaN}',
    "400 digits": '{"prompt_tokens": 1' + "0" * 400 + "}",
    "5000 digits": '{"prompt_tokens": 1' + "0" * 5000 + "}",
    "a list": '{"prompt_tokens": [1]}',
    "a text": '{"prompt_tokens": "many"}',
    "no mapping": "[1]",
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_that_are_none_are_no_reply(name: str, tmp_path: Path) -> None:
    """A budget is a hard stop: what would be taken off it, or could not be added up, is not counted."""
    body = completion("x").replace('"usage": {}', f'"usage": {COUNTS[name]}')
    with pytest.raises(ValueError, match="no chat completion"):
        read_reply(body)
    with Server(lambda _: "x", body=body) as server:
        model = endpoint(server.url, tmp_path, timeout=20.0, price_in=1.0)
        assert model.ask([ASK], Budget(tokens=10_000, money=1.0), Usage()) == [None]


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"choices": ' + "[" * 50_000 + "]" * 50_000 + "}", "", "null", "[]", "{}",
     '{"choices": []}',
     '{"choices": [null]}', '{"choices": [{"message": null}]}', '{"choices": {"0": 1}}', "\ufeff{}"],
)  # fmt: skip
def test_anything_else_is_no_reply(body: str) -> None:
    with pytest.raises(ValueError, match="no chat completion"):
        read_reply(body)


def test_text_that_no_file_can_hold_is_mended() -> None:
    reply = read_reply('{"choices": [{"message": {"content": "a\\ud800b"}}], "model": "m\\u001b[31m\\ud800"}')
    assert reply.text == "a?b"
    assert reply.model == "m[31m"
    reply.text.encode()


def test_names_are_short() -> None:
    choice = {"message": {"content": "x"}, "finish_reason": "y" * 10_000}
    reply = read_reply(json.dumps({"choices": [choice], "model": "m" * 1_000_000}))
    assert len(reply.model) == len(reply.trouble) == 200


ENTRIES = {
    "no JSON": "{",
    "a list": "[1]",
    "another name": '{"text": "x", "code": "import os"}',
    "no text": '{"text": 7}',
    "a negative count": '{"text": "x", "prompt_tokens": -1000000}',
    "an infinite count": '{"text": "x", "prompt_tokens": 1e999}',
    "half of a letter": '{"text": "\\ud800"}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_changed_entry_of_the_cache_is_named(name: str, tmp_path: Path) -> None:
    with Server(lambda _: "x") as server:
        model = endpoint(server.url, tmp_path, timeout=20.0)
        model.ask([ASK])
    with sqlite3.connect(cache_file(str(tmp_path))) as table:
        table.execute("UPDATE replies SET reply = ?", (ENTRIES[name],))
    with pytest.raises(StoreError, match=r"holds what is no reply under .*delete the file") as caught:
        model.ask([ASK])
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    cache_file(str(tmp_path)).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError):
        endpoint("http://127.0.0.1:9/v1", tmp_path).ask([ASK])


def test_the_loop_is_free_afterwards(tmp_path: Path) -> None:
    """Nothing of a request that was left goes on in the background."""
    with raw(http(b""), b" ", pause=0.05, repeat=800) as (url, _):
        endpoint(url, tmp_path).ask([ASK])
    from rewardsmith.core.samples.loop import shared_loop

    async def tasks() -> int:
        return len(asyncio.all_tasks())

    assert asyncio.run_coroutine_threadsafe(tasks(), shared_loop()).result(5) == 1
