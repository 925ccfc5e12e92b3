"""Who may import whom (docs/decisions/0002-layers.md), and what `import rewardsmith` costs."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import cpu_seconds
from source import ROOT, files, imports, package_of

TIER_1 = {"terms", "transforms", "program", "sandbox", "feedback"}
TIER_2 = {"tasks", "learn", "measure", "optimize"}
BELOW_DESIGN = {"core", *TIER_1, *TIER_2}
ALLOWED: dict[str, set[str]] = {
    "": {"core", "transforms"},
    "core": set(),
    **{name: {"core"} for name in TIER_1},
    "tasks": {"core", *TIER_1},
    # trainers and measures are about tasks; tasks know nothing of them
    **{name: {"core", *TIER_1, "tasks"} for name in ("optimize", "learn")},
    # what a reward leads to is measured by training on it, and by comparing it with learned ones
    "measure": {"core", *TIER_1, "tasks", "optimize", "learn"},
    "store": {"core"},
    "report": {"core", "store"},
    "connect": {"core", "terms", "transforms", "program"},
    "testing": BELOW_DESIGN,
    "design": BELOW_DESIGN | {"store", "report"},
    "zoo": BELOW_DESIGN | {"design", "store", "testing"},
    "cli": BELOW_DESIGN | {"design", "store", "report", "zoo", "connect"},
}
LIGHT = {"numpy", "rewardsmith", *sys.stdlib_module_names}
# Imported when the file is: these packages are themselves imported on first use only.
HEAVY_AT_START = {
    "optimize": {"jax"},
    "program": {"jax"},
    "design": {"jax"},
    "tasks": {"jax"},
    "store": {"sqlalchemy"},
    "report": {"jinja2", "markupsafe", "matplotlib", "PIL"},
    "connect": {
        "gymnasium",
        "stable_baselines3",
        "fastapi",
        "starlette",
        "pydantic",
        "orjson",
        "prometheus_client",
    },
    "cli": {"typer", "rich", "click"},
}


def _violations(paths: tuple[Path, ...], root: Path = ROOT) -> list[str]:
    found: list[str] = []
    for path in paths:
        package = package_of(path, root)
        for each in imports(path, root):
            top, _, rest = each.module.partition(".")
            target = rest.partition(".")[0]
            where = f"{path.relative_to(root)}:{each.line}"
            if (
                top == "rewardsmith"
                and target not in {package, ""}
                and target not in ALLOWED.get(package, set())
            ):
                # a public name of the root (`from rewardsmith import Reward`) is core's
                if (root / target).is_dir():
                    found.append(f"{where}: {package or 'the root'} may not import {target}")
            elif top not in LIGHT and each.at_start and top not in HEAVY_AT_START.get(package, set()):
                found.append(f"{where}: imports {top} at the top; import it inside the function that needs it")
    return found


def test_every_package_has_a_place() -> None:
    present = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert present <= set(ALLOWED)


def test_imports_go_downwards_only() -> None:
    assert _violations(files()) == []


@pytest.mark.parametrize(
    ("place", "line", "said"),
    [
        ("core/a.py", "from ..tasks.task import Task", "core may not import tasks"),
        ("core/a.py", "def f():\n    from rewardsmith import store", "core may not import store"),
        ("report/a.py", "import rewardsmith.design", "report may not import design"),
        ("connect/a.py", "from ..optimize import PPO", "connect may not import optimize"),
        ("core/a.py", "import jax", "imports jax at the top"),
        ("core/a.py", "def f():\n    import jax", None),
        ("core/a.py", "if TYPE_CHECKING:\n    import jax", None),
        ("design/a.py", "from ..store import Run", None),
        ("cli/a.py", "from . import lines", None),
    ],
)
def test_the_test_sees_violations(tmp_path: Path, place: str, line: str, said: str | None) -> None:
    for name in ALLOWED:
        (tmp_path / name).mkdir(exist_ok=True)
    path = tmp_path / place
    path.write_text(line + "\n")
    found = _violations((path,), tmp_path)
    assert found == [] if said is None else len(found) == 1 and said in found[0]


def _fresh(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout


def test_import_loads_numpy_and_nothing_else() -> None:
    code = "import sys; old = set(sys.modules); import rewardsmith; print(*(set(sys.modules) - old))"
    loaded = {name.partition(".")[0] for name in _fresh(code).split()}
    assert "rewardsmith" in loaded
    assert loaded - LIGHT == set()


def test_import_takes_less_than_300_ms() -> None:
    """Without the interpreter's own start; processor time, because the machine may do other work meanwhile."""

    def seconds(code: str) -> float:
        return cpu_seconds(sys.executable, "-c", code)

    seconds("import rewardsmith")  # once before, so that the files are in memory
    assert statistics.median(seconds("import rewardsmith") - seconds("pass") for _ in range(5)) < 0.3


def test_every_public_name_can_be_reached() -> None:
    code = "import rewardsmith as rs; [getattr(rs, n) for n in rs.__all__]; print(rs.program.parse is not None)"
    assert _fresh(code).strip() == "True"
