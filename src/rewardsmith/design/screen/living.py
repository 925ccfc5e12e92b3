"""Living: the end of an episode is worth more, or less, than anything that is done before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...core.algebra import Reward
from ...measure.exploit.living import living
from .protocol import Evidence
from .refusal import Refusal


@dataclass(frozen=True)
class Living:
    """Refuses rewards by which an agent learns to fail at once, or never to reach the goal."""

    kind: ClassVar[str] = "living"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del values
        found = living(program, evidence.steps, evidence.task.ending, evidence.task.discount)
        if found is None:
            return None
        if found.kind == "dies":
            why = f"no step pays more than {found.step:.3g}; failing pays {found.end:.3g}, going on "
            return Refusal("S_DIE_EARLY", f"{why}{found.forever:.3g}")
        why = f"every step pays {found.step:.3g} or more; the goal pays {found.end:.3g}, living on "
        return Refusal("S_LIVE_FOREVER", f"{why}{found.forever:.3g}")
