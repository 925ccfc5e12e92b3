"""The store against a dictionary, under any order of calls, closings and reopenings."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run

keys = st.sampled_from(["a", "b", "a/b", "ä", "step-1", "$x", "c" * 100])
payloads = st.dictionaries(st.sampled_from(["n", "$nan", "best"]), st.integers(-2, 2) | st.none(), max_size=2)
arrays = st.none() | st.lists(st.integers(0, 3), max_size=3)


class StoreAgainstDict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = tempfile.mkdtemp()
        self.run = Run.create(self.root, {"a": 1})
        self.known: dict[str, tuple[str, dict[str, Any], list[int] | None]] = {}
        self.saved: list[tuple[int, list[int]]] = []

    @rule(kind=st.sampled_from(["k", "l"]), key=keys, payload=payloads, values=arrays)
    def record(self, kind: str, key: str, payload: dict[str, Any], values: list[int] | None) -> None:
        given = None if values is None else {"x": np.array(values, int)}
        if self.known.get(key, (kind, payload, values)) == (kind, payload, values):
            expected = list(self.known).index(key) + 1 if key in self.known else len(self.known) + 1
            assert self.run.record(kind, key, payload, given) == expected
            self.known[key] = (kind, payload, values)
        else:
            with pytest.raises(StoreError, match="a record never changes"):
                self.run.record(kind, key, payload, given)

    @rule(step=st.integers(0, 3), values=st.lists(st.integers(0, 3), max_size=3))
    def checkpoint(self, step: int, values: list[int]) -> None:
        self.run.checkpoint("c", step, {"x": np.array(values, int)})
        self.saved = [*(entry for entry in self.saved if entry[0] != step), (step, values)][-2:]

    @rule(key=keys)
    def look(self, key: str) -> None:
        assert self.run.done(key) == (self.known[key][1] if key in self.known else None)

    @rule()
    def reopen(self) -> None:
        self.run.close()
        self.run = Run.resume(self.root)

    @invariant()
    def equal(self) -> None:
        found = self.run.events()
        assert [(event.key, event.kind, event.payload) for event in found] == [
            (key, kind, payload) for key, (kind, payload, _) in self.known.items()
        ]
        for key, (_, _, values) in self.known.items():
            read = self.run.arrays(key)
            assert {name: value.tolist() for name, value in read.items()} == (
                {} if values is None else {"x": values}
            )
        latest = self.run.latest_checkpoint("c")
        assert (latest and (latest.step, latest.arrays["x"].tolist())) == (
            self.saved[-1] if self.saved else None
        )
        assert len(list((self.run.folder / "checkpoints").iterdir())) == len(self.saved)

    def teardown(self) -> None:
        self.run.close()
        shutil.rmtree(self.root)


TestStoreAgainstDict = StoreAgainstDict.TestCase
TestStoreAgainstDict.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
