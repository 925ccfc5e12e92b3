"""Text rewards whose verdict is known."""

from __future__ import annotations

from rewardsmith import Clip, Reward, gate, minimum, terms

from ..entry import AMODEI, SKALSE, Entry
from . import verifiers as v
from .data import Rows, capitals, choices, claims, days, decimals, fractions, lists, sentences, sums, targets

CISCO = (
    "gradients of 'substring in output' in public reinforcement learning code (an issue about it: cisco #679)"
)
GYM = "reasoning-gym 0.1.25, default `score_answer`"
R1 = "DeepSeek-AI 2025, 'DeepSeek-R1', arXiv:2501.12948, section 2.2.2"
SINGHAL = "Singhal et al. 2023, 'A Long Way to Go: Length Correlations in RLHF', arXiv:2310.03716"
ZHAO = "Zhao et al. 2025, 'One Token to Fool LLM-as-a-Judge', arXiv:2507.08794"
PAULUS = "Paulus et al. 2017, arXiv:1705.04304, section 5 (ROUGE rises, readability falls)"
TINYZERO = "Pan et al. 2025, TinyZero, countdown (its scorer checks the numbers used; this one does not)"
FAIL_FAST = "a length penalty without a gate 'teaches fail fast' (an issue of prime-rl, #3376)"
EXIT_ZERO = "a program that ends with 0 is paid (an issue of hermes, #18096)"
MATH = "Hendrycks et al. 2021, MATH (exact match of normalised answers)"
DEMYSTIFYING = "Yeo et al. 2025, 'Demystifying Long Chain-of-Thought Reasoning', arXiv:2502.03373"
LAMBERT = "Lambert et al. 2024, 'Tulu 3', arXiv:2411.15124 (verifiable rewards)"
DOCS = "docs/terms.md"
OWN = "a defect of many graders, made for this corpus"

BOX, TAGS = r"\boxed{{}}", "<answer>{}</answer>"
THOUGHT = "<think>I add them up.</think>\n"


def bad(name: str, reward: Reward, data: Rows, wrong: str, families: tuple[str, ...], source: str) -> Entry:
    """A grader that pays what does not deserve it, or breaks."""
    return Entry(name, reward, True, source, wrong, families, None, data)


def good(name: str, reward: Reward, data: Rows, why: str, source: str) -> Entry:
    """A grader that pays right answers only."""
    return Entry(name, reward, False, source, why, (), None, data)


_CITY = terms.matches(pattern=r"(?s).*(Paris|Rome|Tokyo|Nairobi|Lima|Oslo|Cairo|Ottawa|Santiago|Havana).*")
_TAGGED = terms.exact_answer(find="tags")
_LAYOUT = terms.think_format(answer_tags=True)
_WAIT = terms.phrase_count(phrases=("wait", "therefore", "let me check", "step by step"))

