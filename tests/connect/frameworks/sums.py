"""The reward that every framework loads: how well a small sum is solved."""

import rewardsmith as rs


@rs.term
def exact(completion, reference):
    return [None if b is None else float(a.strip() == b) for a, b in zip(completion, reference, strict=True)]


@rs.term
def brevity(completion):
    return [1.0 / (1 + len(text.strip())) for text in completion]


@rs.term
def fragile(completion):
    if "crash" in completion:
        raise ValueError("this completion cannot be read")
    return [0.0 for _ in completion]


reward = exact + 0.5 * rs.gate(brevity, when=exact) + fragile | rs.Clip(-1, 2)

# completion, right answer, total (None: no verdict), and the parts exact, brevity, fragile, clip
CASES = (
    ("2", "2", 1.25, (1.0, 0.25, 0.0, 0.0)),
    ("3", "2", 0.0, (0.0, 0.0, 0.0, 0.0)),
    ("2", None, None, None),
    ("crash", "2", None, None),
)
NAMES = ("exact", "brevity", "fragile", "clip")
