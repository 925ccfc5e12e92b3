"""The catalogue lists what is exported, and the coverage names things that exist."""

from __future__ import annotations

import inspect
import re

import pytest

from rewardsmith import transforms
from rewardsmith.core.algebra import Reward, Transform
from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import coverage as techniques
from rewardsmith.transforms.catalogue import catalogue, find
from source import REPOSITORY


def test_every_exported_class_has_an_entry_made_from_itself() -> None:
    exported = [getattr(transforms, name) for name in transforms.__all__]
    kinds = {each for each in exported if inspect.isclass(each) and issubclass(each, (Transform, Reward))}
    entries = {each.name: each for each in catalogue()}
    assert set(entries) == {kind.written or kind.__name__ for kind in kinds}
    for kind in kinds:
        entry, example = entries[kind.written or kind.__name__], kind.examples()[0]
        assert entry.kind == ("transform" if issubclass(kind, Transform) else "reward")
        assert entry.fields == tuple(sorted(example.fields))
        assert entry.example == str(example)
        assert example.scope.name in entry.scope
        assert entry.meaning
        assert "\n" not in entry.meaning + entry.formula + entry.source
        if isinstance(example, Transform):
            assert entry.laws.startswith(example.laws.describe())


def test_laws_of_other_examples_are_added() -> None:
    assert find("clip").laws == "may change optimal policies, keeps the order, within [-1, 1]; within [0, 0.5]"
    assert find("Delay").laws == "keeps the return"
    assert find("Potential").source.startswith("Ng, Harada, Russell")
    with pytest.raises(BadInput, match="Clip"):
        find("nothing")


def test_every_technique_leads_to_something_public_or_says_why_not() -> None:
    found = list(techniques.coverage())
    assert len({technique.name for technique, _ in found}) == len(found) > 20
    for technique, objects in found:
        assert len(objects) == len(technique.entries)
        assert all(callable(each) for each in objects)
        assert objects or len(technique.refused.split()) > 3


@pytest.mark.parametrize(
    "entry", ["rewardsmith.transforms.Nothing", "nothing.at.all", "rewardsmith.term.nothing"]
)
def test_an_entry_that_leads_nowhere_is_found(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(techniques, "TECHNIQUES", (techniques.Technique("x", (entry,)),))
    with pytest.raises(BadInput, match="public name"):
        list(techniques.coverage())
    with pytest.raises(BadInput, match="reason of a refusal"):
        techniques.Technique("x")


def test_the_page_which_transform_when_speaks_of_all_of_them() -> None:
    """The hand-written part: the generated table would name them anyway."""
    text = (REPOSITORY / "docs" / "transforms" / "index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)", text))
    assert {each.name for each in catalogue()} - named == set()
