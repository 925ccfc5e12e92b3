"""Files of a user's own are run, and their modules can be made again where the file is not."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.pyfile import Source, run_file, sources

TEXT = "import rewardsmith as rs\n\n@rs.term\ndef up(x):\n    return 2.0 * x\n"


@pytest.fixture
def file(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    yield path
    for name in [name for name in sys.modules if name.startswith("rewardsmith_reward_mine_")]:
        del sys.modules[name]


def source_of(module) -> Source:
    (found,) = [each for each in sources() if each.module == module.__name__]
    return found


def test_what_a_file_defines_can_be_pickled_and_read_where_only_its_source_is(file: Path) -> None:
    module = run_file(file, "reward", "a file")
    sent, source = pickle.dumps(module.up), source_of(module)
    assert source == Source(module.__name__, str(file), TEXT.encode())
    file.unlink()
    del sys.modules[module.__name__]
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(sent)
    source.run()
    assert pickle.loads(sent)({"x": 3.0}) == 6.0


def test_a_source_runs_once_until_it_changes(file: Path) -> None:
    module = run_file(file, "reward", "a file")
    source = source_of(module)
    source.run()
    assert sys.modules[module.__name__] is module
    Source(source.module, source.path, TEXT.replace("2.0", "3.0").encode()).run()
    assert sys.modules[module.__name__].up({"x": 1.0}) == 3.0


def test_the_source_is_what_ran_and_not_what_the_file_says_now(file: Path) -> None:
    module = run_file(file, "reward", "a file")
    file.write_text("nonsense")
    assert source_of(module).text == TEXT.encode()


def test_a_source_that_fails_elsewhere_says_in_which_line(file: Path) -> None:
    module = run_file(file, "reward", "a file")
    source = source_of(module)
    broken = Source(source.module, source.path, b"\nimport no_such_module_here\n")
    with pytest.raises(BadInput, match=r"mine\.py; allowed: .*: line 2: ModuleNotFoundError: "):
        broken.run()
    assert source.module not in sys.modules
