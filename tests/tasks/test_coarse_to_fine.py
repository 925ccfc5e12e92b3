"""The coarse-to-fine testbed: what a plan can become, by counting cells."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.coarse_to_fine import coarse_to_fine, iou, refine


def best_details(fields, p, k):
    """Switch exactly the open cells that are wrong."""
    open_cells = fields["cells"][p, k]
    return (fields["shape"][p, k, open_cells] != fields["target"][p, k, open_cells]).astype(float)


@pytest.mark.parametrize("trap", [True, False])
def test_only_the_trap_cannot_be_refined(trap: bool):
    fields = coarse_to_fine(np.random.default_rng(0), prompts=3, trap=trap)
    assert (fields["coarse"].argmax(1) == 0).all()
    for p in range(3):
        for k in range(16):
            row = {name: values[p, k][None] for name, values in fields.items()}
            before = iou(row["shape"], row["target"])[0]
            after = refine(best_details(fields, p, k)[None], row)["fine"][0]
            if trap and k == 0:
                assert after == before < 0.95
            else:
                assert before < after == 1.0  # no plan has more than 64 wrong cells


def test_refining_is_a_slow_loop():
    fields = coarse_to_fine(np.random.default_rng(1), prompts=2, plans=3, switches=5)
    details = np.random.default_rng(2).integers(0, 2, (6, 5)).astype(float)
    rows = {name: values.reshape(6, *values.shape[2:]) for name, values in fields.items()}
    found = refine(details, rows)["fine"]
    for n in range(6):
        cells = [bool(cell) for cell in rows["shape"][n]]
        for cell, on in zip(rows["cells"][n], details[n], strict=True):
            cells[cell] = cells[cell] != bool(on)
        goal = [bool(cell) for cell in rows["target"][n]]
        both = sum(a and b for a, b in zip(cells, goal, strict=True))
        either = sum(a or b for a, b in zip(cells, goal, strict=True))
        assert found[n] == pytest.approx(both / either)
    assert (rows["shape"] == fields["shape"].reshape(6, 256)).all()  # inputs stay
    with pytest.raises(BadInput, match="switches"):
        coarse_to_fine(np.random.default_rng(0), 1, switches=0)
