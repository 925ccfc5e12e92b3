from __future__ import annotations

import asyncio
import multiprocessing
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from connect import tiny_model
from rewardsmith.connect import trl
from rewardsmith.connect.texts import text_batch
from rewardsmith.core.errors import BadInput, MissingField

COLUMNS = ["prompt", "answer", "index"]
CALLS: list[int] = []


@rs.term
def digits(completion: Any) -> Any:
    """Share of the characters that are digits."""
    return [sum(c.isdigit() for c in text) / max(1, len(text)) for text in completion]


@rs.term
def brevity(length: Any, *, most: float = 16.0) -> Any:
    return 1.0 - length / most


@rs.term
def exact(completion: Any, reference: Any) -> Any:
    return [float(a.strip() == b) for a, b in zip(completion, reference, strict=True)]


@rs.term
def even_only(index: Any) -> Any:
    """No verdict on every other task."""
    return np.where(np.asarray(index) % 2 == 0, 1.0, np.nan)


@rs.term
def broken(completion: Any) -> Any:
    raise ValueError("a fault of the reward")


@rs.term(scope=rs.Scope.GROUP)
def shortest(length: Any, group: Any) -> Any:
    CALLS.append(len(group))
    members = list(zip(length, group, strict=True))
    return [float(n == min(m for m, h in members if h == g)) for n, g in members]


REWARD = digits + 2.0 * exact + 0.2 * rs.gate(brevity, when=digits, above=0.1) | rs.Clip(-1, 2)
CALL = {"prompts": ["1+1", "1+1", "2+2"], "completions": ["2", "3", "four"], "answer": ["2", "2", "4"]}


# ---------------------------------------------------------------------- the calling convention
def test_values_and_logged_parts() -> None:
    function = trl.reward(digits + 2.0 * exact, ["prompt", "answer"], name="sums")
    logged: dict[str, float] = {}
    ids = [[1, 2], [1], [1, 2, 3]]
    values = function(
        **CALL, completion_ids=ids, log_metric=logged.__setitem__, trainer_state=None, log_extra=print
    )
    assert values == [3.0, 1.0, 0.0]
    assert logged == {"sums/digits": 2 / 3, "sums/exact": 2 / 3, "sums/no_verdict": 0.0}
    assert function.__name__ == "sums"


def test_no_verdict_is_none_and_is_not_in_the_means() -> None:
    logged: dict[str, float] = {}
    function = trl.reward(even_only, name="even")
    assert function(completions=["a", "b", "c"], index=[0, 1, 2], log_metric=logged.__setitem__) == [
        1.0,
        None,
        1.0,
    ]
    assert logged == {"even/even_only": 1.0, "even/no_verdict": 1 / 3}


def test_empty_batch() -> None:
    assert trl.reward(REWARD)(prompts=[], completions=[], completion_ids=[], answer=[], log_metric=print) == []


@pytest.mark.parametrize(
    ("reward", "change", "error"),
    [
        (broken, {}, ValueError),
        (exact, {"answer": ["2"]}, BadInput),
        (even_only, {}, MissingField),
    ],
)
def test_policies(reward: Any, change: Any, error: type[Exception]) -> None:
    call = CALL | change
    with pytest.raises(error):
        trl.reward(reward, on_error="raise")(**call)
    assert trl.reward(reward)(**call) == [None] * 3
    assert trl.reward(reward, on_error=-1.0)(**call) == [-1.0] * 3


def test_wiring_knows_what_is_missing() -> None:
    trl.reward(exact + brevity, COLUMNS)
    with pytest.raises(MissingField, match="exact in TRL reads the field 'reference'"):
        trl.reward(exact, ["prompt", "target"])
    with pytest.raises(BadInput, match="columns: received 'answer'"):
        trl.reward(exact, "answer")
    with pytest.raises(BadInput, match="group_size"):
        trl.reward(exact, group_size=0)
    renamed = trl.reward(exact, {"reference": "target"})
    assert renamed(completions=["2"], target=["2"]) == [1.0]


