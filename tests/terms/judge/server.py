"""A real HTTP server that speaks the protocol of OpenAI, with the manners of a bad day."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[str], str]
_FENCED = re.compile(r"<<<(\w+) ([0-9a-f]{16})\n(.*?)\n\2>>>", re.DOTALL)


def fenced(prompt: str) -> dict[str, str]:
    """What stands between the marks of a prompt, by name."""
    return {match.group(1): match.group(3) for match in _FENCED.finditer(prompt)}


@dataclass
class Endpoint:
    """What the server does, and what it saw.

    Args:
        answer: the reply to a user message.
        busy: how often each request is answered with 429 (and then 503) before it is served.
        seconds: how long each answer takes.
        status: another status for every request.
        extra: what else stands in the choice (``finish_reason``, ``refusal``).
        plain: whether ``response_format`` is refused with 400.
        refuses: parameters that are refused with 400, as OpenAI's reasoning models do.
    """

    answer: Answer
    busy: int = 0
    seconds: float = 0.0
    status: int = 200
    extra: dict[str, str] = field(default_factory=dict)
    body: str = ""
    plain: bool = False
    refuses: tuple[str, ...] = ()
    seen: list[dict] = field(default_factory=list)
    tries: Counter = field(default_factory=Counter)
    running: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def __enter__(self) -> Endpoint:
        endpoint = self

        class Handler(_Handler):
            owner = endpoint

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def reply(self, request: dict, path: str, headers: Message) -> tuple[int, str]:
        user = request["messages"][-1]["content"]
        with self.lock:
            sent = {name: headers.get(name, "") for name in ("authorization", "idempotency-key")}
            self.seen.append({**request, "path": path, **sent})
            self.tries[user] += 1
            tried = self.tries[user]
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            time.sleep(self.seconds)
            if self.status != 200:
                return self.status, '{"error": {"message": "no"}}'
            for name in self.refuses:
                if name in request:
                    hint = "Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                    return 400, json.dumps({"error": {"message": f"Unsupported: '{name}'. {hint}"}})
            if self.plain and "response_format" in request:
                return 400, '{"error": {"message": "response_format is not supported"}}'
            if tried <= self.busy:
                return (429, 503)[(tried - 1) % 2], '{"error": {"message": "busy"}}'
            return 200, self.body or json.dumps(self._completion(self.answer(user), request["model"]))
        finally:
            with self.lock:
                self.running -= 1

    def _completion(self, text: str, model: str) -> dict:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.extra.get("finish_reason", "stop")}
        if "refusal" in self.extra:
            message["refusal"] = self.extra["refusal"]
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [choice],
            "usage": usage,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Endpoint

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, text = self.owner.reply(request, self.path, self.headers)
        data = text.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("retry-after-ms", "10")
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client gave up, as it should

    def log_message(self, *_: object) -> None:
        pass
