"""The doctor's own judgement: a place whose walls do not hold is not said to work."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardsmith.sandbox.backend import NoSandbox, Reason
from rewardsmith.sandbox.bubblewrap import Bubblewrap
from rewardsmith.sandbox.doctor import Standing, _remedy, _restriction, examine, kernel, standing
from rewardsmith.sandbox.jobs import Limits, Tier
from rewardsmith.sandbox.unsandboxed import Unsandboxed
from rewardsmith.sandbox.worker import ZygoteWorker


@pytest.mark.parametrize("tier", ["T1", "T2"])
def test_a_place_without_walls_is_found_out(tier: Tier) -> None:
    found = standing(Unsandboxed(), tier)
    assert not found.works
    assert "a file outside could not be read" in found.missing


@pytest.mark.parametrize("tier", ["T1", "T2"])
def test_a_place_with_walls_works(tier: Tier) -> None:
    found = standing(Bubblewrap(), tier)
    assert found.works
    assert found.stamp.startswith("bubblewrap: ")
    assert len(found.tried) == 3


class _Broken(Bubblewrap):
    """Says that it works and does not start."""

    def open(self, limits: Limits) -> ZygoteWorker:
        raise NoSandbox("T1", [("broken", Reason("it broke", "mend it"))])


def test_a_place_that_does_not_start_says_why() -> None:
    found = standing(_Broken(), "T1")
    assert found == Standing("T1", "bubblewrap", missing="it broke", remedy=found.remedy)
    assert found.remedy.startswith("mend it")


def test_every_back_end_is_tried_for_each_of_its_tiers() -> None:
    assert {(each.backend, each.tier) for each in examine()} == {
        ("bubblewrap", "T1"), ("bubblewrap", "T2"), ("wasmtime", "T2"), ("landlock", "T1"),
    }  # fmt: skip


def test_settings_that_forbid_namespaces_are_named(tmp_path: Path) -> None:
    assert _restriction(tmp_path) == ""
    (tmp_path / "kernel").mkdir()
    setting = tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns"
    setting.write_text("0\n")
    assert _restriction(tmp_path) == ""
    setting.write_text("1\n")
    said = _restriction(tmp_path)
    assert said.startswith("kernel.apparmor_restrict_unprivileged_userns is 1")
    assert "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in said
    assert _remedy("wasmtime", Reason("x", "y")) == "y"


def test_the_kernel_is_described() -> None:
    found = kernel()
    assert found.system.startswith("Linux ")
    assert found.seccomp
    assert found.landlock > 0
