"""Audit the built-in scorers of TRL and, where its wheel is unpacked, of verl: what wrong answers earn.

    python benchmarks/audit_scorers.py [--rows 20] [--verl FOLDER]

FOLDER is where ``pip install --no-deps --target FOLDER verl==0.9.1`` put it; only the files of its scorers are
loaded, because verl itself needs an accelerator's libraries.  Rows are sums of two numbers.  Prints a table.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rewardsmith.connect.graders import grader
from rewardsmith.measure.audit import Audit, AuditReport, Example, arithmetic, audit

DEADLINE = 12.0  # math-verify ends its own work after 5 s for each of parse and verify
VERL = {
    "gsm8k": "#### {}",
    "math_reward": r"\boxed{{}}",
    "math_dapo": "Answer: {}",
    "search_r1_like_qa_em": "<answer>{}</answer>",
}


def load(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"verl_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def qa(function: Callable[..., float]) -> Callable[[str, str], float]:
    def scored(completion: str, reference: str) -> float:
        return function(completion, {"target": [reference]})

    return scored


def scorers(verl: Path | None) -> dict[str, tuple[Any, str]]:
    """Name, callable from a batch, and the form of an answer."""
    from trl import rewards

    found = {
        "trl accuracy_reward": (grader(rewards.accuracy_reward, chat=True), r"\boxed{{}}"),
        "trl reasoning_accuracy_reward": (
            grader(rewards.reasoning_accuracy_reward, chat=True),
            "<think>so</think>" + r"\boxed{{}}",
        ),
        "trl think_format_reward": (grader(rewards.think_format_reward, chat=True), "<think>so</think>{}"),
    }
    for name, form in VERL.items() if verl else ():
        module = load(verl / "verl" / "utils" / "reward_score" / f"{name}.py")
        function = module.compute_score
        found[f"verl {name}"] = (grader(qa(function) if name.startswith("search") else function), form)
    return found


def row(name: str, report: AuditReport) -> str:
    """A line of the table."""
    cells = {level: [] for level in ("error", "warning")}
    earned = {each.code.code: each.earned for each in report.results if each.level is not None}
    for each in report.findings:
        if str(each.severity) in cells:
            share = f" {earned[each.code.code]:.2f}" if each.code.code in earned else ""
            cells[str(each.severity)].append(
                f"{each.code.title.removeprefix('pays for ')} {each.code.code}{share}"
            )
    return f"| {name} | {report.oracle:.2f} | {', '.join(cells['error'])} | {', '.join(cells['warning'])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--verl", type=Path)
    given = parser.parse_args()
    rows: tuple[Example, ...] = arithmetic(given.rows)
    lines = ["| scorer | right answer | errors | warnings |", "|---|---|---|---|"]
    for name, (scorer, form) in scorers(given.verl).items():
        report = audit(scorer, rows, Audit(form, deadline=DEADLINE), subject=name)
        lines.append(row(name, report))
        print(lines[-1], flush=True)
        for each in report.findings:
            print(
                "   ", each.severity, each.code.code, each.message, repr(each.evidence.get("completion"))[:90]
            )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
