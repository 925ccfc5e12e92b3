from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rewardsmith as rs
from rewardsmith.cli.main import run
from rewardsmith.connect.export import TARGETS

TEXTS = '''"""How well a sum is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import rewardsmith as rs


@dataclass(frozen=True, repr=False)
class Doubled(rs.Transform):
    """A transform of the user, whose annotations need a registered module."""

    linear: ClassVar[bool] = True

    def apply(self, reward: Any, batch: Any, state: Any) -> Any:
        return 2 * reward, state


@rs.term
def exact(completion, reference):
    return [None if b is None else float(a.strip() == b) for a, b in zip(completion, reference)]


@rs.term
def brevity(completion):
    return [1.0 / (1 + len(text)) for text in completion]


graded = exact + 0.5 * rs.gate(brevity, when=exact)
reward = graded | Doubled()
'''
CARTPOLE = """import rewardsmith as rs

fields = [rs.Field("angle", read=2)]

@rs.term
def upright(next_angle):
    return -abs(next_angle)
"""
GROUPS = """import rewardsmith as rs

@rs.term(scope=rs.Scope.GROUP)
def best(completion, group):
    return [1.0 for _ in completion]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sums.py").write_text(TEXTS)
    (tmp_path / "pole.py").write_text(CARTPOLE)
    (tmp_path / "groups.py").write_text(GROUPS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _load(file: Path) -> Any:
    """As verl and OpenRLHF load a file: without registering the module."""
    spec = importlib.util.spec_from_file_location(f"loaded_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop(spec.name, None)
    return module


def _export(source: str, framework: str, *more: str) -> Any:
    assert run(["export", source, "--for", framework, *more]) == 0
    return _load(Path(f"{Path(source.partition('.py:')[0]).stem}_{framework.replace('-', '_')}.py"))


def test_trl(folder: Path) -> None:
    function = _export("sums.py", "trl").reward_function
    assert function.__name__ == "sums"
    assert function(prompts=["1+1"] * 2, completions=["2", "x"], answer=["2", "2"]) == [2.5, 0.0]


def test_verl(folder: Path) -> None:
    score = _export("sums.py", "verl", "--no-verdict", "-1").compute_score
    assert score("sums", "2", "2", {}) == {"exact": 2.0, "brevity": 0.5, "verdict": 1.0, "score": 2.5}
    assert score("sums", "2", None, None)["score"] == -1.0


def test_openrlhf(folder: Path) -> None:
    function = _export("sums.py:graded", "openrlhf", "--no-verdict", "0").reward_func
    out = function(["<s>1+1=2</s>"], ["1+1="], ["2"])
    assert out["rewards"].tolist() == out["scores"].tolist() == [1.25]
    assert {name: value.tolist() for name, value in out["extra_logs"].items()} == {
        "exact": [1.0],
        "brevity": [0.25],
        "verdict": [1.0],
    }


def test_verifiers(folder: Path) -> None:
    score = _export("sums.py", "verifiers").score
    task, trace = SimpleNamespace(prompt="1+1", answer="2"), SimpleNamespace(last_reply="2")
    assert score.__name__ == "sums"
    assert asyncio.run(score(task=task, trace=trace)) == 2.5


def test_eval_protocol_loads_where_it_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own package is run by `frameworks/run.py`; here stands a decorator with the same signature."""

    def decorator(function: Any, id: str) -> Any:
        assert id == "sums"
        return function

    monkeypatch.setitem(sys.modules, "eval_protocol", SimpleNamespace(reward_function=decorator))
    evaluate = _export("sums.py", "eval-protocol").evaluate
    messages = [{"role": "user", "content": "1+1"}, {"role": "assistant", "content": "2"}]
    assert evaluate(messages=messages, ground_truth="2")["score"] == 2.5


def test_gymnasium(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["export", "pole.py", "--for", "gymnasium"]) == 0
    monkeypatch.syspath_prepend(str(folder))
    env = importlib.import_module("pole_gymnasium").make("CartPole-v1")
    env.reset(seed=0)
    obs, reward, *_ = env.step(0)
    assert reward == pytest.approx(-abs(obs[2]))


def test_json(folder: Path) -> None:
    (folder / "native.json").write_text(json.dumps(rs.to_json(2.0 * rs.success + 1.0 | rs.Clip(-1, 2))))
    assert run(["export", "native.json", "--for", "verl", "--out", "made/here.py"]) == 0
    score = _load(folder / "made" / "here.py").compute_score
    assert score("d", "text", None, {"success": 1.0})["score"] == 2.0


def test_what_was_written_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "sums.py", "--for", "verl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"for": "verl", "file": "sums_verl.py"}
    text = Path("sums_verl.py").read_text()
    assert text.startswith('"""How well a sum is solved."""\n')
    assert "reward.custom_reward_function.path=sums_verl.py" in text
    assert run(["export", "sums.py", "--for", "verl"]) == 0  # once more: the same file
    assert Path("sums_verl.py").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sums.py"], "--for: received nothing; allowed: trl, verl, openrlhf"),
        (["sums.py", "--for", "ray"], "--for: received ray"),
        (["none.py", "--for", "trl"], "there is no such file"),
        (["sums.py:none", "--for", "trl"], "it has no such reward"),
        (["sums.py", "--for", "trl", "--out", "sums.py"], "this is the file of the reward itself"),
        (["sums.py", "--for", "verl", "--no-verdict", "zero"], "--no-verdict: received zero"),
        (["sums.py", "--for", "verl", "--no-verdict", "nan"], "no_verdict: received nan"),
        (["sums.py", "--for", "gymnasium"], "reads the field 'completion'"),
        (["groups.py", "--for", "verl"], "best must see a whole GROUP, but verl"),
        (["latest", "--for", "trl"], "runs hold rewards of control"),
        (["latest", "--for", "gymnasium"], "run"),
    ],
)
def test_one_line_for_bad_input(
    folder: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err


def test_a_name_that_is_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken.py").write_text(TEXTS + "\ncompute_score = None\n")
    assert run(["export", "taken.py", "--for", "verl"]) == 2
    assert "with a 'compute_score'" in capsys.readouterr().err


def test_the_help_names_every_framework(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in TARGETS)
