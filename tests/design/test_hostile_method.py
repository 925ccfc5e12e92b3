"""Method files of strangers: a method, or one line that says what is wrong; never much time or memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.design.schema import FOLDER, load_method

LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
SHIPPED = (FOLDER / "eureka.yaml").read_text()
FILES = {
    "billion laughs": LAUGHS + "name: *a11\nmeaning: x\nstrategy: {kind: evolve}\n",
    "laughs in a value": "meaning: [&a [x, x], *a]\nname: x\nstrategy: {kind: evolve}\n",
    "merge key": "base: &b {kind: evolve}\nstrategy:\n  <<: *b\nname: x\nmeaning: y\n",
    "recursive": "strategy: &s\n  kind: evolve\n  self: *s\nname: x\nmeaning: y\n",
    "python tag": "name: !!python/object/apply:os.getpid []\nmeaning: x\nstrategy: {kind: evolve}\n",
    "unknown tag": "name: !evil x\nmeaning: x\nstrategy: {kind: evolve}\n",
    "deep": "name: " + "[" * 50_000 + "\n",
    "deep mapping": "name: " + "{a: " * 20_000 + "\n",
    "twice": "name: x\nname: y\nmeaning: x\nstrategy: {kind: evolve}\n",
    "twice inside": "name: x\nmeaning: x\nstrategy: {kind: evolve, kind: independent}\n",
    "large": "#" * 1_000_000,
    "documents": "name: x\n---\nname: y\n",
    "NUL": "name: a\0b\n",
    "no mapping": "- 1\n",
    "empty": "",
    "an infinity": "name: .inf\nmeaning: x\nstrategy: {kind: evolve}\n",
    "a date": "name: 2001-99-99\nmeaning: x\nstrategy: {kind: evolve}\n",
    "binary": "name: !!binary AAAA\nmeaning: x\nstrategy: {kind: evolve}\n",
    "a set": "name: !!set {a, b}\nmeaning: x\nstrategy: {kind: evolve}\n",
    "a list as key": "? [a, b]\n: x\nname: x\nmeaning: x\nstrategy: {kind: evolve}\n",
    "a number as key": "1: x\nname: x\nmeaning: x\nstrategy: {kind: evolve}\n",
    "dunder": "__class__: x\nname: x\nmeaning: x\nstrategy: {kind: evolve}\n",
    "many digits": "name: x\nmeaning: x\nseeds: 1" + "0" * 5000 + "\nstrategy: {kind: evolve}\n",
    "sexagesimal": "name: x\nmeaning: x\nseeds: " + "59:" * 5000 + "59\nstrategy: {kind: evolve}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / "method.yaml"
    file.write_text(FILES[name])
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput) as caught:
        load_method(str(file))
    assert time.process_time() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 2000


def test_the_same_reader_takes_what_is_right(tmp_path: Path) -> None:
    file = tmp_path / "method.yaml"
    file.write_text(SHIPPED)
    assert load_method(str(file)) == load_method("eureka")
