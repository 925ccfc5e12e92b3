"""The tutorial on writing a task is executed, except for its training."""

import doctest
import re
from pathlib import Path

import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "own_task.md"


def test_the_tutorial_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, *sessions = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.S)
    Path("swim.py").write_text(file)
    assert len(file.splitlines()) < 30
    played = "\n".join(session for session in sessions if "train(" not in session)
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(played, {}, "own_task", str(TUTORIAL), 0))
    assert runner.summarize(verbose=False) == (0, 10)
    Path("swim.py").write_text(file.replace("read=3", "read=9"))
    quoted = re.search(r"```text\n(.*?)```", TUTORIAL.read_text(), re.S)
    assert quoted is not None
    with pytest.raises(BadInput) as caught:
        tasks.load_file("swim.py")
    assert str(caught.value) == quoted[1].strip()
