"""Every finding has its page, made from its code."""

from __future__ import annotations

from types import ModuleType

import pytest
from mkdocs.config.base import load_config
from mkdocs.structure.files import Files

from rewardsmith.measure import audit, check
from source import REPOSITORY


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    import hooks

    return hooks


def test_every_code_is_a_page_of_the_navigation(hooks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(str(REPOSITORY / "mkdocs.yml"), hooks=[])
    monkeypatch.setattr(config.plugins, "_current_plugin", "hooks", raising=False)  # MkDocs says so in a build
    before = [str(each) for each in config["nav"]]
    nav = hooks.on_config(config)["nav"]
    (section,) = [each for each in nav if str(each) not in before]
    listed = [page for part in section["Findings"] for pages in part.values() for page in pages]
    made = {file.src_uri: file.content_string for file in hooks.on_files(Files([]), config)}
    assert [path for page in listed for path in page.values()] == list(made)
    codes = {**check.codes(), **audit.codes()}
    assert set(made) == {f"measure/codes/{code}.md" for code in codes}
    for name, code in codes.items():
        page = made[f"measure/codes/{name}.md"]
        assert page.startswith(f"# {name} {code.title}\n")
        assert all(text in page for text in (code.why, code.fix, code.how, code.source))


def test_the_page_shows_the_example_and_its_twin(hooks: ModuleType) -> None:
    page = hooks.code_page(check.codes()["R602"])
    assert "$ rewardsmith check --task cartpole -- 'where(abs(angle) < 12, 1, 0)'" in page
    assert "$ rewardsmith check --task cartpole -- 'where(abs(angle) < 0.2, 1, 0)'" in page
    assert 'ignore = { R602 = "why it is right here" }' in page
    file = hooks.code_page(check.codes()["R603"])
    assert "# reward.py\nimport numpy as np" in file
    assert "$ rewardsmith check reward.py --task cartpole" in file
    assert "Accepting it" not in hooks.code_page(audit.codes()["A101"])
