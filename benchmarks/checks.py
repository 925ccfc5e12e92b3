"""Does `check` find what is wrong with a reward, and does it leave sound ones alone?

Runs ``check`` (full mode) or ``audit`` on every reward of ``benchmarks/corpus``, or on the public rewards, and
prints what was caught by which code, what was missed, every false alarm, and rates with Wilson's 95 % interval.
Thresholds were tuned on the development half; the held-out half is reported apart.  Run:

    python benchmarks/checks.py [--kind control|text|public] [--half development|held-out] [--fast] [NAME ...]
    python benchmarks/checks.py --evidence      trains every control reward instead: what success does it reach?

A bad reward is *caught* when an error or a warning of a fitting family of codes is reported (the families were
written down before any check was run); a sound one has a *false alarm* when any error is reported; warnings on
sound rewards are counted apart.  Verdicts are kept in the temporary directory until the code of the checks
changes, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # before NumPy and JAX are imported, here and in the processes that are started
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
from corpus import ENTRIES, half
from corpus.entry import Entry
from corpus.public import PUBLIC

import rewardsmith
from rewardsmith import success
from rewardsmith.core.stats import share_interval

MEASURED = ("check", "exploit", "audit")  # folders of measure/ whose code decides a verdict
SEEDS, EPISODES = (2001, 2002, 2003), 16  # of --evidence
Verdict = dict[str, Any]


def code_digest() -> str:
    """Hash of the code of the checks and of the corpus."""
    root, here = Path(rewardsmith.__file__).parent / "measure", Path(__file__).parent / "corpus"
    files = [*(each for folder in MEASURED for each in (root / folder).rglob("*.py")), *here.rglob("*.py")]
    hashed = hashlib.sha256()
    for file in sorted(files):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:12]


# ------------------------------------------------------------------ one verdict
def examined(entry: Entry, fast: bool) -> Verdict:
    """Findings of one entry, as JSON values."""
    start = time.perf_counter()
    try:
        report = audited(entry) if entry.kind == "text" else checked(entry, fast)
        findings, crash = [finding.record() for finding in report.findings], ""
    except Exception as problem:
        findings, crash = [], f"{type(problem).__name__}: {problem}"
    return {
        "name": entry.name,
        "findings": findings,
        "crash": crash,
        "seconds": round(time.perf_counter() - start, 2),
    }


def checked(entry: Entry, fast: bool) -> Any:
    """``check`` on a control reward."""
    from rewardsmith.measure.check import check

    return check(entry.reward, entry.task, fast=fast)


def audited(entry: Entry) -> Any:
    """``audit`` on a text reward, on the entry's own data."""
    from rewardsmith.measure.audit import audit

    return audit(entry.reward, examples(entry))


def examples(entry: Entry) -> list[Any]:
    """The entry's rows; the answer is the column of that name where there is one, else the reference."""
    from rewardsmith.measure.audit import as_completed, examples_of

    rows = entry.data
    fields = [name for name in rows[0] if name not in ("prompt", "oracle", "answer")]
    answers = [row.get("answer", row["reference"]) for row in rows]
    made = examples_of([row["prompt"] for row in rows], answers, {f: [row[f] for row in rows] for f in fields})
    found = [as_completed(each, row["oracle"]) for each, row in zip(made, rows, strict=True)]
    assert all(found), f"{entry.name}: an answer does not stand in the right completion"
    return found


# ------------------------------------------------------------------ all verdicts
def group_of(entry: Entry) -> str:
    """Entries of one task go to one process, so that nothing is compiled twice."""
    return "text" if entry.task is None else entry.task.name


def work(job: tuple[tuple[str, ...], bool, str]) -> list[Verdict]:
    """Verdicts of a group, read from the folder where they are there."""
    names, fast, folder = job
    known = {entry.name: entry for entry in (*ENTRIES, *PUBLIC)}
    found: list[Verdict] = []
    for name in names:
        file = Path(folder) / f"{name}{'-fast' if fast else ''}.json"
        if file.exists():
            found.append(json.loads(file.read_text()))
            continue
        found.append(verdict := examined(known[name], fast))
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(verdict))
        partial.rename(file)
        print(f"<!-- {name}: {verdict['seconds']:.0f} s -->", flush=True)
    return found


def verdicts(entries: Sequence[Entry], fast: bool, jobs: int) -> dict[str, Verdict]:
    """Verdicts by name, over several processes."""
    folder = Path(tempfile.gettempdir()) / f"rewardsmith-corpus-{code_digest()}"
    folder.mkdir(exist_ok=True)
    groups: dict[str, list[str]] = {}
    for entry in entries:
        groups.setdefault(group_of(entry), []).append(entry.name)
    chunks = [tuple(names) for group, names in groups.items() if group != "text"]
    texts = groups.get("text", [])
    chunks += [tuple(texts[i : i + 6]) for i in range(0, len(texts), 6)]
    work_of = [(names, fast, str(folder)) for names in sorted(chunks, key=len, reverse=True)]
    if jobs == 1:
        done = [work(each) for each in work_of]
    else:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            done = list(pool.imap_unordered(work, work_of))
    return {verdict["name"]: verdict for each in done for verdict in each}


# ------------------------------------------------------------------ tables
def loud(verdict: Verdict, levels: tuple[str, ...] = ("error", "warning")) -> list[dict[str, Any]]:
    """Findings of these levels."""
    return [finding for finding in verdict["findings"] if finding["level"] in levels]