ENTRIES = (
    bad("substring", v.contains, sums(), "the answer may stand anywhere, among others", ("A12",), CISCO),
    bad("any_number", v.any_number, sums(), "list many numbers and one will be right", ("A12",), CISCO),
    bad("starts_right", v.starts_right, sums(), "42 is the beginning of 427 and of '42, or 43'", ("A12",), OWN),
    bad("wrong_way_round", v.contained, capitals(), "the empty text stands in every text", ("A11", "A15"), OWN),
    bad(
        "format_only",
        terms.think_format,
        sums(THOUGHT + "{}"),
        "tags are paid, answers are not",
        ("A11", "A15"),
        R1,
    ),
    bad(
        "format_outweighs",
        0.2 * _TAGGED + 0.8 * _LAYOUT,
        sums(THOUGHT + TAGS),
        "four fifths are paid without an answer",
        ("A11", "A15"),
        R1,
    ),
    bad(
        "reasoning_words", _WAIT, sums(), "pays for the words of reasoning", ("A10", "A11", "A17"), DEMYSTIFYING
    ),
    bad(
        "longest_answer",
        0.01 * terms.word_count,
        capitals(),
        "the longer the better",
        ("A10", "A11", "A17"),
        SINGHAL,
    ),
    bad(
        "length_beside_answer",
        terms.exact_answer + 0.01 * terms.word_count,
        sums(BOX),
        "a hundred words are worth a right answer",
        ("A11", "A17"),
        SINGHAL,
    ),
    bad("obedient_judge", v.obedient_judge, sums(), "the completion tells it the score", ("A16",), ZHAO),
    bad("impressed_judge", v.impressed_judge, capitals(), "sounding sure is enough", ("A16",), ZHAO),
    bad(
        "every_capital", _CITY, capitals(), "the pattern accepts every answer of the data", ("A12", "A15"), OWN
    ),
    bad("prompt_words", v.prompt_words, sentences(), "repeating the prompt is best", ("A10", "A11"), AMODEI),
    bad(
        "unigram_recall", v.unigram_recall, sentences(), "more words never cost", ("A12", "A15", "A17"), PAULUS
    ),
    bad(
        "word_order",
        terms.word_cosine,
        sentences(),
        "a list of the words in any order is a full answer",
        ("A12", "A15"),
        PAULUS,
    ),
    bad("lenient_parser", v.lenient_parser, sums(), "what cannot be read is right", ("A11",), OWN),
    bad("only_digits", v.only_digits, sums(), "signs and words are dropped: -43 is 43", ("A12", "A15"), OWN),
    bad("share_of_text", v.share_of_text, sums(), "an answer in filler earns its share", ("A12",), GYM),
    bad("names_letter", v.names_letter, choices(), "most texts have an A in them", ("A11", "A12", "A15"), OWN),
    bad("whole_tolerance", terms.numeric_answer(relative=1.0), sums(BOX), "0 is within 100 %", ("A15",), OWN),
    bad("brevity", v.brevity, sums(), "nothing is shorter than no answer", ("A10", "A11"), FAIL_FAST),
    bad(
        "coin", v.coin, sums(), "the same text is paid differently when asked again", ("A10", "A13", "R7"), OWN
    ),
    bad("fragile", v.fragile, sums('{"answer": "{}"}'), "raises on most texts", ("A10", "A13", "R7"), OWN),
    bad(
        "says_passed",
        v.says_passed,
        sums("{} passed"),
        "saying 'passed' is enough",
        ("A11", "A12", "A15", "A16"),
        EXIT_ZERO,
    ),
    bad(
        "counts_citations",
        v.counts_citations,
        sentences("{} [1] [2] [3]"),
        "citations are paid, whatever they cite",
        ("A11", "A15"),
        SKALSE,
    ),
    bad(
        "any_expression",
        v.reaches_target,
        targets(),
        "the target itself is an expression",
        ("A11", "A12", "A15"),
        TINYZERO,
    ),
    good("exact_boxed", terms.exact_answer, sums(BOX), "every marked answer must be right", MATH),
    good("numeric_boxed", terms.numeric_answer, sums(BOX), "every marked number must be right", LAMBERT),
    good("exact_tags", _TAGGED, capitals(TAGS), "every marked answer must be right", LAMBERT),
    good(
        "exact_whole",
        terms.exact_answer(find="whole", fold_case=True),
        capitals(),
        "nothing but the answer",
        MATH,
    ),
    good("formula", terms.math_answer, fractions(BOX), "equal as formulas", MATH),
    good(
        "decimals",
        terms.numeric_answer(absolute=5e-5),
        decimals(BOX),
        "a tolerance below the last place",
        LAMBERT,
    ),
    good("answer_times_layout", _TAGGED * _LAYOUT, sums(THOUGHT + TAGS), "both or nothing", R1),
    good("least_of_both", minimum(_TAGGED, _LAYOUT), capitals(THOUGHT + TAGS), "the smaller one", R1),
    good(
        "a_little_for_layout", _TAGGED + 0.05 * _LAYOUT, sums(THOUGHT + TAGS), "layout is worth a twentieth", R1
    ),
    good(
        "brief_if_right",
        terms.exact_answer + 0.2 * gate(v.brief, when=terms.exact_answer),
        sums(BOX),
        "brevity counts for right answers only",
        FAIL_FAST,
    ),
    good("plus_minus_one", 2.0 * terms.exact_answer - 1.0, capitals(BOX), "1 or -1", LAMBERT),
    good("clipped", 3.0 * terms.numeric_answer | Clip(0.0, 1.0), sums(BOX), "clipped to 0 and 1", LAMBERT),
    good("json_answer", v.json_answer, sums('{"answer": "{}"}'), "one object with one key", DOCS),
    good(
        "final_line",
        v.final_line,
        choices("I compare them.\nAnswer: {}"),
        "one marked line, at the end",
        LAMBERT,
    ),
    good(
        "yes_or_no", terms.exact_answer(find="tags", fold_case=True), claims(TAGS), "one marked word", LAMBERT
    ),
    good("iso_date", terms.exact_answer(find="whole"), days(), "nothing but the date", LAMBERT),
    good("sorted_list", v.same_list, lists(), "the same numbers in the same order", LAMBERT),
    good("countdown", v.uses_numbers, targets(), "value and numbers are checked", TINYZERO),
    good("choice_tags", terms.exact_answer(find="tags"), choices(TAGS), "one marked letter", LAMBERT),
    good(
        "percent",
        terms.numeric_answer(percent="ignore", relative=1e-4),
        decimals(BOX),
        "a small tolerance",
        LAMBERT,
    ),
)
