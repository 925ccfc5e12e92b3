"""Small data sets: prompt, reference, a completion that is right, and ``answer`` where that is no reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Rows = tuple[Mapping[str, Any], ...]

_SUMS = (
    (17, 26),
    (208, 39),
    (431, 118),
    (64, 7),
    (905, 87),
    (32, 32),
    (77, 18),
    (510, 245),
    (13, 9),
    (640, 61),
)
_CAPITALS = (
    *(("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo"), ("Kenya", "Nairobi"), ("Peru", "Lima")),
    *(("Norway", "Oslo"), ("Egypt", "Cairo"), ("Canada", "Ottawa"), ("Chile", "Santiago"), ("Cuba", "Havana")),
)
_FRACTIONS = (
    ("3", "4"),
    ("5", "8"),
    ("2", "7"),
    ("9", "10"),
    ("1", "6"),
    ("7", "12"),
    ("4", "15"),
    ("11", "13"),
)
_CHOICES = (
    ("Which is a mammal? A) trout B) whale C) crow D) frog", "B"),
    ("Which is a metal? A) iron B) sulphur C) neon D) wood", "A"),
    ("Which is a planet? A) Sirius B) the Moon C) Pluto's moon Charon D) Venus", "D"),
    ("Which is a prime? A) 21 B) 27 C) 31 D) 33", "C"),
    ("Which is a gas at room temperature? A) gold B) oxygen C) salt D) mercury", "B"),
    ("Which is the longest? A) one metre B) one foot C) one mile D) one inch", "C"),
    ("Which is a fruit? A) potato B) carrot C) onion D) pear", "D"),
    ("Which is a string instrument? A) cello B) horn C) drum D) flute", "A"),
)
_CLAIMS = (
    ("Is 91 a prime number?", "no"),
    ("Is the Nile longer than the Thames?", "yes"),
    ("Is ice heavier than the same volume of water?", "no"),
    ("Is 128 a power of two?", "yes"),
    ("Is a spider an insect?", "no"),
    ("Is helium lighter than air?", "yes"),
)
_DAYS = (
    ("the day after 28 February 2023", "2023-03-01"),
    ("the last day of 1999", "1999-12-31"),
    ("the day before 1 May 2010", "2010-04-30"),
    ("ten days after 5 June 2021", "2021-06-15"),
    ("the first day of 2024", "2024-01-01"),
    ("the day after 29 February 2024", "2024-03-01"),
)
_LISTS = (
    ("7, 2, 9", "2, 7, 9"),
    ("31, 5, 12, 8", "5, 8, 12, 31"),
    ("4, 44, 14", "4, 14, 44"),
    ("100, 10, 1", "1, 10, 100"),
    ("6, 3, 5, 1", "1, 3, 5, 6"),
    ("90, 19, 9", "9, 19, 90"),
)
_SENTENCES = (
    ("Who chased whom?", "the dog chased the grey cat over the wall"),
    ("Why does ice float?", "ice floats because it is less dense than water"),
    ("What do plants take in?", "plants take in carbon dioxide and give off oxygen"),
    ("What causes tides?", "the pull of the moon and the sun moves the water of the sea"),
    ("Who beat whom?", "the small team from the north beat the champions of the south"),
    ("What is a prime?", "a prime has exactly two divisors which are one and itself"),
)
_TARGETS = (
    ((3, 5, 7), 22, "3 * 5 + 7"),
    ((2, 9, 4), 14, "9 * 2 - 4"),
    ((6, 8, 10), 58, "6 * 8 + 10"),
    ((12, 3, 5), 9, "12 / 3 + 5"),
    ((7, 7, 2), 47, "7 * 7 - 2"),
    ((25, 4, 30), 130, "25 * 4 + 30"),
)


def _rows(pairs: tuple[tuple[str, str], ...], form: str, **columns: tuple[Any, ...]) -> Rows:
    return tuple(
        {
            "prompt": prompt,
            "reference": answer,
            "oracle": form.replace("{}", answer),
            **{name: values[i] for name, values in columns.items()},
        }
        for i, (prompt, answer) in enumerate(pairs)
    )


def sums(form: str = "{}") -> Rows:
    """Sums of two numbers."""
    return _rows(tuple((f"What is {a} + {b}?", str(a + b)) for a, b in _SUMS), form)


def capitals(form: str = "{}") -> Rows:
    """Capitals of countries."""
    return _rows(tuple((f"What is the capital of {land}?", city) for land, city in _CAPITALS), form)


def fractions(form: str = "{}") -> Rows:
    """Quotients as fractions."""
    answers = tuple(
        (f"What is {a} divided by {b}, as a fraction?", f"\\frac{{{a}}}{{{b}}}") for a, b in _FRACTIONS
    )
    return _rows(answers, form)


def decimals(form: str = "{}") -> Rows:
    """Quotients to four places."""
    return _rows(
        tuple(
            (f"What is {a} divided by {b}, to four places?", f"{int(a) / int(b):.4f}") for a, b in _FRACTIONS
        ),
        form,
    )


def choices(form: str = "{}") -> Rows:
    """Questions with four choices."""
    return _rows(_CHOICES, form)


def claims(form: str = "{}") -> Rows:
    """Questions of yes and no."""
    return _rows(_CLAIMS, form)


def days(form: str = "{}") -> Rows:
    """Dates."""
    return _rows(tuple((f"Write {words} as YYYY-MM-DD.", day) for words, day in _DAYS), form)


def lists(form: str = "{}") -> Rows:
    """Numbers to be sorted."""
    return _rows(tuple((f"Sort {given} in ascending order.", wanted) for given, wanted in _LISTS), form)


def sentences(form: str = "{}") -> Rows:
    """Questions that are answered in a sentence."""
    return _rows(_SENTENCES, form)


def targets(numbers: Callable[[tuple[int, ...]], str] = lambda given: ", ".join(map(str, given))) -> Rows:
    """Make a number from given ones; the reference is the target, the right completion an expression."""
    return tuple(
        {
            "prompt": f"Use each of {numbers(given)} once to make {target}.",
            "reference": str(target),
            "given": numbers(given),
            "answer": way,
            "oracle": way,
        }
        for given, target, way in _TARGETS
    )
