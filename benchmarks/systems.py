"""Run the claims of all published systems in full, record them, and write the table of ``docs/systems.md``.

    python benchmarks/systems.py [--family shape] [--only SLUG ...] [--again] [--table]

Every recipe runs in a process of its own.  One whose full run is recorded already, and whose code has not
changed since, is left alone (``--again`` runs it too), so a run that was stopped goes on where it was.
``--table`` runs nothing and writes the table.  The exit code is 1 when a recipe could not be run; a refuted
claim is a result.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rewardsmith.zoo import System, systems
from rewardsmith.zoo.registry import recorded

PAGE = Path(__file__).parents[1] / "docs" / "systems.md"
BEGIN, END = "<!-- systems: begin -->", "<!-- systems: end -->"
HEADLINES = 2
RUN = """
import sys
from rewardsmith import zoo
print(zoo.record(zoo.reproduce(sys.argv[1], full=True)))
"""


def table() -> str:
    """The status table, from the recorded results."""
    found = systems()
    counts = Counter(system.status for system in found)
    words = ", ".join(f"{counts[status]} {status}" for status in ("holds", "partial", "refuted", "untested"))
    lines = [f"{len(found)} systems: {words}.", ""]
    lines += ["| system | what it is | status | checks | headline figures | s |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(_row(system) for system in found)])


def _row(system: System) -> str:
    result = recorded(system.path)
    cells = [f"`{system.slug}`", system.title, f"**{system.status}**"]
    if result is None:
        return f"| {' | '.join([*map(_cell, cells), '', '', ''])} |"
    checks: dict[str, dict[str, Any]] = result.figures["checks"]
    outcomes = Counter(check["outcome"] for check in checks.values())
    shown = [f"{count} {outcome}" for outcome, count in sorted(outcomes.items())]
    # what was refuted is what a reader wants to know first
    order = sorted(checks, key=lambda name: checks[name]["outcome"] != "refuted")
    claims = [name for name in order if checks[name]["kind"] != "control"][:HEADLINES]
    seconds = f"{result.wall_s:.0f}" + ("" if result.full else " (quick)")
    cells += [", ".join(shown), "; ".join(_headline(name, checks[name]) for name in claims), seconds]
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _headline(name: str, check: dict[str, Any]) -> str:
    if check["kind"] == "share":
        return f"{name}: {100 * check['share']:.0f} % of {check['n']}"
    if check["kind"] == "bound":
        return f"{name}: {check['smallest']:.3g} to {check['largest']:.3g}"
    return f"{name}: {check['ours']:.3g} against {check['rival']:.3g}"


def with_table(page: str) -> str:
    """The page with the table between its markers.

    Raises:
        ValueError: the markers are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def is_current(system: System) -> bool:
    """Whether the full run of the recipe as it is now is recorded."""
    result = recorded(system.path)
    return result is not None and result.full


def run(slug: str) -> tuple[bool, str]:
    """Run one claim in full and record it: whether that worked, and the last line it wrote."""
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    done = subprocess.run([sys.executable, "-c", RUN, slug], capture_output=True, text=True, env=environment)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else ""


def main(arguments: list[str] | None = None) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--family", help="only the systems of one family")
    parser.add_argument("--only", nargs="+", metavar="SLUG", help="only these systems")
    parser.add_argument("--again", action="store_true", help="also those whose record is current")
    parser.add_argument("--table", action="store_true", help="run nothing, write the table")
    options = parser.parse_args(arguments)
    chosen = systems(options.family)
    if options.only:
        unknown = set(options.only) - {system.slug for system in chosen}
        if unknown:
            parser.error(f"no such system: {', '.join(sorted(unknown))}")
        chosen = [system for system in chosen if system.slug in options.only]
    due = [] if options.table else [system for system in chosen if options.again or not is_current(system)]
    console, failed = Console(stderr=True), list[str]()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("systems", total=len(due))
        for system in due:
            progress.update(bar, description=system.slug)
            start = time.perf_counter()
            worked, line = run(system.slug)
            status = next(s.status for s in systems() if s.slug == system.slug) if worked else f"failed: {line}"
            progress.console.print(
                f"{system.slug}  {status}  {time.perf_counter() - start:.0f} s", highlight=False
            )
            failed += [] if worked else [system.slug]
            progress.advance(bar)
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
