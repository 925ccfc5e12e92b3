"""The examples in the docstrings of the package are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from rewardsmith import sandbox

MODULES = [each.name for each in pkgutil.walk_packages(sandbox.__path__, "rewardsmith.sandbox.")]


@pytest.mark.parametrize("name", [name for name in MODULES if "guest" not in name])
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    with_examples = {
        test.name
        for name in MODULES
        if "guest" not in name
        for test in finder.find(importlib.import_module(name))
        if test.examples
    }
    assert len(with_examples) >= 10
