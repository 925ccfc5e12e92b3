"""kill -9 at random points of a search whose programs a language model writes, and what it costs.

    python benchmarks/kill_model.py [--kills 20] [--seed 0]

The model is the scripted one, over HTTP.  Every search is continued until it ends; it must end with the
fingerprint of a search that was never killed, and no key may have been charged twice.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from design.model_search import Ended, killed_search


def row(name: str, ended: Ended, whole: Ended) -> str:
    same = "same" if (ended.fingerprint, ended.spent) == (whole.fingerprint, whole.spent) else "DIFFERENT"
    figures = f"{ended.calls:>6} {ended.charged:>8} {ended.twice:>6}"
    return f"{name:<10} {len(ended.kills):>6} {figures}  {same}"


def main() -> None:
    """Kill until there were enough, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, root = random.Random(given.seed), Path(tempfile.mkdtemp())
    whole = killed_search(root / "whole", 0, rng)
    ended: list[Ended] = []
    while (done := sum(len(each.kills) for each in ended)) < given.kills:
        ended.append(killed_search(root / f"killed{len(ended)}", min(5, given.kills - done), rng, 8))
    print("search      kills  calls  charged  twice  result")
    print(row("whole", whole, whole))
    for number, each in enumerate(ended):
        print(row(f"killed {number}", each, whole))
    print("killed after:")
    for place, count in Counter(key or "nothing" for each in ended for key in each.kills).items():
        print(f"  {place:<30} {count}")


if __name__ == "__main__":
    main()
