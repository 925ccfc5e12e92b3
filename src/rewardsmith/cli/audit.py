"""``rewardsmith audit``: attack a text reward or verifier before a policy does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .output import number, positive, row, say, say_json, table, tell
from .runs import Json
from .table import column, read_table, text_of

if TYPE_CHECKING:
    from ..measure.audit import AuditReport, Example, Result

NAME = "audit"
HELP = "Attack a text reward: what do wrong answers earn?"
PROMPTS = ("prompt", "question", "problem", "query", "instruction")
ANSWERS = ("reference", "answer", "solution", "ground_truth", "label", "target")
_SHORT = {"error": "error", "warning": "warn", "note": "note"}
_BUILT_IN = 20


def command(
    reward: Annotated[
        str,
        typer.Argument(metavar="REWARD", help="reward.py, reward.py:NAME, reward.json or package.module:NAME."),
    ],
    data: Annotated[
        Path | None, typer.Option(help="Rows as .jsonl, .json or .csv [default: sums of two numbers].")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="The column of the prompts [default: prompt, question ...].")
    ] = None,
    answer: Annotated[
        str | None, typer.Option(help="The column of the right answers [default: reference, answer ...].")
    ] = None,
    completions: Annotated[
        str | None, typer.Option(help="A column of completions that deserve full marks and contain the answer.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(help="How an answer is said, with {} in its place [default: the form that is paid most]."),
    ] = "auto",
    same: Annotated[
        list[str] | None,
        typer.Option(help="What must not matter: case, notation, 'full stop'; may be repeated."),
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="CODE=REASON", help="No fault here, and why; may be repeated.")
    ] = None,
    rows: Annotated[int, typer.Option(help="At most so many rows of the data, the first ones.")] = 50,
    chat: Annotated[bool, typer.Option("--chat", help="The function takes conversations, not texts.")] = False,
    deadline: Annotated[float, typer.Option(help="Seconds after which a call is ended.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Write an HTML page.")] = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..connect.graders import Function, load_grader
    from ..measure.audit import Audit, audit, batch_of

    if seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    how = Audit(form, same=tuple(same or ()), allow=_reasons(allow or ()), deadline=deadline, seed=seed)
    examples = _examples(data, prompt, answer, completions, positive("--rows", rows) or 0)
    grader = load_grader(reward, chat)
    if isinstance(grader, Function):
        grader.require(batch_of(examples[:1], [examples[0].oracle]))
    report = audit(grader, examples, how, subject=reward, progress=tell)
    record = {**report.record(), "data": None if data is None else str(data)}
    page = None if out is None else _page(record, out)
    if json:
        say_json({**record, "report": None if page is None else str(page)})
    else:
        _show(report)
        if page is not None:
            say(f"open {page}")
    if report.errors:
        raise typer.Exit(1)


def _examples(
    data: Path | None, prompt: str | None, answer: str | None, completions: str | None, rows: int
) -> tuple[Example, ...]:
    from ..measure.audit import arithmetic, as_completed, examples_of

    if data is None:
        if given := [name for name in (prompt, answer, completions) if name is not None]:
            raise BadInput("a column", given[0], "--data FILE with it")
        tell(f"no --data: {min(_BUILT_IN, rows)} sums of two numbers, with the bare number as right answer")
        return arithmetic(min(_BUILT_IN, rows))
    found = read_table(data, rows)
    answers = column(found, answer, ANSWERS, "--answer")
    if answers is None:
        raise BadInput(
            "--data", f"columns {', '.join(found)}", "a column of right answers", "name it: --answer COLUMN"
        )
    asked = column(found, prompt, PROMPTS, "--prompt")
    texts = [text_of(value) for value in found[answers]]
    prompts = [text_of(value) for value in found[asked]] if asked else [""] * len(texts)
    columns = {name: values for name, values in found.items() if name not in ("prompt", "completion")}
    made = examples_of(prompts, [_bare(text) for text in texts], {"reference": texts, **columns})
    said = column(found, completions, (), "--completions")
    if said is None:
        return made
    wholes = [as_completed(one, text_of(text)) for one, text in zip(made, found[said], strict=True)]
    if missing := [i for i, one in enumerate(wholes) if one is None]:
        received = (
            f"row {missing[0] + 1} without its answer {made[missing[0]].answer!r} ({len(missing)} like it)"
        )
        raise BadInput(f"--completions {said}", received, "completions that contain the right answer")
    return tuple(one for one in wholes if one is not None)


def _bare(text: str) -> str:
    """The answer itself, where the column holds a worked solution that marks it."""
    from ..terms.answer import boxed_answers

    if "####" in text:
        return text.rpartition("####")[2].strip()
    boxes = boxed_answers(text)
    return boxes[-1].strip() if boxes else text.strip()


def _reasons(allow: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in allow:
        code, _, reason = each.partition("=")
        found[code.strip().upper()] = reason.strip()
    return found


def _show(report: AuditReport) -> None:
    say(row("audited", f"{report.subject}    {report.rows} rows    answers said {report.form}"))
    say(row("right answers", f"earn {number(report.oracle)} on average"))
    times = report.times
    if times:
        say(
            row(
                "time",
                f"median {_ms(times['p50'])}, 99 % within {_ms(times['p99'])}, {times['calls']:.0f} calls",
            )
        )
    say()
    paid = [each for each in report.results if each.level is not None]
    accepted = {finding.code.code for finding, _ in report.allowed}
    if paid:
        say(
            table(
                ("", "code", "attack", "earned", "rows", "worst example"),
                [_line(each, accepted) for each in paid],
            )
        )
        say()
    shown = {each.code.code for each in paid}
    for finding in report.findings:
        if finding.code.code not in shown:
            level = _SHORT[str(finding.severity)]
            say(f"{level:<6} {finding.code.code} {finding.code.title}: {finding.message}")
    for finding, reason in report.allowed:
        say(f"{'ok':<6} {finding.code.code} {finding.code.title}: accepted: {reason}")
    say(_summary(report))


def _line(result: Result, accepted: set[str]) -> tuple[str, ...]:
    level = "ok" if result.code.code in accepted else _SHORT[str(result.level)]
    earned = "changes" if result.relation else number(result.earned)
    share = result.some if result.full is None or result.full.mean == 0 else result.full
    rows = "-" if share is None else f"{round(share.mean * share.n)}/{share.n}"
    return level, result.code.code, result.name, earned, rows, _quoted(result.worst)


def _quoted(worst: dict[str, Any]) -> str:
    text = worst.get("completion")
    shown = "None" if text is None else repr(text if len(text) <= 44 else f"{text[:26]} ... {text[-14:]}")
    return f"{shown} -> {_score(worst.get('score'))} (right: {_score(worst.get('oracle_score'))})"


def _score(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else str(value)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _summary(report: AuditReport) -> str:
    levels = [str(finding.severity) for finding in report.findings]
    counts = [(levels.count(level), level) for level in _SHORT]
    said = ", ".join(f"{count} {level}{'s' * (count != 1)}" for count, level in counts if count)
    if not said:
        return f"nothing {'else ' * bool(report.allowed)}found by {len(report.results)} attacks and relations"
    return f"{said} · explain with: rewardsmith explain {report.findings[0].code.code}"


def _page(record: dict[str, Any], out: Path) -> Path:
    from ..report.audit import write

    return write(record, out)
