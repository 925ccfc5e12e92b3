"""The real command as a process, and clients that talk HTTP to it."""

from __future__ import annotations

import concurrent.futures
import json
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest

from cli.command import argv, environment, rewardsmith
from rewardsmith.connect.server import Settings
from rewardsmith.core.errors import BadInput

REWARDS = """
import time
import numpy as np
import rewardsmith as rs

@rs.term
def length(completion):
    return [None if text == "?" else float(len(text)) for text in completion]

@rs.term
def right(completion, reference):
    return [float(c == r) for c, r in zip(completion, reference)]

@rs.term
def asleep(completion):
    time.sleep(60 if "hang" in completion else 0.6 if "slow" in completion else 0.0)
    return [1.0] * len(completion)

@rs.term
def busy(completion):
    end = time.perf_counter() + 1.5
    while time.perf_counter() < end:
        sum(range(100))
    return [1.0] * len(completion)

@rs.term
def fails(completion):
    return [1.0 / len(text) for text in completion]

@rs.term
def height(obs, terminated):
    return np.where(terminated, -1.0, obs[:, 2])

@rs.term(scope=rs.Scope.GROUP)
def above_the_group(value, group):
    return value - np.array([value[group == g].mean() for g in group])

reward = 0.5 * length + right
running = length | rs.Normalize()
"""


class Server(NamedTuple):
    """A server process and a client of it."""

    client: httpx.Client
    process: subprocess.Popen[str]

    def score(self, **fields: Any) -> httpx.Response:
        return self.client.post("/v1/score", json={"fields": fields})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "rewards.py").write_text(REWARDS)
    return folder


@contextmanager
def serving(folder: Path, reward: str, *options: str, **headers: str) -> Generator[Server]:
    command = argv(["serve", f"rewards.py:{reward}", "--port", "0", "--json", *options])
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready, process.stderr.read() if process.stderr else ""
        url = json.loads(ready)["url"].replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=url, timeout=20.0, trust_env=False, headers=headers) as client:
            yield Server(client, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=40)


@pytest.fixture(scope="module")
def server(folder: Path) -> Generator[Server]:
    with serving(folder, "reward", "--max-batch", "100") as running:
        yield running


def test_the_native_contract(server: Server) -> None:
    found = server.score(completion=["ab", "?", "abc"], reference=["ab", "b", "c"])
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json() == {
        "total": [2.0, None, 1.5],
        "terms": {"length": [1.0, None, 1.5], "right": [1.0, 0.0, 0.0]},
        "errors": [],
    }
    nothing = server.score(completion=[], reference=[])
    assert nothing.json() == {"total": [], "terms": {"length": [], "right": []}, "errors": []}


def test_the_contract_of_openrlhf(server: Server) -> None:
    # The body that OpenRLHF sends for one sample; query is the prompt with the answer, as it was decoded.
    body = {"query": ["<s>2+2=4</s>"], "prompts": ["2+2="], "labels": ["4"]}
    assert server.client.post("/get_reward", json=body).json() == {
        "rewards": [1.5],
        "scores": [1.5],
        "extra_logs": {"length": 0.5, "right": 1.0, "verdict": 1.0},
    }
    body = {"query": ["a?", "abc"], "prompts": ["a", "a"], "labels": [None, "bc"]}
    found = server.client.post("/get_reward", json=body).json()
    assert found["rewards"] == [None, 2.0]
    assert found["extra_logs"] == {"length": 1.0, "right": 0.5, "verdict": 0.5}


def test_a_number_for_openrlhf_where_there_is_no_verdict(folder: Path) -> None:
    with serving(folder, "length", "--no-verdict", "-3") as server:
        body = {"query": ["?", "ab"], "prompts": ["", ""]}
        assert server.client.post("/get_reward", json=body).json()["rewards"] == [-3.0, 2.0]
        assert server.score(completion=["?"]).json()["total"] == [None]  # the native contract has null


