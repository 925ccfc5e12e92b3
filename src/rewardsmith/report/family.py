"""The family tree of candidates: rounds from left to right, parents to children, colour = success."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .draw import dot, hex_of, line, score, svg, tip_of, viridis, words
from .story import Candidate, Story

_ROW, _DROPPED, _TOP, _GRID, _COLUMNS = 16.0, 7.5, 46.0, 9.0, 9
_LEFT, _RIGHT = 90.0, 160.0
_TIP_LETTERS = 320


def family_tree(story: Story) -> str:
    """The whole search in one picture; candidates that were screened out are the faint squares below."""
    if not story.candidates:
        return ""
    rounds = sorted({candidate.round for candidate in story.candidates})
    trained = {r: _trained(story, r) for r in rounds}
    refused = {r: [c for c in story.candidates if c.round == r and c.screened] for r in rounds}
    tall = max(sum(map(_room, row)) for row in trained.values())
    low = max(-(-len(row) // _COLUMNS) for row in refused.values()) * _GRID
    width = max(1080.0, _LEFT + 190.0 * (len(rounds) - 1) + _RIGHT)
    gap = (width - _LEFT - _RIGHT) / max(len(rounds) - 1, 1)
    height = _TOP + tall + 22 + low + 10
    places = _places(rounds, trained, gap, tall)
    items: list[str] = []
    ancestry = _ancestry(story)
    items += _edges(story, places, ancestry)
    for i, number in enumerate(rounds):
        x = _LEFT + gap * i
        items.append(words(x, 18, f"round {number + 1}", "label mid"))
        items.append(
            words(x, 34, f"{len(trained[number])} trained, {len(refused[number])} refused", "tick mid")
        )
        items += [_node(story, c, *places[c.id], c.id in ancestry) for c in trained[number]]
        items += _refused(refused[number], x, _TOP + tall + 22)
    good = sum(len(row) for row in trained.values())
    bad = sum(len(row) for row in refused.values())
    said = (
        f"{good} candidates trained in {len(rounds)} rounds, {bad} screened out; the winner is {story.winner}"
    )
    return svg(width, height, items, said, "chart family")


def legend() -> str:
    """The colour scale of success."""
    stops = "".join(f'<stop offset="{i * 25}%" stop-color="{hex_of(viridis(i / 4))}"/>' for i in range(5))
    items = [
        f'<defs><linearGradient id="successramp">{stops}</linearGradient></defs>',
        words(0, 13, "success 0", "tick"),
        '<rect x="62" y="4" width="110" height="10" rx="2" fill="url(#successramp)"/>',
        words(178, 13, "1", "tick"),
    ]
    return svg(190, 18, items, "Colour scale: success from 0 to 1", "ramp")


def _trained(story: Story, number: int) -> list[Candidate]:
    mine = [c for c in story.candidates if c.round == number and not c.screened]

    def place(candidate: Candidate) -> tuple[bool, float]:
        known = candidate.success is not None and math.isfinite(candidate.success)
        return not candidate.finished, -(candidate.success or 0.0) if known else 1.0

    return sorted(mine, key=place)


def _places(
    rounds: list[int], trained: dict[int, list[Candidate]], gap: float, tall: float
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for i, number in enumerate(rounds):
        column = trained[number]
        y = _TOP + (tall - sum(map(_room, column))) / 2
        for candidate in column:
            found[candidate.id] = (_LEFT + gap * i, y + _room(candidate) / 2)
            y += _room(candidate)
    return found


def _room(candidate: Candidate) -> float:
    """Height of a candidate's row: those that were dropped early are small."""
    return _ROW if candidate.finished else _DROPPED


def _ancestry(story: Story) -> set[str]:
    """The winner and everything it descends from."""
    by_id = {candidate.id: candidate for candidate in story.candidates}
    todo, found = [story.winner], set[str]()
    while todo:
        name = todo.pop()
        if name in by_id and name not in found:
            found.add(name)
            todo.extend(by_id[name].parents)
    return found


def _edges(story: Story, places: dict[str, tuple[float, float]], ancestry: set[str]) -> list[str]:
    plain: list[str] = []
    strong: list[str] = []
    for child in story.candidates:
        for parent in child.parents:
            if child.id not in places or parent not in places:
                continue
            (x1, y1), (x2, y2) = places[parent], places[child.id]
            bend = max(24.0, abs(x2 - x1) * 0.5)
            data = f"M{x1 + 6:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} "
            data += f"{x2 - bend:.1f} {y2:.1f} {x2 - 6:.1f} {y2:.1f}"
            special = child.id in ancestry and parent in ancestry
            (strong if special else plain).append(
                f'<path class="{"kin strong" if special else "kin"}" d="{data}"/>'
            )
    return plain + strong


def _node(story: Story, candidate: Candidate, x: float, y: float, kin: bool) -> str:
    known = candidate.success is not None and math.isfinite(candidate.success)
    style = f"fill:{hex_of(viridis(candidate.success or 0.0))}" if known else "fill:var(--faint)"
    winner = candidate.id == story.winner
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="9.5"/>' if winner else ""
    name = "winner" if story.final else "best so far"
    label = words(x + 15, y + 4, f"{name} {score(candidate.success)}", "row strongtext") if winner else ""
    kind = "node kin" if kin else "node"
    return ring + dot(x, y, 5.5 if candidate.finished else 3.5, style, _tip(candidate), kind) + label


def _refused(candidates: Iterable[Candidate], x: float, top: float) -> list[str]:
    found: list[str] = []
    for i, candidate in enumerate(candidates):
        left = x - _GRID * _COLUMNS / 2 + _GRID * (i % _COLUMNS)
        y = top + _GRID * (i // _COLUMNS)
        found.append(
            f'<rect class="refused" x="{left + 1:.1f}" y="{y + 1:.1f}" width="6" height="6" rx="1.5"'
            f"{tip_of(_tip(candidate))}/>"
        )
    if found:
        half = _GRID * _COLUMNS / 2
        found.append(line(x - half, top - 9, x + half, top - 9, "grid"))
    return found


def _tip(candidate: Candidate) -> str:
    origin = candidate.operator + (f" of {', '.join(candidate.parents)}" if candidate.parents else "")
    lines = [f"{candidate.id} ({origin})"]
    if candidate.screened:
        lines.append(f"refused: {candidate.screened.get('code', '')} {candidate.screened.get('why', '')}")
    elif candidate.success is None:
        lines.append("not trained yet")
    else:
        early = "" if candidate.finished else ", dropped early"
        seeds = f"{len(candidate.seeds)} seed{'' if len(candidate.seeds) == 1 else 's'}"
        lines.append(f"success {score(candidate.success)} over {seeds}{early}")
    if candidate.fitted:
        before, after = candidate.fitted["loss"]
        count = sum(candidate.fitted["pairs"])
        lines.append(f"numbers fitted to {count} labelled pairs: loss {before:.3g}, then {after:.3g}")
    if candidate.sees:
        lines.append(f"the agent sees {', '.join(candidate.sees)}")
    text = candidate.text if len(candidate.text) < _TIP_LETTERS else candidate.text[:_TIP_LETTERS] + " ..."
    return "\n".join([*lines, text])
