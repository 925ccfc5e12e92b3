"""``rewardsmith doctor``: which tiers of trust and which extras work on this machine, and why not."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import __version__
from .output import row, say, say_json, table

if TYPE_CHECKING:
    from ..sandbox.doctor import Kernel, Standing

NAME = "doctor"
HELP = "Say what works on this machine, and why not."
_FOR_DEVELOPERS = ("dev", "docs")


def command(json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False) -> None:
    """Run the verb."""
    from ..sandbox import doctor

    standings, kernel, language = doctor.examine(), doctor.kernel(), _reward_language()
    tiers = {"T0": not language, **{tier: any(_of(standings, tier)) for tier in doctor.TIERS}}
    if json:
        say_json(
            {
                "machine": _machine(),
                "kernel": asdict(kernel),
                "tiers": tiers,
                "sandboxes": [{**asdict(each), "works": each.works} for each in standings],
                "extras": {name: list(missing) for name, missing in _extras().items()},
            }
        )
    else:
        _print(standings, kernel, tiers, language)
    if not all(tiers.values()):
        raise typer.Exit(1)


def _of(standings: tuple[Standing, ...], tier: str) -> list[Standing]:
    """What works for a tier, strongest first."""
    return [each for each in standings if each.tier == tier and each.works]


def _print(standings: tuple[Standing, ...], kernel: Kernel, tiers: dict[str, bool], language: str) -> None:
    for label, text in _machine().items():
        say(row(label, text))
    say(row("isolation", _isolation(kernel)))
    say()
    meanings = {
        "T0": "the reward language, evaluated in this process",
        "T1": "rewards in Python",
        "T2": "programs of models, judged by unit tests",
    }
    rows = [("T0", _yes(tiers["T0"]), meanings["T0"], language or "a program was evaluated, another refused")]
    for tier in ("T1", "T2"):
        found = _of(standings, tier)
        how = found[0].stamp if found else "nothing here can hold them: see below"
        rows.append((tier, _yes(bool(found)), meanings[tier], how))
    say(table(("tier", "works", "what it runs", "how"), rows))
    say()
    say(table(("sandbox", "tier", "works", "what was found"), [_line(each) for each in standings]))
    say()
    lines = [
        (name, "yes" if not missing else f"no: pip install 'rewardsmith[{name}]' (brings {', '.join(missing)})")
        for name, missing in _extras().items()
    ]
    say(table(("extra", "installed"), lines))
    if not all(tiers.values()):
        say()
        say("where a tier does not work, what needs it is refused; allow_unsandboxed, typed for each run,")
        say("isolates nothing, and is stamped on every result")


def _yes(works: bool) -> str:
    return "yes" if works else "no"


def _line(found: Standing) -> tuple[str, str, str, str]:
    said = "; ".join(found.tried) if found.works else found.missing
    return (
        found.backend,
        found.tier,
        _yes(found.works),
        said + (f"; try: {found.remedy}" if found.remedy else ""),
    )


def _isolation(kernel: Kernel) -> str:
    landlock = f"Landlock {kernel.landlock}" if kernel.landlock else "no Landlock"
    seccomp = "seccomp" if kernel.seccomp else "no seccomp"
    spaces = (
        "user namespaces" if kernel.namespaces else f"no user namespaces ({kernel.restriction or 'no Linux'})"
    )
    return f"{landlock}, {seccomp}, {spaces}"


def _machine() -> dict[str, str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = {
        "rewardsmith": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} on {platform.machine()}",
        "cores": str(cores),
    }
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        found["memory"] = f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"
    return found


def _reward_language() -> str:
    """Why tier T0 does not work, or ``""``."""
    import numpy as np

    from ..core.errors import ProgramError
    from ..core.fields import Field
    from ..program import parse

    table = (Field("angle", "rad", -np.pi, np.pi),)
    value: Any = parse("return cos(angle)", table)({"angle": np.zeros(1)})
    try:
        parse("return open('x')", table)
    except ProgramError:
        return "" if value.tolist() == [1.0] else "a program gave a wrong number"
    return "a program that opens a file was not refused"


def _extras() -> dict[str, tuple[str, ...]]:
    """For each extra the packages that are missing, as the installed package itself lists them."""
    own = importlib.metadata.metadata("rewardsmith").get_all("Provides-Extra") or []
    return {name: tuple(sorted(_missing(name))) for name in sorted(own) if name not in _FOR_DEVELOPERS}


def _missing(extra: str) -> set[str]:
    found: set[str] = set()
    for line in importlib.metadata.requires("rewardsmith") or ():
        need, _, condition = line.partition(";")
        if not re.search(rf"extra == ['\"]{extra}['\"]", condition) or "platform" in condition:
            continue
        name, _, inner = re.split(r"[<>=!~ ]", need.strip())[0].partition("[")
        if name == "rewardsmith":
            found |= {package for each in inner.rstrip("]").split(",") for package in _missing(each)}
        elif not _installed(name):
            found.add(name)
    return found


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
