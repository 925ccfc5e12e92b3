"""What can honestly be said of a run, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .draw import score
from .story import CONTROLS, Story, verdicts

_TOO_GOOD = 0.1
NOTHING = 0.05  # success that chance reaches as well


@dataclass(frozen=True)
class Verdict:
    """The first lines of the page.

    Args:
        tone: ``good``, ``mixed``, ``bad`` or ``open`` (the run goes on).
        badge: two to five words.
        number, interval: of the winner, as text; empty while there is none.
        sentence: the whole result in one line.
        notes: (tone, sentence) of what a reader should know before trusting the number.
    """

    tone: str
    badge: str
    number: str
    interval: str
    sentence: str
    notes: tuple[tuple[str, str], ...]


def verdict(story: Story) -> Verdict:
    """Judge a run by its own numbers."""
    success = story.final.get("success") or {}
    if not story.final:
        return _open(story)
    mean, low, high = (success.get(name) for name in ("mean", "low", "high"))
    each = verdicts(success.get("per_seed"))
    interval = f"[{score(low)}, {score(high)}]" if low is not None and high is not None else ""
    shown = ", ".join(
        f"{name} {score(story.controls[name]['success'].get('mean'))}" for name in CONTROLS if _has(story, name)
    )
    sentence = f"{score(mean)} {interval} on {len(each)} fresh seeds"
    sentence += f"; selected at {score(story.final.get('selected_on'))}"
    sentence += f"; {shown}" if shown else ""
    tone, badge, notes = _against_controls(story, mean, low)
    notes = [*_seed_notes(story, each), *notes, *_planned(story), *_shrinkage(story, mean), *_gymnasium(story)]
    if not isinstance(mean, (int, float)) or not math.isfinite(mean):
        tone, badge = "bad", "no verdict"
    return Verdict(tone, badge, score(mean), interval, sentence, tuple(notes))


def _open(story: Story) -> Verdict:
    rounds = len(story.selected)
    last = story.selected[-1] if story.selected else {}
    best = last.get("incumbent_success") or {}
    state = {"dead": "its process is gone", "stopped": "it was stopped"}.get(story.status, "it is running")
    sentence = f"No final result yet ({state}); {rounds} round{'' if rounds == 1 else 's'} of search done."
    if best:
        sentence += (
            f" Best so far {score(best.get('mean'))} on {best.get('n', '?')} search seeds, "
            "which is too good: it was selected on them."
        )
    notes = ()
    if story.status in ("dead", "stopped"):
        notes = (("open", f"Nothing is lost; continue with: rewardsmith design --resume {story.id}"),)
    return Verdict("open", "not finished", "", "", sentence, notes)


def _against_controls(story: Story, mean: Any, low: Any) -> tuple[str, str, list[tuple[str, str]]]:
    """Tone, badge and notes of the comparison with every control that was run."""
    worse: list[str] = []
    unclear: list[str] = []
    present = [name for name in CONTROLS if _has(story, name)]
    for name in present:
        theirs = story.controls[name]["success"]
        their_mean, their_high = theirs.get("mean"), theirs.get("high")
        if not _known(mean) or not _known(their_mean):
            unclear.append(f"{name} ({score(their_mean)})")
        elif mean <= their_mean:
            worse.append(f"{name} ({score(their_mean)})")
        elif not (_known(low) and _known(their_high) and low > their_high):
            unclear.append(f"{name} ({score(their_mean)})")
    notes: list[tuple[str, str]] = []
    if worse and _all_near_nothing(story, mean, present):
        text = "Neither the designed reward nor any control learned the task: nothing is known of the reward. "
        notes.append(("bad", f"{text}Most often a training is too short: give it more --steps."))
    elif worse:
        notes.append(("bad", f"The designed reward does not beat {_joined(worse)}. Use the simpler reward."))
    if unclear:
        why = "the 95 % intervals overlap, so these seeds do not show that it is better"
        notes.append(("mixed", f"Against {_joined(unclear)} {why}."))
    if worse:
        return "bad", "does not beat a control", notes
    if unclear:
        return "mixed", "not clearly better", notes
    if not present:
        return "mixed", "no controls were run", [("mixed", "Without controls the number says little.")]
    return "good", "beats every control", notes


def _all_near_nothing(story: Story, mean: Any, controls: Sequence[str]) -> bool:
    found = [mean, *(story.controls[name]["success"].get("mean") for name in controls)]
    return all(_known(each) and each < NOTHING for each in found)


def _seed_notes(story: Story, each: Any) -> list[tuple[str, str]]:
    notes: list[tuple[str, str]] = []
    failed = story.final.get("failed_seeds") or []
    if failed:
        names = "seed" + ("s " if len(failed) > 1 else " ") + _joined([str(seed) for seed in failed])
        text = f"Failed on {len(failed)} of {len(each)} fresh seeds ({names}, success below 0.5)."
        if len(failed) == len(each):
            text = "Failed on every fresh seed (success below 0.5)."
        notes.append(("bad", text))
    missing = int(np.isnan(each).sum())
    if missing:
        notes.append(("mixed", f"{missing} of {len(each)} seeds gave no verdict and are left out."))
    return notes


def _shrinkage(story: Story, mean: Any) -> list[tuple[str, str]]:
    chosen = story.final.get("selected_on")
    planned = story.final.get("planned")
    mean = planned["success"]["mean"] if planned else mean  # selection judged the planner, too
    if _known(chosen) and _known(mean) and chosen - mean > _TOO_GOOD:
        return [("mixed", f"The score it was selected on was {score(chosen - mean)} too good.")]
    return []


def _planned(story: Story) -> list[tuple[str, str]]:
    found = story.final.get("planned")
    if not found:
        return []
    reached = found["success"]
    interval = f"[{score(reached['low'])}, {score(reached['high'])}]"
    text = (
        f"Carried out by the planner, as in the search: success {score(reached['mean'])} {interval} on "
        f"{len(reached['per_seed'])} fresh episodes ({found['model_steps']:,} model steps per decision). "
        "The figure above is of agents that were trained on the same reward."
    )
    return [("open", text)]


def _gymnasium(story: Story) -> list[tuple[str, str]]:
    found = story.final.get("gymnasium")
    if not found:
        return []
    native = found.get("native_return")
    if isinstance(native, dict):
        native = native.get("mean")
    shown = f"{native:,.4g}".replace("-", "\u2212") if isinstance(native, (int, float)) else ""
    paid = f", native return {shown}" if shown else ""
    text = f"In Gymnasium itself ({found.get('id')}, {found.get('episodes')} episodes): "
    return [("open", f"{text}success {score(found.get('success'))}{paid}.")]


def _has(story: Story, name: str) -> bool:
    return bool((story.controls.get(name) or {}).get("success"))


def _known(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _joined(things: list[str]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