def test_different_rewards_have_different_names() -> None:
    names = [trl.reward(each).__name__ for each in (exact, brevity, brevity(most=2.0), REWARD, 2.0 * REWARD)]
    assert len(set(names)) == 5
    assert names[0] == "exact"
    assert trl.reward(REWARD).__name__ == trl.reward(REWARD).__name__


def test_conversations() -> None:
    prompts = [[{"role": "system", "content": "Be short."}, {"role": "user", "content": "1+1"}]] * 2
    tool = [{"role": "assistant", "content": "I ask"}, {"role": "tool", "content": "2"}]
    answers = [[*tool, {"role": "assistant", "content": [{"type": "text", "text": "2"}]}], tool]
    batch = text_batch(answers, prompts, {"answer": [2, 2]})
    assert batch["completion"] == ["2", "I ask"]
    assert batch["prompt"] == ["1+1", "1+1"]
    assert batch["prompt_messages"] == prompts
    assert batch["completion_messages"] == answers
    assert batch["group"].tolist() == [0, 0]
    assert trl.reward(exact)(prompts=prompts, completions=answers, answer=[2, 2]) == [1.0, 0.0]
    assert text_batch([[], [{"role": "assistant", "content": None}]])["completion"] == ["", ""]


def test_groups() -> None:
    ids = [[1], [1, 2], [1], [1, 2]]
    call = {"prompts": ["a", "a", "b", "b"], "completions": ["x"] * 4, "completion_ids": ids}
    assert trl.reward(shortest)(**call) == [1.0, 0.0, 1.0, 0.0]
    same = call | {"prompts": ["a"] * 4, "completion_ids": [[1, 2], [1, 2], [1], [1, 2]]}
    assert trl.reward(shortest)(**same) == [0.0, 0.0, 1.0, 0.0]  # one run, one group
    assert trl.reward(shortest, group_size=2)(**same) == [1.0, 1.0, 1.0, 0.0]
    assert trl.reward(shortest)(**same, group=["g", "h", "g", "h"]) == [0.0, 1.0, 1.0, 1.0]
    split = trl.reward(shortest, group_size=3, on_error="raise")
    with pytest.raises(BadInput, match="a group is split over processes"):
        split(**call)
    assert trl.reward(shortest, group_size=3)(**call) == [None] * 4


def test_state_goes_on_and_survives_pickling() -> None:
    call = {"completions": ["1", "11a", "a"]}
    function = trl.reward(digits | rs.Normalize(), name="n")
    first = function(**call)
    copy = pickle.loads(pickle.dumps(function))
    second = function(completions=["a", "a", "1a"])
    assert copy(completions=["a", "a", "1a"]) == second
    whole = (digits | rs.Normalize())({"completion": [*call["completions"], "a", "a", "1a"]})
    assert second == pytest.approx(whole[3:].tolist())
    assert first != second


def test_progress_of_the_training() -> None:
    class State:
        global_step, max_steps = 3, 12

    @rs.term
    def late(progress: Any, step: Any) -> Any:
        return np.float64(progress + step)

    assert trl.reward(late, COLUMNS)(completions=["a", "b"], trainer_state=State()) == [3.25, 3.25]


@pytest.mark.slow
def test_async_functions_run_together() -> None:
    function = trl.reward(exact, asynchronous=True)
    from trl.trainer.utils import get_callable_name, is_async_callable

    assert is_async_callable(function)
    assert not is_async_callable(trl.reward(exact))
    assert get_callable_name(function) == "exact"

    async def both() -> Any:
        return await asyncio.gather(function(**CALL), function(**CALL))

    assert asyncio.run(both()) == [[1.0, 0.0, 0.0]] * 2


def _in_child(function: Any, answers: Any) -> None:
    answers.put((function.__name__, function(**CALL)))


