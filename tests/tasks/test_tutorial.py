"""The tutorial on writing a task is executed, except for its trainings."""

import doctest
import re
from pathlib import Path

import gymnasium
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "own_task.md"


def test_the_tutorial_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.S)
    swim, lamp = (block for block in blocks if not block.startswith(">>>"))
    Path("swim.py").write_text(swim)
    Path("lamp.py").write_text(lamp)
    assert len(swim.splitlines()) < 30
    played = "\n".join(block for block in blocks if block.startswith(">>>") and "train(" not in block)
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(played, {}, "own_task", str(TUTORIAL), 0))
    assert runner.summarize(verbose=False) == (0, 13)
    del gymnasium.registry["Lamp-v0"]
    Path("swim.py").write_text(swim.replace("read=3", "read=9"))
    quoted = re.search(r"```text\n(.*?)```", TUTORIAL.read_text(), re.S)
    assert quoted is not None
    with pytest.raises(BadInput) as caught:
        tasks.load_file("swim.py")
    assert str(caught.value) == quoted[1].strip()
