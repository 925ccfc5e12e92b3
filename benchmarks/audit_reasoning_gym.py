"""Audit every scorer of reasoning-gym: which wrong answers are paid, and how much of what the right one earns.

    python benchmarks/audit_reasoning_gym.py [--rows 20] [--seeds 1 2 3] [--only NAME ...] [--write]

For each data set rows of several seeds are generated with its default configuration, and every attack of
``rewardsmith.measure.audit`` is graded by its ``score_answer``.  ``--write`` writes the page
docs/measure/reasoning_gym.md.  (Not called reasoning_gym.py, which would hide the package.)
The last line is one JSON object.  Needs ``reasoning-gym`` (in the extra ``dev``).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.audit import Audit, AuditReport, Example, audit, batch_of, codes, examples_of
from rewardsmith.measure.audit.isolate import Isolated

PAGE = Path(__file__).parents[1] / "docs" / "measure" / "reasoning_gym.md"
WITHOUT_ANSWER = ("possible_answer", "example_answer", "example_correct_answer")  # where `answer` is None
BURIED = "A120"


class Scorers:
    """The data sets of one name, by seed, as a grader: rows say which one made them."""

    def __init__(self, name: str, rows: int, seeds: list[int]) -> None:
        import reasoning_gym

        self.sets = {seed: reasoning_gym.create_dataset(name, size=rows, seed=seed) for seed in seeds}
        entries = [(seed, self.sets[seed][i]) for seed in seeds for i in range(rows)]
        self.entries = [
            (seed, entry, answer) for seed, entry in entries if (answer := answer_of(entry)) is not None
        ]
        self.missing = len(entries) - len(self.entries)

    def __call__(self, batch: Mapping[str, Any]) -> list[float]:
        triples = zip(batch["completion"], batch["entry"], batch["seed"], strict=True)
        return [self.sets[int(seed)].score_answer(text, entry) for text, entry, seed in triples]

    def examples(self) -> tuple[Example, ...]:
        columns = {
            "entry": [entry for _, entry, _ in self.entries],
            "seed": [seed for seed, _, _ in self.entries],
        }
        prompts = [str(entry["question"]) for _, entry, _ in self.entries]
        return examples_of(prompts, [answer for _, _, answer in self.entries], columns)


def answer_of(entry: Mapping[str, Any]) -> str | None:
    """The stored answer; where there is none, the example of one among the facts."""
    if entry["answer"] is not None:
        return str(entry["answer"])
    found = next((entry["metadata"][key] for key in WITHOUT_ANSWER if entry["metadata"].get(key)), None)
    return found if found is None or isinstance(found, str) else json.dumps(found)


def probed(scorers: Scorers, examples: tuple[Example, ...]) -> dict[str, Any]:
    """The questions of a first, smaller probe: one row, raw scores."""
    one = examples[0]
    words = f"I think that after some thought the answer is {one.answer} but I am not sure about it at all"
    with Isolated(scorers, 20.0) as worker:
        texts = {"junk": "zzz", "none": None, "buried": words, "oracle": one.answer}
        replies = worker.each([batch_of([one], [text]) for text in texts.values()])
    raises = [name for name, reply in zip(texts, replies, strict=True) if reply.failure]
    scores = {name: reply.score for name, reply in zip(texts, replies, strict=True)}
    return scores | {"raises": raises}


def one(name: str, rows: int, seeds: list[int]) -> dict[str, Any]:
    """The record of one data set."""
    begun = time.perf_counter()
    scorers = Scorers(name, rows, seeds)
    if not scorers.entries:
        return {"name": name, "skipped": "no entry has an answer, nor an example of one"}
    examples = scorers.examples()
    report = audit(scorers, examples, Audit(form="{}", deadline=5.0), subject=name)
    seconds = round(time.perf_counter() - begun, 1)
    levels = {each.code.code: str(each.severity) for each in report.findings}
    return {
        "name": name,
        "rows": report.rows,
        "oracle": report.oracle,
        "refused": refused(report),
        "levels": levels,
        "paid": paid(report),
        "said": {each.code.code: each.message for each in report.findings},
        "probe": probed(scorers, examples),
        "seconds": seconds,
    }


def refused(report: AuditReport) -> str:
    """On how many rows the right answer earns no more than wrong ones."""
    return next(
        (each.message.rpartition(" in ")[2] for each in report.findings if each.code.code == "A101"), ""
    )


def paid(report: AuditReport) -> dict[str, tuple[str, float, str]]:
    """By code: the level, the earned share and the completion of the attack that earns most."""
    found: dict[str, tuple[str, float, str]] = {}
    for each in report.results:
        if each.level is None or each.relation:
            continue
        if each.code.code not in found or found[each.code.code][1] < each.earned:
            found[each.code.code] = (str(each.level), round(each.earned, 2), str(each.worst["completion"]))
    return found


def names() -> list[str]:
    from reasoning_gym.factory import DATASETS

    return sorted(set(DATASETS) - {"composite"})  # which needs other data sets to be chosen


# ---------------------------------------------------------------------- the page
def table(records: list[dict[str, Any]]) -> str:
    """One line for each data set: what is paid, worst first."""
    lines = ["| data set | right answer | errors | warnings |", "|---|---|---|---|"]
    for each in records:
        if "skipped" in each:
            lines.append(f"| `{each['name']}` | - | {each['skipped']} | |")
            continue
        cells = {level: [] for level in ("error", "warning")}
        for code, level in sorted(each["levels"].items()):
            if level in cells:
                cells[level].append(cell(each, code))
        right = f"{each['oracle']:.2f}" if math.isfinite(each["oracle"]) else "no verdict"
        lines.append(
            f"| `{each['name']}` | {right} | {', '.join(cells['error'])} | {', '.join(cells['warning'])} |"
        )
    return "\n".join(lines)


def cell(each: dict[str, Any], code: str) -> str:
    """``junk A111 0.50``"""
    title = codes()[code].title.removeprefix("pays for ").removeprefix("a ")
    if code == "A101":
        return f"{title} {each['refused']} {code}"
    return f"{title} {code} {each['paid'][code][1]:.2f}" if code in each["paid"] else f"{title} {code}"


def summary(records: list[dict[str, Any]]) -> str:
    """By code: in how many data sets."""
    counts = {
        level: Counter(c for r in records for c, v in r["levels"].items() if v == level) for level in LEVELS
    }
    lines = ["| code | | error | warning | note |", "|---|---|---|---|---|"]
    for code, known in codes().items():
        if any(counts[level][code] for level in LEVELS):
            numbers = " | ".join(str(counts[level][code] or "") for level in LEVELS)
            lines.append(f"| {code} | {known.title} | {numbers} |")
    return "\n".join(lines)


LEVELS = ("error", "warning", "note")


def figures(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What is counted."""
    audited = [each for each in records if "skipped" not in each]
    probes = {each["name"]: each["probe"] for each in audited}

    def over(key: str, least: float) -> list[str]:
        return [name for name, probe in probes.items() if probe[key] > least]

    return {
        "data_sets": len(records),
        "audited": len(audited),
        "with_errors": sum("error" in each["levels"].values() for each in audited),
        "clean": sorted(
            each["name"] for each in audited if not set(each["levels"].values()) & {"error", "warning"}
        ),
        "buried": sum(BURIED in each["paid"] and each["paid"][BURIED][0] != "note" for each in audited),
        "probe_junk": over("junk", 0.5),
        "probe_none": over("none", 0.0),
        "probe_buried": len(over("buried", 0.05)),
        "probe_oracle_below_1": [name for name, probe in probes.items() if not probe["oracle"] >= 1.0],
        "probe_raises": {name: probe["raises"] for name, probe in probes.items() if probe["raises"]},
    }