def test_health_metrics_and_description(server: Server) -> None:
    assert server.client.get("/health").json() == {"status": "ok", "late": 0}
    about = server.client.get("/v1/reward").json()
    assert about["reward"] == "0.5 * length + right"
    assert about["fields"] == ["completion", "reference"]
    assert (about["scope"], about["terms"]) == ("STEP", ["length", "right"])
    assert about["numbers"] == {"length.weight": 0.5}
    assert "token" not in about

    def metric(name: str) -> float:
        text = server.client.get("/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    names = (
        "rewardsmith_verdicts_total",
        "rewardsmith_missing_verdicts_total",
        'rewardsmith_requests_total{endpoint="/v1/score",status="200"}',
        'rewardsmith_requests_total{endpoint="/v1/score",status="422"}',
        'rewardsmith_seconds_count{endpoint="/v1/score"}',
    )
    before = [metric(name) for name in names]
    server.score(completion=["a", "?", "b"], reference=["a", "?", "b"])
    server.score(nothing=["a"])
    assert [metric(name) - old for name, old in zip(names, before, strict=True)] == [2, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ('{"fields": {"completion": [', "not JSON"),
        ('{"fields": {"completion": [NaN], "reference": ["a"]}}', "NaN and infinity are not JSON"),
        ('{"fields": {"completion": [-Infinity], "reference": ["a"]}}', "NaN and infinity are not JSON"),
        ('{"fields": {"completion": [1e999], "reference": ["a"]}}', "infinity when parsed"),
        ("[1]", "the request: Input should be a valid dictionary"),
        ("{}", "fields: Field required"),
        ('{"fields": {"a": []}, "more": 1}', "more: Extra inputs are not permitted"),
        ('{"fields": {}}', "fields: Dictionary should have at least 1 item"),
        ('{"fields": {"completion": "a"}}', "fields.completion: Input should be a valid list"),
        ('{"fields": {"__class__": ["a"]}}', "fields.__class__"),
        (
            '{"fields": {"completion": ["a"]}}',
            "missing field 'reference'; this reward reads: completion, reference",
        ),
        (
            '{"fields": {"completion": ["a"], "references": ["a"]}}',
            "unknown field 'references'; this reward reads",
        ),
        (
            '{"fields": {"completion": ["a"], "reference": []}}',
            "'reference' has 0 entries and 'completion' has 1",
        ),
        ('{"fields": {"completion": [[1], [1, 2]], "reference": ["a", "b"]}}', "rows of different lengths"),
        ('{"fields": {"completion": [[[[[1]]]]], "reference": ["a"]}}', "neither texts nor rows of numbers"),
    ],
)
def test_bad_requests_are_one_clear_line(server: Server, body: str, said: str) -> None:
    found = server.client.post("/v1/score", content=body)
    assert found.status_code == 422
    assert list(found.json()) == ["error"]
    assert said in found.json()["error"]
    assert "\n" not in found.json()["error"]


def test_batches_that_are_too_large(server: Server) -> None:
    assert server.score(completion=["a"] * 100, reference=["a"] * 100).status_code == 200
    found = server.score(completion=["a"] * 101, reference=["a"] * 101)
    assert (found.status_code, found.json()["error"]) == (422, "101 samples in one request; at most 100")
    found = server.client.post("/v1/score", content=b" " * (65 * 2**20))
    assert (found.status_code, found.json()["error"]) == (413, "more than 67108864 bytes in one request")


def test_what_openrlhf_cannot_send_is_said(folder: Path) -> None:
    with serving(folder, "height") as server:
        found = server.client.post("/get_reward", json={"query": ["a"], "prompts": ["a"], "labels": ["a"]})
        assert found.status_code == 422
        assert "this reward reads 'obs'; OpenRLHF sends: completion," in found.json()["error"]
        rows = [[0.0, 0.0, 0.5], [1, 1, 1]]
        assert server.score(obs=rows, terminated=[False, True]).json()["total"] == [0.5, -1.0]
        assert server.client.get("/nothing").status_code == 404
        assert server.client.get("/v1/score").json() == {"error": "/v1/score: Method Not Allowed"}


def test_eight_clients_at_once_get_their_own_answers(server: Server) -> None:
    url = server.client.base_url

    def work(client_number: int) -> int:
        rng = np.random.default_rng(client_number)
        with httpx.Client(base_url=url, timeout=20.0, trust_env=False) as client:
            for _ in range(60):
                lengths = rng.integers(0, 200, rng.integers(1, 65)).tolist()
                fields = {"completion": ["x" * n for n in lengths], "reference": [""] * len(lengths)}
                found = client.post("/v1/score", json={"fields": fields}).json()["total"]
                assert found == [0.5 * n + (n == 0) for n in lengths]
        return client_number

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == list(range(8))


def test_groups_are_compared_inside_a_request(folder: Path) -> None:
    with serving(folder, "above_the_group") as server:
        found = server.score(value=[1.0, 3.0, 10.0, 20.0], group=[0, 0, 7, 7])
        assert found.json()["total"] == [-1.0, 1.0, -5.0, 5.0]


def test_running_statistics_go_on_from_request_to_request(folder: Path) -> None:
    with serving(folder, "running") as server:
        seen: list[int] = []
        for lengths in ([1, 5], [3], [10, 2, 2]):
            seen += lengths
            found = server.score(completion=["x" * n for n in lengths]).json()["total"]
            expected = (np.array(lengths) - np.mean(seen)) / np.sqrt(np.var(seen) + 1e-8)
            np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert server.client.get("/v1/reward").json()["keeps_state"] is True


