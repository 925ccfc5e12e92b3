"""The scripted model as a server: chat completions over HTTP, with the manners of a real endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.endpoint import key_of
from ...core.errors import BadInput, MissingExtra
from .answer import Script, answer

_TOKEN = 4  # characters, about


@dataclass(eq=False)
class Books:
    """What the server was asked, and what it charged for.

    A call is charged when its answer begins to be made, and never again under the same ``Idempotency-Key``.

    Args:
        calls: requests that were received.
        charged: how often each key was charged.
        answers: finished answers by key.
        working: answers in the making.
        tries: how often each request came, for 429 and 500.
    """

    calls: int = 0
    charged: Counter[str] = field(default_factory=Counter[str])
    answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    working: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    tries: Counter[str] = field(default_factory=Counter[str])

    def summary(self) -> dict[str, int]:
        """Counts: calls, distinct ones that were charged, and how many were charged more than once."""
        twice = sum(count > 1 for count in self.charged.values())
        return {"calls": self.calls, "charged": sum(self.charged.values()), "twice": twice}


def make_app(script: Script | None = None) -> Any:
    """The application (ASGI): ``/v1/chat/completions``, ``/v1/models``, and ``/books``: what was charged."""
    try:
        from starlette.applications import Starlette
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse
        from starlette.routing import Route
    except ImportError:
        raise MissingExtra("starlette", "server", "the scripted model") from None
    settings, books = script or Script(), Books()

    async def complete(request: Any) -> Any:
        books.calls += 1
        try:
            body = json.loads(await request.body())
        except ClientDisconnect:
            return JSONResponse(_error("nobody is there any more"), 499)
        except ValueError:
            return JSONResponse(_error("the body is no JSON"), 400)
        status, data = await _complete(settings, books, body, request.headers.get("idempotency-key"))
        headers = {"retry-after-ms": "10"} if status in (429, 500) else {}
        return JSONResponse(data, status, headers)

    async def models(request: Any) -> Any:
        del request
        row = {"id": settings.model, "object": "model", "created": 0, "owned_by": "rewardsmith"}
        return JSONResponse({"object": "list", "data": [row]})

    async def charged(request: Any) -> Any:
        del request
        return JSONResponse(books.summary())

    routes = [
        Route("/v1/chat/completions", complete, methods=["POST"]),
        Route("/v1/models", models),
        Route("/books", charged),
    ]
    return Starlette(routes=routes)


async def _complete(script: Script, books: Books, body: Any, given: str | None) -> tuple[int, dict[str, Any]]:
    if trouble := _refusal(script, body):
        return trouble[0], _error(trouble[1])
    plain = key_of({**body, "revision": "", "sample": 0})
    turn = books.tries[given or plain]
    books.tries[given or plain] += 1
    key = given or f"{plain}-{turn}"
    if turn < script.busy:
        return (429, 500)[turn % 2], _error("busy, on demand")
    if key in books.working:  # the same call again, while it is answered
        await books.working[key].wait()
    if key in books.answers:
        return 200, books.answers[key]
    books.charged[key] += 1
    books.working[key] = asyncio.Event()
    try:
        await asyncio.sleep(script.seconds)
        found = _completion(script, body, key, given.partition("-")[0] if given else plain)
        if isinstance(found, str):
            return 404, _error(found)
        books.answers[key] = found
        return 200, found
    finally:
        books.working.pop(key).set()


def _refusal(script: Script, body: Any) -> tuple[int, str] | None:
    """Why a request is not answered."""
    if not isinstance(body, dict) or not _are_messages(body.get("messages")):
        return 400, "messages: a list of {role, content}"
    if body.get("stream"):
        return 400, "stream: this server sends whole answers"
    model = str(body.get("model"))
    if script.recordings is None and not model.startswith("scripted"):
        return 404, f"no model {model!r}: this is {script.model}, which stands in for a language model"
    if "response_format" in body and not script.formats:
        return 400, "response_format is not supported"
    count = body.get("n", 1)
    if not isinstance(count, int) or not 1 <= count <= 128:
        return 400, "n: 1 to 128"
    return None


def _are_messages(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    return all(isinstance(m, dict) and isinstance(m.get("content"), str) and "role" in m for m in messages)


def _completion(script: Script, body: Mapping[str, Any], key: str, content: str) -> dict[str, Any] | str:
    """The answer, or why there is none."""
    count = body.get("n", 1)
    if script.recordings is not None:
        found = script.recordings.get(content)
        if found is None:
            return f"no recording of the request {content}"
        texts = [found] * count
    else:
        # the seed names the sample; without one, the key of the call does, and it differs from call to call
        first = body["seed"] if isinstance(body.get("seed"), int) else int(key_of({"key": key})[:12], 16)
        texts = [answer(script, body["messages"], first + i) for i in range(count)]
    most = body.get("max_tokens") or body.get("max_completion_tokens") or 1 << 30
    read = sum(_tokens(message["content"]) for message in body["messages"])
    written = [min(_tokens(text), most) for text in texts]
    choices = [_choice(i, text, most) for i, text in enumerate(texts)]
    total = {"prompt_tokens": read, "completion_tokens": sum(written), "total_tokens": read + sum(written)}
    return {
        "id": f"scripted-{key[:16]}",
        "object": "chat.completion",
        "created": 0,
        "model": script.model,
        "choices": choices,
        "usage": total,
    }


def _choice(index: int, text: str, most: int) -> dict[str, Any]:
    cut = _tokens(text) > most
    message = {"role": "assistant", "content": text[: most * _TOKEN] if cut else text}
    return {"index": index, "message": message, "finish_reason": "length" if cut else "stop"}


def _tokens(text: str) -> int:
    return -(-len(text) // _TOKEN)


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted"}}


@contextlib.contextmanager
def serving(script: Script | None = None, port: int = 0) -> Generator[str]:
    """Serve in a thread of this process; gives the address up to ``/v1``.

    Example:
        >>> with serving() as url:
        ...     url.endswith("/v1")
        True
    """
    try:
        import uvicorn
    except ImportError:
        raise MissingExtra("uvicorn", "server", "the scripted model") from None
    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(make_app(script), log_level="error", access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            if time.monotonic() > until or not thread.is_alive():
                raise BadInput("scripted model", f"port {port}", "a port that can be served")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
