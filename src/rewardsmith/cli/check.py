"""``rewardsmith check``: look at rewards the way code is looked at, before anybody trains on them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..core.errors import BadInput
from .output import one_line, say, say_json, tell
from .rewards import ALLOWED, Given, NoReward, from_file, from_text, is_file
from .runs import Json, Root

if TYPE_CHECKING:
    from ..measure.check import CheckReport, Finding, Rules
    from ..measure.exploit import ExploitFolder
    from ..tasks import Task

NAME = "check"
HELP = "Find what is wrong with a reward before training on it."
SHORT = {"error": "error", "warning": "warn", "note": "note"}


class Checked(NamedTuple):
    """One reward with what was found."""

    given: Given
    task: Task
    report: CheckReport

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {"source": self.given.source, **self.report.record()}


def command(
    reward: Annotated[list[str], typer.Argument(metavar="REWARD...", help=f"Any of {ALLOWED}.")],
    task: Annotated[
        str | None, typer.Option(help="A task or a task file [default: of the run, or of pyproject.toml].")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out the checks that train policies.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 also for warnings.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write an HTML page: a file.html, or a folder for check.html.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The pyproject.toml with the rules [default: the nearest one].")
    ] = None,
    exploits: Annotated[
        Path | None, typer.Option(help="Where known exploits are kept [default: .rewardsmith/exploits].")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the exploit that is found there.")] = False,
    runs: Root = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    if seed < 0:
        raise BadInput("--seed", seed, "a whole number, at least 0")
    rules = _rules(config)
    rewards = _given(reward, task, rules, runs)
    folder = _exploits(exploits, keep)
    checked = [_check(given, own, rules, fast, seed, folder) for given, own in rewards]
    page = None if out is None else _page(checked, out)
    if json:
        say_json(_record(checked, page))
    else:
        _show(checked, page)
    errors, warnings = _count(checked)
    if errors or (warnings and (strict or rules.strict)):
        raise typer.Exit(1)


def _rules(config: Path | None) -> Rules:
    from ..measure.check import find_rules, read_rules

    if config is None:
        return find_rules(Path.cwd())
    found = read_rules(config)
    if found is None:
        raise BadInput("--config", str(config), "a TOML file with the table [tool.rewardsmith.check]")
    return found


def _given(
    sources: Sequence[str], task: str | None, rules: Rules, runs: Path | None
) -> list[tuple[Given, Task]]:
    """Every reward with its task; all are loaded before the first is checked: a typing error costs nothing."""
    from .. import tasks

    chosen = None if task is None else tasks.resolve(task)
    found: list[tuple[Given, Task]] = []
    for source in sources:
        if not is_file(source):
            general = chosen or (tasks.resolve(rules.task) if rules.task else None)
            given = from_text(source, general, runs)
            found.append((given, _same(given, chosen)))
            continue
        for given in _of_file(source, alone=len(sources) == 1):
            wanted = rules.of(given.file, _name(given)).task
            if chosen is None and wanted is None:
                why = "or `task = ...` in [tool.rewardsmith.check] of pyproject.toml"
                raise BadInput("--task", "nothing", "a task (see `rewardsmith tasks`)", why)
            found.append((given, chosen or tasks.resolve(str(wanted))))
    for given, own in found:
        _refuse_texts(given, own)
    return found


def _of_file(source: str, alone: bool) -> list[Given]:
    """The rewards of a file; among several files, one that defines none is passed over."""
    try:
        return list(from_file(source))
    except NoReward as problem:
        if alone:
            raise
        tell(f"passed over: {problem.received} defines no reward")
        return []


def _refuse_texts(given: Given, task: Task) -> None:
    texts = {"prompt", "completion"} & given.reward.fields - {field.name for field in task.table()}
    if texts:
        why = f"it reads {' and '.join(sorted(texts))}; for rewards of texts: rewardsmith audit"
        raise BadInput("reward", given.source, f"a reward that reads the fields of {task.name}", why)


def _same(given: Given, chosen: Task | None) -> Task:
    own = given.task or chosen
    if own is None or (chosen is not None and chosen.name != own.name):
        raise BadInput("--task", chosen and chosen.name, own and own.name, f"{given.source} was made for it")
    return own


def _name(given: Given) -> str:
    return given.source.rpartition(".py:")[2] if ".py:" in given.source else ""


def _exploits(path: Path | None, keep: bool) -> ExploitFolder:
    from ..measure.exploit.known import FOLDER, ExploitFolder

    if path is not None and path.exists() and not path.is_dir():
        raise BadInput("--exploits", str(path), "a folder")
    return ExploitFolder(path or FOLDER, keep)


def _check(given: Given, task: Task, rules: Rules, fast: bool, seed: int, exploits: ExploitFolder) -> Checked:
    from ..measure.check import check

    own = rules.of(given.file, _name(given))
    tell(f"checking {one_line(given.source)} on {task.name}")
    report = check(
        given.reward,
        task,
        fast=fast,
        seed=seed,
        rules=own,
        exploits=exploits,
        progress=lambda name: tell(f"  {name}"),
    )
    return Checked(given, task, report)


def _count(checked: Sequence[Checked]) -> tuple[int, int]:
    return sum(each.report.errors for each in checked), sum(each.report.warnings for each in checked)


def _record(checked: Sequence[Checked], page: Path | None) -> dict[str, Any]:
    errors, warnings = _count(checked)
    return {
        "errors": errors,
        "warnings": warnings,
        "rewards": [each.record() for each in checked],
        "report": None if page is None else str(page),
    }


def _show(checked: Sequence[Checked], page: Path | None) -> None:
    for each in checked:
        if len(checked) > 1:
            say(f"{one_line(each.given.source)}  ({each.task.name}, {each.report.seconds:.1f} s)")
        for finding in each.report.findings:
            say(line(finding))
        for finding, reason in each.report.accepted:
            say(f"{'ok':<6} {finding.code.code} {finding.code.title:<18} accepted: {reason}")
        for reason in dict.fromkeys(reason for _, reason in each.report.left_out):
            names = ", ".join(name for name, own in each.report.left_out if own == reason)
            tell(f"left out: {names} ({reason})")
    say(_summary(checked))
    if page is not None:
        say(f"open {page}")


def line(finding: Finding) -> str:
    """``warn   R110 dominated term     ctrl_cost is ...``."""
    level = SHORT[str(finding.severity)]
    return f"{level:<6} {finding.code.code} {finding.code.title:<18} {one_line(finding.message)}"


def _summary(checked: Sequence[Checked]) -> str:
    if not checked:
        return "no rewards to check"
    findings = [finding for each in checked for finding in each.report.findings]
    counts = [(sum(str(f.severity) == level for f in findings), level) for level in SHORT]
    said = ", ".join(f"{count} {level}{'s' * (count != 1)}" for count, level in counts if count)
    if not findings:
        checks = max((len(each.report.ran) for each in checked), default=0)
        return f"nothing found by {checks} checks" + (f" in {len(checked)} rewards" * (len(checked) > 1))
    return f"{said} · explain with: rewardsmith explain {findings[0].code.code}"


def _page(checked: Sequence[Checked], out: Path) -> Path:
    """The HTML page, with films of the findings that have an episode."""
    from .. import __version__
    from ..report.check import write

    record: dict[str, Any] = {**_record(checked, None), "version": __version__}
    for each, shown in zip(checked, record["rewards"], strict=True):
        for finding, row in zip(each.report.findings, shown["findings"], strict=True):
            row["film"] = film(each.task, finding)
    return write(record, out if out.suffix.lower() in (".html", ".htm") else out / "check.html")


def film(task: Task, finding: Finding) -> dict[str, Any] | None:
    """The episode of a finding as an animation; as curves of its fields where the task has no drawing."""
    import numpy as np

    from ..report.gif import gif

    if finding.episode is None:
        return None
    obs = np.asarray(finding.episode, float)
    if task.frame is not None:
        pace = float(getattr(task.env, "dt", 0.02))
        data = gif([task.sketch(row) for row in obs], task.frame, pace)
        source = "data:image/gif;base64," + base64.b64encode(data).decode()
        return {"kind": "gif", "src": source, "caption": f"{len(obs)} steps"}
    states = [each for each in task.fields if each.kind == "state" and not each.width]
    moving = sorted(states, key=lambda each: -float(np.std(each.of(obs)) / (np.ptp(each.of(obs)) + 1e-12)))
    fields = {each.name: np.asarray(each.of(obs), float).tolist() for each in moving[:4]}
    return {"kind": "curves", "fields": fields, "caption": f"{len(obs)} steps; this task has no drawing"}
