"""Citations: BibTeX text and what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from rewardsmith.core.cite import Paper
from rewardsmith.core.errors import BadInput

PAPER = Paper(
    key="devidze2021explicable",
    title="Explicable Reward Design for Reinforcement Learning Agents",
    authors="Devidze, Rati and Radanovic, Goran and others",
    year=2021,
    where="NeurIPS",
    kind="inproceedings",
)


def test_bibtex() -> None:
    assert PAPER.bibtex() == (
        "@inproceedings{devidze2021explicable,\n"
        "  title = {Explicable Reward Design for Reinforcement Learning Agents},\n"
        "  author = {Devidze, Rati and Radanovic, Goran and others},\n"
        "  year = {2021},\n  booktitle = {NeurIPS},\n}"
    )


def test_arxiv_gives_the_link() -> None:
    paper = replace(PAPER, arxiv="2512.13399")
    assert paper.link == "https://arxiv.org/abs/2512.13399"
    assert "eprint = {2512.13399}" in paper.bibtex()
    assert PAPER.link == ""
    assert replace(paper, url="https://x.org/p").link == "https://x.org/p"


def test_value_object() -> None:
    assert pickle.loads(pickle.dumps(PAPER)) == PAPER


@pytest.mark.parametrize(
    "change",
    [
        {"key": "Devidze 2021"},
        {"key": "devidze2020explicable"},
        {"title": ""},
        {"title": "a {brace}"},
        {"authors": "Rati Devidze"},
        {"authors": "Devidze, R.; Radanovic, G."},
        {"year": 21},
        {"where": ""},
        {"arxiv": "arXiv:2512"},
        {"url": "neurips.cc"},
        {"code": "adishs/code"},
        {"kind": "book"},
    ],
)
def test_refusals(change: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        replace(PAPER, **change)