def test_samples_that_cannot_be_scored_follow_the_policy(folder: Path) -> None:
    with serving(folder, "fails") as server:
        found = server.score(completion=["ab", "", "a"]).json()
        assert found["total"] == [0.5, None, 1.0]
        assert found["errors"] == ["ZeroDivisionError: float division by zero"]
    with serving(folder, "fails", "--on-error", "-1") as server:
        assert server.score(completion=["ab", ""]).json()["total"] == [0.5, -1.0]
    with serving(folder, "fails", "--on-error", "raise") as server:
        found = server.score(completion=["ab", ""])
        assert (found.status_code, found.json()) == (
            500,
            {"error": "ZeroDivisionError: float division by zero"},
        )


@pytest.mark.parametrize(("policy", "status"), [("raise", 504), ("abstain", 200)])
def test_a_reward_that_hangs_ends_at_the_timeout_and_stops_nobody(
    folder: Path, policy: str, status: int
) -> None:
    with serving(folder, "asleep", "--timeout", "1", "--on-error", policy) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            late = [pool.submit(server.score, completion=["hang"]) for _ in range(8)]
            assert server.score(completion=["fine"]).json()["total"] == [1.0]
            assert server.client.get("/health").status_code == 200
            assert time.monotonic() - began < 1.0
            for found in (each.result() for each in late):
                assert found.status_code == status
                said = found.json()["error"] if status == 504 else found.json()["errors"][0]
                assert "ScoreTimeout" in said
                assert status == 504 or found.json()["total"] == [None]
            assert time.monotonic() - began < 4.0
        assert server.client.get("/health").json() == {"status": "ok", "late": 8}


def test_a_busy_reward_does_not_block_health(folder: Path) -> None:
    with serving(folder, "busy") as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        working = [pool.submit(server.score, completion=["a"]) for _ in range(2)]
        waits = []
        while not all(each.done() for each in working):
            began = time.monotonic()
            assert server.client.get("/health").status_code == 200
            waits.append(time.monotonic() - began)
        assert len(waits) > 5
        assert max(waits) < 1.0


def test_a_token_is_asked_for(folder: Path) -> None:
    with serving(folder, "length", "--token", "s3cret", "--host", "0.0.0.0") as server:
        ask = server.client.post
        body = {"fields": {"completion": ["a"]}}
        for path in ("/v1/reward", "/metrics"):
            assert server.client.get(path).status_code == 401
        for token in ("", "Bearer", "Bearer s3cre", "Bearer s3cret2", "Bearer \u00e4".encode("latin-1")):
            refused = ask("/v1/score", json=body, headers={"Authorization": token})
            assert refused.status_code == 401
            assert "token is missing or wrong" in refused.json()["error"]
        assert server.client.get("/health").status_code == 200
        given = {"Authorization": "Bearer s3cret"}
        assert ask("/v1/score", json=body, headers=given).json()["total"] == [1.0]
        query = {"query": ["a"], "prompts": [""]}
        assert ask("/get_reward?token=s3cret", json=query).json()["rewards"] == [1.0]
        assert "s3cret" not in server.client.get("/v1/reward", headers=given).text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_after_the_answers_in_the_making(folder: Path, number: int) -> None:
    with serving(folder, "asleep") as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = pool.submit(server.score, completion=["slow"])
        time.sleep(0.3)
        server.process.send_signal(number)
        assert pending.result().json()["total"] == [1.0]
        _, err = server.process.communicate(timeout=20)
        assert server.process.returncode == 0
        lines = err.splitlines()
        assert lines[0].startswith("serving asleep on http://127.0.0.1:")
        assert lines[1:] == ["stopped; all requests are answered"]
        with pytest.raises(httpx.ConnectError):
            server.client.get("/health")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["rewards.py", "--host", "0.0.0.0"],
            "--host: received 0.0.0.0; allowed: 127.0.0.1, or another address with",
        ),
        (["rewards.py", "--host", "example.invalid"], "whoever reaches the port could use the reward"),
        (["rewards.py", "--host", "::"], "--token SECRET"),
        (["nothing.py"], "there is no such file"),
        (["rewards.py", "--port", "70000"], "--port: received 70000; allowed: 0 to 65535"),
        (["rewards.py", "--timeout", "0"], "timeout: received 0.0"),
        (["rewards.py", "--max-batch", "0"], "max_batch: received 0; allowed: at least 1"),
        (["rewards.py", "--on-error", "ignore"], "'raise', 'abstain' or a finite number"),
        (["rewards.py", "--host", "192.0.2.1", "--token", "a"], "an address to listen on"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(folder: Path, arguments: list[str], said: str) -> None:
    result = rewardsmith(folder, "serve", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.error


def test_a_port_that_is_taken(folder: Path, server: Server) -> None:
    port = str(server.client.base_url.port)
    result = rewardsmith(folder, "serve", "rewards.py", "--port", port)
    assert result.code == 2
    assert "in use" in result.error


def test_settings_are_checked_and_hide_the_token() -> None:
    with pytest.raises(BadInput, match="an empty text"):
        Settings(token="")
    assert "s3cret" not in repr(Settings(token="s3cret"))
