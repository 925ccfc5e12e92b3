"""Run the adapters in the real frameworks, and record it:  python tests/connect/frameworks/run.py [NAME ...]

The frameworks cannot share one environment, so each gets a folder of its own below a temporary directory
(or below $REWARDSMITH_FRAMEWORKS, which is kept).  This takes minutes and a network, so it is no part of the
test suite; `tests/connect/test_compatibility.py` checks that the record is about the adapters as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RECORD = HERE / "record.json"
ADAPTERS = ROOT / "src" / "rewardsmith" / "connect"
# Packages on top of this environment (which has torch), without their own dependencies ...
ON_TOP = {
    "verl": (
        *("verl==0.9.1", "ray==2.60.0", "tensordict==0.15.3", "omegaconf==2.4.0", "codetiming==1.4.0"),
        *("antlr4-python3-runtime==4.9.3", "hydra-core==1.3.8", "torchdata==0.11.0", "jsonschema==4.26.0"),
        *("jsonschema-specifications==2025.9.1", "msgpack==1.2.4", "pyvers==0.2.3", "referencing==0.37.0"),
        "rpds-py==2026.9.1",
    ),
    "openrlhf": ("openrlhf==0.11.2", "pylatexenc==2.11", "deepspeed==0.19.6"),
}
# ... and packages in an environment of their own, with all their dependencies.
ALONE = {
    "verifiers": ("verifiers==0.4.0",),
    "verifiers-old": ("verifiers==0.3.1",),
    "eval-protocol": ("eval-protocol==0.3.33",),
}
NO_VERDICT = {"verl": "-0.5", "openrlhf": "-0.5"}  # the others know what a missing verdict is


def main(names: list[str]) -> None:
    """Run the named frameworks (or all) and add them to the record."""
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in names or [*ON_TOP, *ALONE]:
            base = Path(os.environ.get("REWARDSMITH_FRAMEWORKS", temporary))
            record[name] = run(name, base / name)
            print(name, record[name]["version"], "ran")
            RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def run(name: str, folder: Path) -> dict[str, str]:
    """Install one framework and run its check; raises where the check fails."""
    python, path = _install(name, folder)
    slug = name.replace("-", "_")
    with tempfile.TemporaryDirectory() as made:
        out = Path(made) / f"sums_{slug}.py"
        command = [sys.executable, "-m", "rewardsmith", "export", str(HERE / "sums.py"), "--for"]
        command += [name.removesuffix("-old"), "--no-verdict", NO_VERDICT.get(name, "raise")]
        subprocess.run([*command, "--out", str(out)], check=True)
        offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # its download at import races with the import
        env = {**os.environ, **offline, "PYTHONPATH": os.pathsep.join([*path, str(ROOT / "src"), str(HERE)])}
        subprocess.run([python, str(HERE / f"check_{slug}.py"), str(out)], check=True, env=env, cwd=made)
    version = {**ON_TOP, **ALONE}[name][0].partition("==")[2]
    return {"version": version, "adapter": digest(slug)}


def digest(slug: str) -> str:
    """What the record is about: the adapter and its check, as they were."""
    files = [ADAPTERS / f"{slug.removesuffix('_old')}.py", ADAPTERS / "single.py", HERE / f"check_{slug}.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _install(name: str, folder: Path) -> tuple[str, list[str]]:
    if name in ON_TOP:
        if not folder.exists():
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
            subprocess.run([*pip, *ON_TOP[name]], check=True)
        return sys.executable, [str(folder)]
    python = folder / "bin" / "python"
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "numpy>=2.0", *ALONE[name]], check=True)
    return str(python), []


if __name__ == "__main__":
    main(sys.argv[1:])
