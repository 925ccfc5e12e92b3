"""Finding tasks: by name, with help for misspellings, and from a user's file."""

import pickle
import re
import sys

import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput

GOOD = """
from rewardsmith import tasks
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.tasks.envs import MountainCar


def speed(obs):
    return abs(obs[..., 1])


@term
def fast(next_speed, *, than=0.05):
    return 1.0 * (next_speed > than)


task = tasks.Task(
    name="fast_car",
    text="Drive fast.",
    env=MountainCar(),
    fields=(Field("speed", "m/step", 0.0, 0.07, "how fast", read=speed),),
    horizon=100,
    success=tasks.Success(fast, "share of steps faster than 0.05"),
)
"""


@pytest.fixture(autouse=True)
def forget_modules():
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith("rewardsmith_task_"):
            del sys.modules[name]


def test_every_listed_task_loads():
    assert len(tasks.names()) == 32
    assert [tasks.load(name).name for name in tasks.names()] == list(tasks.names())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cartpole_swing_up", "cartpole_swingup"),
        ("Cartpole", "cartpole"),
        ("mountaincar", "mountain_car"),
        ("hopper-v5", "Hopper-v5"),
        ("halfcheetah-v5", "HalfCheetah-v5"),
    ],
)
def test_a_misspelling_is_answered_with_what_was_meant(typed, meant):
    with pytest.raises(BadInput, match=rf"did you mean .*{re.escape(meant)}") as caught:
        tasks.load(typed)
    assert "\n" not in str(caught.value)


def test_nonsense_is_answered_with_the_list():
    with pytest.raises(BadInput, match="allowed: cartpole, ") as caught:
        tasks.resolve("zzz")
    assert "did you mean" not in str(caught.value)


def test_a_gymnasium_id_that_is_not_shipped_is_answered_with_the_way_to_write_it():
    with pytest.raises(BadInput, match=r"Task.from_gymnasium\('Swimmer-v5', fields=\.\.\., success=\.\.\.\)"):
        tasks.resolve("Swimmer-v5")


def test_a_file_becomes_a_task_that_pickles(tmp_path):
    file = tmp_path / "fast_car.py"
    file.write_text(GOOD)
    task = tasks.resolve(str(file))
    assert task.name == "fast_car"
    assert [field.name for field in task.fields] == ["speed"]
    assert pickle.loads(pickle.dumps(task)) == task


def test_two_files_of_one_name_do_not_mix(tmp_path):
    for folder, name in (("a", "fast_car"), ("b", "slow_car")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "task.py").write_text(GOOD.replace('"fast_car"', f'"{name}"'))
    first, second = (tasks.load_file(tmp_path / folder / "task.py") for folder in "ab")
    assert (first.name, second.name) == ("fast_car", "slow_car")
    assert pickle.loads(pickle.dumps(first)).name == "fast_car"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task = (1,\n  2", "line 1: not Python"),
        ("import os\nthis is not valid python", "line 2: not Python"),
        ("x = 1", "defines no `task`"),
        ("task = 3", "its `task` is a int"),
        ("import os\n\nraise ValueError('no\\nluck')", "line 3: ValueError: no luck"),
        ("import a_package_that_nobody_has", "line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)", "line 1: SystemExit: 3"),
        (GOOD.replace("read=speed", "read=9"), "line 17: field speed of task fast_car"),
        ("x = '\x00'", "null bytes"),
    ],
)
def test_a_bad_file_gets_one_line_that_says_where(tmp_path, monkeypatch, text, said):
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(BadInput, match=said) as caught:
        tasks.load_file(file)
    assert "\n" not in str(caught.value)
    assert "bad.py" in str(caught.value)
    monkeypatch.chdir(tmp_path)  # the same answer for a relative path
    with pytest.raises(BadInput, match=said):
        tasks.load_file("bad.py")


def test_a_file_that_is_no_text(tmp_path):
    file = tmp_path / "binary.py"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadInput, match="task file"):
        tasks.load_file(file)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(BadInput, match="there is no such file"):
        tasks.resolve(str(tmp_path / "none.py"))
    with pytest.raises(BadInput, match="it is a folder"):
        tasks.load_file(tmp_path)
    (tmp_path / "task.txt").write_text(GOOD)
    with pytest.raises(BadInput, match=r"does not end in \.py"):
        tasks.load_file(tmp_path / "task.txt")
