"""Endpoints that answer something else than a completion: one line that says what, and what to look at."""

from __future__ import annotations

import http.server
import json
import threading
import time
from contextlib import contextmanager

import pytest

from rewardsmith.core.endpoint import Endpoint, EndpointError, Request, client

QUESTION = Request(({"role": "user", "content": "hello"},))


def completion(text):
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


@contextmanager
def answering(status, body, drip=0.0):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            until = time.monotonic() + drip
            while time.monotonic() < until:  # never silent, never done
                try:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def refusal(status, body, **changes):
    with answering(status, body, changes.pop("drip", 0.0)) as url:
        model = Endpoint("m", url, **{"cache": None, "retries": 0, "key_variable": "A_KEY", **changes})
        with pytest.raises(EndpointError) as raised:
            model.ask([QUESTION], whole=True)
    said = str(raised.value)
    assert "\n" not in said
    assert "ValueError" not in said
    return said


@pytest.mark.parametrize(
    "body", ["<html>Welcome</html>", '{"choices": []}', "[1]", '{"choices": ["a"]}', '{"ch', "{}", ""]
)
def test_what_is_no_completion_is_shown_and_was_not_asked_for_again(body):
    said = refusal(200, body)
    assert f"no chat completion: {body!r}; is the address right, up to /v1?" in said
    assert "retries" not in said


def test_a_wrong_key_names_the_variable(monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    wrong = json.dumps({"error": {"message": "Incorrect API key"}})
    assert refusal(401, wrong).endswith("Incorrect API key; the key is read from $A_KEY, which is not set")
    monkeypatch.setenv("A_KEY", "x")
    assert refusal(403, "<html>").endswith("the key is read from $A_KEY, which is set")


def test_a_wrong_model_names_where_the_models_are():
    assert "/v1/models; the address goes up to /v1" in refusal(404, json.dumps({"error": {"message": "no m"}}))


def test_an_endpoint_that_is_always_busy_was_asked_again():
    assert "without an answer after 1 retries" in refusal(429, "{}", retries=1)


def test_an_answer_that_never_ends_ends():
    assert "the answer did not end within 1 s" in refusal(200, "", timeout=1.0, drip=20.0)


def test_a_reply_of_ten_megabytes_is_no_reply():
    with answering(200, completion("x " * 5_000_000)) as url:
        (reply,) = Endpoint("m", url, cache=None).ask([QUESTION])
    assert reply is not None
    assert (reply.text, reply.trouble) == ("", "too long")


def test_long_waits_are_said(monkeypatch, caplog):
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.2)
    with answering(200, completion("late"), drip=1.0) as url:
        (reply,) = Endpoint("m", url, cache=None, timeout=30.0).ask([QUESTION])
    assert reply is not None
    assert reply.text == "late"
    assert "0 of 1 answers after 0 s; waiting up to 30 s for each try, 7 tries" in caplog.text


def test_an_account_without_money_is_not_asked_again():
    body = '{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
    began = time.monotonic()
    said = refusal(429, body, retries=60)
    assert time.monotonic() - began < 100, "sixty pauses take far longer"
    assert "You exceeded your current quota" in said
    assert "waiting does not help" in said