def test_a_spawned_process_can_use_it() -> None:
    """AsyncGRPO pickles its reward functions for a child process."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=_in_child, args=(trl.reward(digits + exact, name="r"), answers))
    child.start()
    assert answers.get(timeout=60) == ("r", [2.0, 1.0, 0.0])
    child.join()


def test_components_share_one_evaluation() -> None:
    call = {
        "prompts": ["a", "a"],
        "completions": ["1", "x"],
        "completion_ids": [[1], [1, 2]],
        "answer": ["1", "1"],
    }
    parts = trl.components(shortest + 2.0 * exact)
    assert [part.__name__ for part in parts] == ["shortest", "exact"]
    CALLS.clear()
    assert [part(**call) for part in parts] == [[1.0, 0.0], [2.0, 0.0]]
    assert CALLS == [2]
    assert parts[0](**call) == [1.0, 0.0]  # the same batch once more is a new question
    assert parts[1](**call | {"completions": ["2", "1"]}) == [0.0, 2.0]
    assert CALLS == [2, 2, 2]
    copies = pickle.loads(pickle.dumps(parts))
    assert [part(**call) for part in copies] == [[1.0, 0.0], [2.0, 0.0]]
    with pytest.raises(BadInput, match="a constant has no parts"):
        trl.components(exact, on_error=0.0)


def test_pairs_are_the_best_and_worst_of_a_group() -> None:
    prompts, texts = ["p"] * 4 + ["q"] * 2 + ["r"] * 2, list("abcdefgh")
    scores = [0.5, None, 2.0, -1.0, 3.0, 3.0, 1.0, float("nan")]
    assert trl.pairs(prompts, texts, scores, with_margin=True) == [
        {"prompt": "p", "chosen": "c", "rejected": "d", "margin": 3.0}
    ]
    assert trl.pairs(prompts, texts, scores, margin=3.0) == []
    twice = trl.pairs(["p"] * 4, list("abcd"), [0.0, 1.0, 3.0, 2.0], group_size=2)
    assert [(row["chosen"], row["rejected"]) for row in twice] == [("b", "a"), ("c", "d")]
    with pytest.raises(BadInput, match="as many of each"):
        trl.pairs(["p"], ["a", "b"], [1.0])
    with pytest.raises(BadInput, match="margin"):
        trl.pairs(["p"], ["a"], [1.0], margin=float("nan"))


# ---------------------------------------------------------------------- real trainers
@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import torch

    before = torch.get_num_threads()
    yield str(tiny_model.make(tmp_path_factory.mktemp("model")))
    torch.set_num_threads(before)


def _arguments(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "save_strategy": "no",
        "per_device_train_batch_size": 8,
        "max_steps": 2,
        "logging_steps": 1,
        "learning_rate": 1e-3,
        "disable_tqdm": True,
        "seed": 0,
        **more,
    }


ONLINE = {"num_generations": 4, "max_completion_length": 12}


class Recorder:
    """A reward function of no weight that keeps what TRL passed."""

    __name__ = "recorder"

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **call: Any) -> list[float]:
        self.calls.append(call)
        return [0.0] * len(call["completions"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
@pytest.mark.parametrize("kind", ["GRPO", "RLOO"])
def test_training(kind: str, model: str, tmp_path: Path) -> None:
    """The parts that TRL logs are those of a slow loop over what it passed."""
    import trl as real

    arguments = getattr(real, f"{kind}Config")(**_arguments(tmp_path, **ONLINE, max_steps=3))
    recorder = Recorder()
    function = trl.reward(REWARD, COLUMNS, name="sums", group_size=4, on_error="raise")
    data = tiny_model.sums(8)
    trainer = getattr(real, f"{kind}Trainer")(
        model=model, reward_funcs=[function, recorder], args=arguments, train_dataset=data
    )
    trainer.train()
    history = [line for line in trainer.state.log_history if "reward" in line]
    assert len(history) == len(recorder.calls) == 3
    seen: list[dict[str, float]] = []
    for line, call in zip(history, recorder.calls, strict=True):
        rows = zip(call["completions"], call["answer"], call["completion_ids"], strict=True)
        expected = [_by_hand(*row) for row in rows]
        seen += expected
        for name in ("digits", "exact", "brevity", "clip"):
            assert line[f"sums/{name}"] == pytest.approx(np.mean([each[name] for each in expected]), abs=1e-6)
        mean = np.mean([sum(each.values()) for each in expected])
        assert line["rewards/sums/mean"] == pytest.approx(mean, abs=1e-6)
        assert line["sums/no_verdict"] == 0.0
    gates = [share["brevity"] > 0 for share in seen]
    assert any(gates)  # the gate was open for some ...
    assert not all(gates)  # ... and shut for others


def _by_hand(text: str, answer: str, ids: list[int]) -> dict[str, float]:
    share = sum(c.isdigit() for c in text) / max(1, len(text))
    parts = {"digits": share, "exact": 2.0 * (text.strip() == answer)}
    parts["brevity"] = 0.2 * (1 - len(ids) / 16) if share > 0.1 else 0.0
    total = sum(parts.values())
    return parts | {"clip": min(2.0, max(-1.0, total)) - total}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
def test_training_without_verdict_and_with_errors(model: str, tmp_path: Path) -> None:
    from trl import GRPOConfig, GRPOTrainer

    data = tiny_model.sums(8)

    def train(function: Any, **more: Any) -> dict[str, float]:
        arguments = GRPOConfig(**_arguments(tmp_path, **ONLINE, max_steps=1, **more))
        trainer = GRPOTrainer(model=model, reward_funcs=function, args=arguments, train_dataset=data)
        trainer.train()
        return trainer.state.log_history[0]

    some = train(trl.reward(digits + even_only, COLUMNS, name="some"), per_device_train_batch_size=32)
    assert 0 < some["some/no_verdict"] < 1
    assert some["some/even_only"] == 1.0
    assert some["rewards/some/mean"] > 1.0  # of those with a verdict
    none = train(trl.reward(broken, COLUMNS))
    assert none["reward"] is None  # TRL's way to write NaN into its history
    assert none["broken/no_verdict"] == 1.0
    assert none["grad_norm"] == 0.0
    assert train(trl.reward(broken, COLUMNS, on_error=-1.0))["rewards/broken/mean"] == -1.0
    with pytest.raises(ValueError, match="a fault of the reward"):
        train(trl.reward(broken, COLUMNS, on_error="raise"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
def test_training_on_parts_of_conversations(model: str, tmp_path: Path) -> None:
    """GDPO: one column for each part, one of them awaited, chat format."""
    from trl import GRPOConfig, GRPOTrainer

    arguments = GRPOConfig(**_arguments(tmp_path, **ONLINE, multi_objective_aggregation="normalize_then_sum"))
    functions: list[Any] = trl.components(digits + rs.gate(brevity, when=digits), COLUMNS, on_error="raise")
    functions.append(trl.reward(exact, COLUMNS, asynchronous=True))
    trainer = GRPOTrainer(
        model=model, reward_funcs=functions, args=arguments, train_dataset=tiny_model.sums(8, chat=True)
    )
    trainer.train()
    for line in trainer.state.log_history[:2]:
        assert {"rewards/digits/mean", "rewards/brevity/mean", "rewards/exact/mean"} <= set(line)
        assert np.isfinite(line["loss"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
def test_pairs_train_dpo_and_reward_models(model: str, tmp_path: Path) -> None:
    import trl as real
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification

    prompts = [text for text in tiny_model.sums(8)["prompt"] for _ in range(3)]
    texts = ["7", "a number", "12 or so"] * 8
    scores = trl.reward(digits)(prompts=prompts, completions=texts)
    rows = Dataset.from_list(trl.pairs(prompts, texts, scores, with_margin=True))
    assert rows[0]["chosen"] == "7"
    assert rows[0]["rejected"] == "a number"
    dpo = real.DPOTrainer(
        model=model,
        ref_model=None,
        args=real.DPOConfig(**_arguments(tmp_path, max_steps=4)),
        train_dataset=rows.remove_columns("margin"),
    )
    dpo.train()
    losses = [line["loss"] for line in dpo.state.log_history if "loss" in line]
    assert losses[0] == pytest.approx(np.log(2), abs=1e-3)  # policy = reference
    assert losses[-1] < losses[0] - 0.01
    scorer = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1)
    arguments = real.RewardConfig(**_arguments(tmp_path, max_steps=4))
    real.RewardTrainer(
        model=scorer, processing_class=tiny_model.tokenizer(), args=arguments, train_dataset=rows
    ).train()