def outcome(entry: Entry, verdict: Verdict) -> tuple[str, str]:
    """What happened, and the codes (with ! for errors) or what was said."""
    found = loud(verdict)
    codes = " ".join(f"{each['code']}{'!' if each['level'] == 'error' else ''}" for each in found)
    if verdict["crash"]:
        return "CRASHED", verdict["crash"][:100]
    if not entry.hackable:
        if errors := loud(verdict, ("error",)):
            return "FALSE ALARM", f"{codes}: {errors[0]['message']}"
        return ("warned", f"{codes}: {found[0]['message']}") if found else ("clean", "")
    if any(entry.fits(each["code"]) for each in found):
        return "caught", codes
    return ("wrong code" if found else "MISSED"), codes


def table(entries: Iterable[Entry], found: dict[str, Verdict]) -> None:
    """One line for each entry."""
    print("| entry | kind | half | truth | outcome | codes (! error) | s |\n|---|---|---|---|---|---|---|")
    for entry in entries:
        what, said = outcome(entry, found[entry.name])
        truth = "bad" if entry.hackable else "sound"
        seconds = found[entry.name]["seconds"]
        said = said.replace("|", "/").replace("\n", " ")[:160]
        print(f"| {entry.name} | {entry.kind} | {half(entry)} | {truth} | {what} | {said} | {seconds:.0f} |")


def rates(entries: Sequence[Entry], found: dict[str, Verdict]) -> None:
    """Caught, false alarms and warnings, by half and kind."""
    print(
        "\n| half | kind | caught | by any code | false alarms | sound but warned |\n|---|---|---|---|---|---|"
    )
    for part in ("development", "held out", "both"):
        for kind in ("control", "text", "both"):
            mine = [e for e in entries if part in (half(e), "both") and kind in (e.kind, "both")]
            bad = [outcome(e, found[e.name])[0] for e in mine if e.hackable]
            good = [outcome(e, found[e.name])[0] for e in mine if not e.hackable]
            cells = (
                _share([each == "caught" for each in bad]),
                _share([each in ("caught", "wrong code") for each in bad]),
                _share([each in ("FALSE ALARM", "CRASHED") for each in good]),
                _share([each == "warned" for each in good]),
            )
            print(f"| {part} | {kind} | {' | '.join(cells)} |")


def _share(hits: Sequence[bool]) -> str:
    if not hits:
        return "-"
    share = share_interval(sum(hits), len(hits))
    return f"{sum(hits)} of {len(hits)} ({share.mean:.0%}, {share.low:.0%} to {share.high:.0%})"


# ------------------------------------------------------------------ evidence
def evidence(entries: Sequence[Entry], steps: int) -> None:
    """Train control rewards, and the success signal itself, and print mean success over the seeds."""
    from rewardsmith.optimize.control import PPO, train

    print(f"<!-- {steps} steps, seeds {SEEDS}, {EPISODES} episodes -->")
    print("| task | reward | truth | success | per seed | of the success signal |\n|---|---|---|---|---|---|")
    by_task: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.task is not None and not set(entry.families) & {"R7"}:
            by_task.setdefault(entry.task.name, []).append(entry)
    for name, mine in by_task.items():
        task = mine[0].task
        assert task is not None
        rewards = [success, *(entry.reward for entry in mine)]
        found = train(task, rewards, SEEDS, PPO(steps=steps), episodes=EPISODES).evaluation.success
        each = found.mean(axis=1).reshape(len(rewards), len(SEEDS))
        for entry, values in zip(mine, each[1:], strict=True):
            truth = "bad" if entry.hackable else "sound"
            seeds = " ".join(f"{value:.2f}" for value in values)
            mean, best = np.mean(values), np.mean(each[0])
            print(f"| {name} | {entry.name} | {truth} | {mean:.2f} | {seeds} | {best:.2f} |", flush=True)


def main() -> None:
    """Read the options, get the verdicts, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="entries; all if none is given")
    parser.add_argument("--kind", choices=("control", "text", "public"))
    parser.add_argument("--half", choices=("development", "held-out"))
    parser.add_argument("--fast", action="store_true", help="leave out the checks that train")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--evidence", action="store_true", help="train the control rewards instead")
    parser.add_argument("--steps", type=int, default=100_000, help="of each training with --evidence")
    parser.add_argument("--findings", action="store_true", help="print every finding in full")
    args = parser.parse_args()
    chosen: Sequence[Entry] = PUBLIC if args.kind == "public" else ENTRIES
    if args.kind in ("control", "text"):
        chosen = [entry for entry in chosen if entry.kind == args.kind]
    if args.half:
        chosen = [entry for entry in chosen if half(entry) == args.half.replace("-", " ")]
    if args.names:
        chosen = [entry for entry in (*ENTRIES, *PUBLIC) if entry.name in args.names]
    if args.evidence:
        evidence(chosen, args.steps)
        return
    start = time.perf_counter()
    found = verdicts(chosen, args.fast, args.jobs)
    table(chosen, found)
    if args.kind != "public":
        rates(chosen, found)
    if args.findings:
        for entry in chosen:
            print(f"\n{entry.name}: {entry.reward}")
            for each in found[entry.name]["findings"]:
                head = f"{each['level']:8}{each['code']} {each['title']} [{each['part'] or 'whole'}]"
                print(f"  {head}: {each['message']}")
    print(f"\n<!-- {len(chosen)} entries, {time.perf_counter() - start:.0f} s -->")


if __name__ == "__main__":
    main()
