"""Citations: a paper is data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .errors import BadInput

Kind = Literal["article", "inproceedings", "phdthesis", "misc"]


@dataclass(frozen=True)
class Paper:
    """One publication.

    Args:
        key: BibTeX key: first author, year, first word of the title, ``ng1999policy``.
        title: as printed.
        authors: ``"Ng, Andrew Y. and Harada, Daishi"``; the released spelling, surnames first.
        year: four digits.
        where: conference, journal, university, or ``arXiv``.
        arxiv: number such as ``2512.13399``, if there is one.
        url: where to read it; made from ``arxiv`` when empty.
        code: the released code that was read, ``owner/name@commit``.

    Raises:
        BadInput: where a field could not be a citation.
    """

    key: str
    title: str
    authors: str
    year: int
    where: str
    kind: Kind = "misc"
    arxiv: str = ""
    url: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        _need("key", self.key, r"[a-z][a-z-]*\d{4}[a-z0-9-]*", "surname, year, word, such as ng1999policy")
        _need("title", self.title, r"[^\s{}][^{}]*", "a title without braces")
        _need(
            "authors",
            self.authors,
            _PERSON + rf"( and {_PERSON})*( and others)?",
            "'Surname, Name and Surname, Name'",
        )
        _need("where", self.where, r"[^\s{}][^{}]*", "conference, journal or arXiv")
        _need("arxiv", self.arxiv, r"(\d{4}\.\d{4,5}(v\d+)?)?", "a number such as 2512.13399")
        _need("url", self.url, r"(https?://\S+)?", "an http address")
        _need("code", self.code, r"([\w.-]+/[\w.-]+@[0-9a-f]{7,40})?", "owner/name@commit")
        if not 1900 <= self.year <= 2100 or str(self.year) not in self.key:
            raise BadInput(f"year of {self.key}", self.year, "the four-digit year that the key names")
        if self.kind not in ("article", "inproceedings", "phdthesis", "misc"):
            raise BadInput(f"kind of {self.key}", repr(self.kind), "article, inproceedings, phdthesis or misc")

    @property
    def link(self) -> str:
        """Where to read it; empty if nowhere is known."""
        return self.url or (f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else "")

    def bibtex(self) -> str:
        """The BibTeX entry.

        Example:
            >>> print(Paper("ng1999policy", "Policy invariance", "Ng, Andrew", 1999, "ICML").bibtex())
            @misc{ng1999policy,
              title = {Policy invariance},
              author = {Ng, Andrew},
              year = {1999},
              howpublished = {ICML},
            }
        """
        place = {
            "article": "journal",
            "inproceedings": "booktitle",
            "phdthesis": "school",
            "misc": "howpublished",
        }
        rows = {
            "title": self.title,
            "author": self.authors,
            "year": str(self.year),
            place[self.kind]: self.where,
        }
        if self.arxiv:
            rows |= {"eprint": self.arxiv, "archiveprefix": "arXiv"}
        if self.link:
            rows["url"] = self.link
        body = "".join(f"  {name} = {{{value}}},\n" for name, value in rows.items())
        return f"@{self.kind}{{{self.key},\n{body}}}"


_PERSON = r"[^\s,{}][^,{}]*, [^\s,{}][^,{}]*?"


def _need(name: str, value: str, pattern: str, allowed: str) -> None:
    if not re.fullmatch(pattern, value):
        raise BadInput(f"{name} of a paper", repr(value), allowed)
