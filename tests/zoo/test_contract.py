"""Every recipe is held to the contract; nothing is listed by hand."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from rewardsmith.core.cite import Paper
from rewardsmith.core.errors import BadInput
from rewardsmith.zoo import contract, registry

SYSTEMS = registry.systems()
SLUGS = [system.slug for system in SYSTEMS]


def test_every_file_is_discovered_once() -> None:
    files = [p for p in registry.ROOT.rglob("*.py") if p.parent != registry.ROOT and p.name != "__init__.py"]
    assert len(files) == len(SYSTEMS) == len(set(SLUGS)) > 0
    assert {system.family for system in SYSTEMS} == {p.parent.name for p in files}


def test_every_stored_result_belongs_to_a_recipe() -> None:
    for stored in registry.ROOT.rglob("*.json"):
        assert registry.recorded(stored.with_suffix(".py")) is not None, (
            f"run {stored.stem} again and record it"
        )


@pytest.mark.parametrize("slug", SLUGS)
def test_the_file(slug: str) -> None:
    assert contract.violations(registry.find(slug).path) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_paper_and_build(slug: str) -> None:
    module = registry.recipe(slug)
    assert isinstance(module.PAPER, Paper)
    assert module.PAPER.bibtex().startswith("@")
    assert registry.find(slug).title.endswith((".", "?"))
    built = module.build()
    assert pickle.loads(pickle.dumps(built)) == built == module.build()


@pytest.mark.parametrize("slug", SLUGS)
def test_the_claim_runs_and_says_what_is_recorded(slug: str) -> None:
    result = registry.reproduce(slug)
    stored = registry.recorded(registry.find(slug).path)
    assert result.status in ("holds", "refuted", "partial")
    assert any(check["kind"] == "control" for check in result.figures["checks"].values())
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert stored is not None, "record the result: rewardsmith reproduce --record"
    # CPU time: what a busy machine adds is not the recipe's fault
    assert result.figures["cost"]["cpu_s"] < 60


SOUND = '''"""A system.

Differs from the paper: nothing.
"""
import numpy as np
import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.zoo.claims import verdict

PAPER = Paper("ng1999policy", "Policy invariance", "Ng, Andrew", 1999, "ICML")


def build():
    return rs.Clip(-1, 1)


def claim(full=False):
    return verdict([], [0])
'''


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("Differs from the paper", "Differs", "Differs from the paper"),
        ("def build", "def make", "no build"),
        ("def claim", "def check", "no claim"),
        ("full=False", "", "'full'"),
        ("PAPER =", "paper =", "no PAPER"),
        ("import numpy as np", "import scipy", "imports scipy"),
        (
            "from rewardsmith.zoo.claims import verdict",
            "from rewardsmith.zoo.design import derl",
            "of the zoo, only",
        ),
        ("from rewardsmith.zoo.claims import verdict", "from ..claims import verdict", "relative"),
        ("import numpy as np", "from rewardsmith.core.stats import _decided", "private name"),
        ("import numpy as np", "import rewardsmith.nothing", "there is no"),
        ("rs.Clip(-1, 1)", "rs._hidden(1)", "private name _hidden"),
        ("def build", "\n" * 120 + "def build", "lines; at most 120"),
    ],
)
def test_the_contract_sees_what_breaks_it(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    path = tmp_path / "system.py"
    path.write_text(SOUND.replace(old, new, 1) if old else SOUND)
    found = contract.violations(path)
    assert found == [] if said is None else any(said in line for line in found)


def test_status_follows_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "family").mkdir()
    path = tmp_path / "family" / "a_system.py"
    path.write_text(SOUND)
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    assert [(s.slug, s.family, s.title, s.status) for s in registry.systems()] == [
        ("a-system", "family", "A system.", "untested")
    ]
    result = registry.Result("a-system", "holds", {}, [0], 0.1, fingerprint=registry.fingerprint(path))
    registry.record(result)
    assert registry.find("a_system").status == "holds"
    path.write_text(SOUND + "\n# a comment changes nothing\n")
    assert registry.find("a-system").status == "holds"
    path.write_text(SOUND.replace("-1, 1", "-2, 1"))
    assert registry.find("a-system").status == "untested"
    with pytest.raises(BadInput, match="before a change"):
        registry.record(result)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(BadInput, match="derl"):
        registry.reproduce("no-such-system")
    with pytest.raises(BadInput, match="design"):
        registry.systems("no-such-family")
