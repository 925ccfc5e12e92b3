from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import rewardsmith as rs
from rewardsmith.connect.load import load_reward
from rewardsmith.core.errors import BadInput

FILE = """
import rewardsmith as rs

@rs.term
def size(completion):
    return [float(len(text)) for text in completion]

reward = 0.5 * size | rs.Clip(0, 1)
other = 2.0 * size
"""


@rs.term
def mine(completion: list[str]) -> list[float]:
    return [1.0 for _ in completion]


def _write(folder: Path, text: str, name: str = "my_reward.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_python_file(tmp_path: Path) -> None:
    file = _write(tmp_path, FILE)
    reward = load_reward(file)
    assert reward({"completion": ["a", "abcd"]}).tolist() == [0.5, 1.0]
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert load_reward(f"{file}:other")({"completion": ["a"]}).tolist() == [2.0]
    _write(tmp_path, FILE.replace("0.5", "0.1"))  # read again at once, although seconds and size are the same
    assert load_reward(str(file))({"completion": ["a"]}).tolist() == [0.1]


def test_the_only_reward_needs_no_name(tmp_path: Path) -> None:
    file = _write(
        tmp_path, FILE.replace("other =", "_other =").replace("reward = 0.5 * size | rs.Clip(0, 1)", "")
    )
    assert load_reward(file).label == "size"


def test_json(tmp_path: Path) -> None:
    reward = 0.5 * mine | rs.Clip(0, 1)
    file = _write(tmp_path, json.dumps(rs.to_json(reward)), "reward.json")
    assert load_reward(file, terms=[mine]) == reward
    assert load_reward(rs.to_json(2.0 * rs.success)) == 2.0 * rs.success
    with pytest.raises(BadInput, match="term in JSON: received mine"):
        load_reward(file)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("none.py", None, "there is no such file"),
        ("folder.py", "", "it is a folder"),
        ("r.toml", "x = 1", "its name ends neither in .py nor in .json"),
        ("r.py", "x = 1\nreward = (", r"line 2: not Python"),
        ("r.py", "x = 1\n\nundefined\n", r"line 3: NameError: name 'undefined'"),
        ("r.py", "import sys\nsys.exit(3)", r"line 2: SystemExit: 3"),
        ("r.py", "x = 1", "it defines no reward"),
        ("r.py", "reward = 1", "its `reward` is a int"),
        (
            "r.py",
            FILE.replace("reward =", "first ="),
            r"several rewards; allowed: .*r.py:first or .*r.py:other or",
        ),
        ("r.json", "{", "not JSON"),
        ("r.json", "[]", "received a list"),
        ("r.json", '{"type": "Clip", "low": 0.0, "high": 1.0}', "received a Clip; allowed: a reward"),
        ("r.json", '{"type": "Nothing"}', "type in JSON: received Nothing"),
    ],
)
def test_one_line_for_bad_files(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    if name == "folder.py":
        (tmp_path / name).mkdir()
    elif text is not None:
        _write(tmp_path, text, name)
    with pytest.raises(BadInput, match=says) as caught:
        load_reward(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"allowed: the rewards in it: other, reward, size: it has no such reward"
    ):
        load_reward(f"{_write(tmp_path, FILE)}:nothing")
