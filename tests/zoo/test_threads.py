"""One thread for recipes: also where PyTorch was loaded before, and only while one runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from rewardsmith.zoo.threads import one_thread


def test_pytorch_has_one_thread_and_gets_its_own_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_pytorch_that_is_loaded_inside_has_one_thread_and_the_environment_is_left_alone() -> None:
    script = (
        "import os\n"
        "from rewardsmith.zoo.threads import one_thread\n"
        "with one_thread():\n"
        "    import torch\n"
        "    print(torch.get_num_threads())\n"
        "print(os.environ.get('OMP_NUM_THREADS'))\n"
    )
    plain = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=plain, check=True)
    assert done.stdout.split() == ["1", "None"]
