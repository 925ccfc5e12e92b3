"""eval-protocol's own decorator, with a file that `rewardsmith export --for eval-protocol` wrote."""

import importlib.util
import sys

from eval_protocol import reward_function
from eval_protocol.models import EvaluateResult, Message
from sums import CASES, NAMES, reward

from rewardsmith.connect import eval_protocol

spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)


def rollout(text):
    return [{"role": "user", "content": "1+1"}, {"role": "assistant", "content": text}]


def check(result, total, parts):
    assert isinstance(result, EvaluateResult)
    assert result.is_score_valid == (total is not None), result
    assert abs(result.score - (total or 0.0)) < 1e-12, result
    assert tuple(result.metrics) == NAMES
    if parts is not None:
        assert all(abs(result.metrics[n].score - p) < 1e-12 for n, p in zip(NAMES, parts, strict=True))


batch = reward_function(eval_protocol.batch(reward), mode="batch")
results = batch(rollouts_messages=[rollout(text) for text, *_ in CASES], ground_truth=[b for _, b, *_ in CASES])
for (text, truth, total, parts), of_batch in zip(CASES, results, strict=True):
    check(exported.evaluate(messages=rollout(text), ground_truth=truth), total, parts)
    typed = [Message(**message) for message in rollout(text)]
    check(exported.evaluate(messages=typed, ground_truth=truth), total, parts)
    check(of_batch, total, parts)
