"""The status table of the docs says what is recorded, and the script that writes it runs what is due only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import systems as script

from rewardsmith.zoo import registry, systems


def rows() -> dict[str, list[str]]:
    page = script.PAGE.read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return {line.split("`")[1]: [cell.strip() for cell in line.split(" | ")] for line in lines}


def test_the_page_is_what_the_script_writes():
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.with_table(page), "write it anew: python benchmarks/systems.py --table"


def test_every_system_is_in_it_with_its_recorded_status():
    """Read from the page and the stored files, not with the code that writes the table."""
    found = rows()
    assert set(found) == {system.slug for system in systems()}
    for path in registry.recipes():
        cells = found[path.stem.replace("_", "-")]
        if registry.recorded(path) is None:
            assert cells[2] == "**untested**"
            continue
        stored = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert cells[2] == f"**{stored['status']}**"
        for outcome in ("holds", "refuted", "not shown"):
            count = sum(check["outcome"] == outcome for check in stored["figures"]["checks"].values())
            assert (f"{count} {outcome}" in cells[3].split(", ")) == (count > 0)


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="begin"):
        script.with_table("# Systems\n")


RECIPE = '''"""A system that runs at once.

Differs from the paper: everything.
"""

from rewardsmith.zoo.claims import compare_paired, control, verdict


def claim(full=False):
    checks = [
        compare_paired("two is more than one", [2.0] * 8, [1.0] * 8),
        control("one is one", [1.0], [1.0], 1, True),
    ]
    return verdict(checks, range(8))
'''
# Recipes of a folder of its own, in this process and in those that the script starts.
ELSEWHERE = """
import sys
from pathlib import Path
from rewardsmith import zoo
from rewardsmith.zoo import registry
folder = {folder!r}
zoo.__path__.append(folder)
registry.ROOT = Path(folder)
"""
DRIVE = """
from benchmarks import systems as script
script.PAGE = Path(folder) / "systems.md"
script.RUN = sys.argv[1] + script.RUN
sys.exit(script.main(sys.argv[2:]))
"""


def test_it_runs_what_is_due_and_goes_on_where_it_was(tmp_path: Path):
    """Two recipes of a family of its own, one of which raises."""
    family = tmp_path / "probe"
    family.mkdir()
    (family / "fast.py").write_text(RECIPE)
    (family / "broken.py").write_text(RECIPE.replace("[2.0] * 8", "[2.0] * 7"))
    page = tmp_path / "systems.md"
    page.write_text(f"before\n{script.BEGIN}\nold\n{script.END}\nafter\n")

    def drive(*arguments: str) -> subprocess.CompletedProcess[str]:
        start = ELSEWHERE.format(folder=str(tmp_path))
        command = [sys.executable, "-c", start + DRIVE, start, *arguments]
        root = Path(__file__).parents[2]
        return subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=120, check=False)

    first = drive()
    assert first.returncode == 1, first.stderr
    assert "fast  holds" in first.stderr
    assert "broken  failed" in first.stderr
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| **holds** | 2 holds | two is more than one: 2 against 1 |" in text
    assert "`broken` | A system that runs at once. | **untested** |" in text
    again = drive("--only", "fast")
    assert again.returncode == 0
    assert "fast  holds" not in again.stderr  # its record is current
    assert "no such system: none" in drive("--only", "none").stderr