def page(records: list[dict[str, Any]], rows: int, seeds: list[int]) -> str:
    """The published page."""
    known = figures(records)
    audited = [each for each in records if "skipped" not in each]
    version = importlib.metadata.version("reasoning-gym")
    examples = "\n".join(
        f"- `{each['name']}`, {code}: " + each["said"][code]
        for each in audited
        for code, level in sorted(each["levels"].items())
        if level == "error"
        and code in ("A110", "A111", "A113", "A115", "A117", "A101", "A130", "A131", "A137", "A155")
    )
    text = TEMPLATE.read_text("utf-8")
    return text.format(
        version=version,
        rows=rows,
        seeds=" ".join(map(str, seeds)),
        data_sets=known["data_sets"],
        audited=known["audited"],
        with_errors=known["with_errors"],
        clean=len(known["clean"]),
        buried=known["buried"],
        own=len(having(audited, "A120")),
        summary=summary(audited),
        table=table(records),
        examples=examples,
        probe_buried=known["probe_buried"],
        probe_junk=listed(known["probe_junk"]),
        probe_none=listed(known["probe_none"]),
        runs_count=len(having(audited, "A137")),
        runs=listed(having(audited, "A137")),
        hangs=listed(having(audited, "A131")),
        raises=listed(having(audited, "A130")),
        probe_raises=listed(known["probe_raises"]),
        life=next(
            (f"{each['paid']['A151'][1]:.2f}" for each in audited if each["name"] == "game_of_life"), "-"
        ),
        probe_low=listed(known["probe_oracle_below_1"]),
    )


def having(records: list[dict[str, Any]], code: str) -> list[str]:
    """The data sets in which a code was found, notes left out."""
    return [each["name"] for each in records if each["levels"].get(code, "note") != "note"]


def listed(names: Any) -> str:
    """`one`, `two`"""
    return ", ".join(f"`{name}`" for name in names) or "none"


TEMPLATE = Path(__file__).with_name("audit_reasoning_gym.md.in")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--save", type=Path, help="keep the records, and start from those that are there")
    given = parser.parse_args()
    chosen = given.only or names()
    if unknown := sorted(set(chosen) - set(names())):
        raise BadInput("--only", ", ".join(unknown), ", ".join(names()))
    kept = json.loads(given.save.read_text()) if given.save and given.save.exists() else []
    records = [each for each in kept if each["name"] in chosen]
    for name in chosen:
        if any(each["name"] == name for each in records):
            continue
        records.append(one(name, given.rows, given.seeds))
        print(
            f"{name:32} {records[-1].get('seconds', '-'):>6}  {records[-1].get('levels', 'skipped')}",
            flush=True,
        )
        if given.save:
            given.save.write_text(json.dumps(records))
    records.sort(key=lambda each: each["name"])
    print(table(records))
    print(summary([each for each in records if "skipped" not in each]))
    if given.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(records, given.rows, given.seeds), "utf-8")
    print(json.dumps(figures(records)))


if __name__ == "__main__":
    main()
