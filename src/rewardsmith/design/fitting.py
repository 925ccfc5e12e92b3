"""Fitting: the stage between writing and training in which new structures get their numbers (R*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..program import Program
from .critics import agreed, draw_segments, labelled, votes
from .fit import Fit, Fitted, Pair, fit_numbers, preference_loss
from .propose.ask import Draft
from .screen.valid import run as trial

if TYPE_CHECKING:
    from .loop import Search

_STREAM = 0xF17  # apart from every other random number of the search
_DIGITS = 4


def fitted(search: Search, number: int, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts of a round, each new structure with its numbers fitted; unchanged where a method fits nothing.

    A structure is new until it was fitted once: other numbers for it are somebody's decision, and stay.  What
    was fitted already (the journal has the round) is not fitted again.
    """
    setting = search.config.resolved.fit
    if setting is None:
        return list(drafts)
    _ask_for_critics(search, setting)
    done = (search.run.done(f"round/{number}/proposed") or {}).get("candidates")
    if done is not None:
        fits = [Fitted.from_record(row["fitted"]) for row in done if "fitted" in row]
        return [_as(draft, {fit.written: fit for fit in fits}) for draft in drafts]
    pairs = labelled_pairs(search, number, setting)
    shapes = {each.program.shape_key for each in search.candidates.values() if each.fitted is not None}
    taken = search.known | {each.program.structural_hash for each in drafts if each.program is not None}
    found: dict[str, Fitted] = {}
    for draft in drafts if pairs[0] else ():
        program = draft.program
        if not isinstance(program, Program) or program.shape_key in shapes:
            continue
        fit, new = fit_program(program, pairs, setting)
        if not fit.numbers or (trial(new, search.steps)[1] is None and new.structural_hash not in taken):
            found[fit.written] = replace(fit, labels=_labels(search))
            shapes.add(program.shape_key)
            taken.add(new.structural_hash)
    return [_as(draft, found) for draft in drafts]


def fit_program(
    program: Program, pairs: tuple[Sequence[Pair], Sequence[Pair]], setting: Fit
) -> tuple[Fitted, Program]:
    """The fit of one program to pairs, and to pairs held out, and the program with its numbers, to 4 digits."""
    written, values = program.numbers(), fit_numbers(program, pairs[0], setting, pairs[1])
    rounded = {name: float(f"{v:.{_DIGITS}g}") for name, v in values.items() if v != written[name]}
    moved = {name: v for name, v in rounded.items() if v != written[name]}
    new, both = program.with_numbers(moved), [*pairs[0], *pairs[1]]
    loss = (preference_loss(program, both), preference_loss(new, both))
    return Fitted(program.structural_hash, (len(pairs[0]), len(pairs[1])), loss, moved), new


def labelled_pairs(search: Search, number: int, setting: Fit) -> tuple[list[Pair], list[Pair]]:
    """Segments of everything recorded so far, labelled where critics agree: to be fitted, and held out.

    The critics are programs that a language model wrote once for the search, where there is one.  Otherwise
    they are the rewards of the best candidates so far and, as one more, success itself.
    """
    episodes = [one for each in search.played.values() for one in each]
    rng = np.random.default_rng([search.config.seed, number, _STREAM])
    pairs = draw_segments(episodes, setting.pairs, setting.segment, rng)
    if search.critics is not None:
        said = votes(pairs, search.critics, False)
    else:
        best = [search.candidates[standing.id].reward for standing in search.ranked()]
        said = votes(pairs, best[: setting.critics - 1], True)
    return labelled(pairs, agreed(said, setting), setting.held)


def _ask_for_critics(search: Search, setting: Fit) -> None:
    """Once, when there is something to judge; also in a continued run, so that it has used what it had used."""
    from .propose.model import ModelWriter

    if search.critics is None and search.played and isinstance(search.writer, ModelWriter):
        from .propose.critic_code import write_critics

        search.critics = write_critics(search.writer, setting.critics)
        search.run.record("critics", "critics", {"critics": [str(each) for each in search.critics]})


def _labels(search: Search) -> str:
    return "the best rewards so far, and success" if search.critics is None else "critics of the model"


def _as(draft: Draft, fits: Mapping[str, Fitted]) -> Draft:
    fit = fits.get(draft.program.structural_hash) if isinstance(draft.program, Program) else None
    return draft if fit is None else replace(draft, program=draft.program.with_numbers(fit.numbers), fitted=fit)
