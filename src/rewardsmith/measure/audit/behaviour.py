"""How a grader behaves, whatever it pays: exceptions, hangs, other answers to the same question."""

from __future__ import annotations

from ..check.finding import Code, Level

RAISES = Code(
    "A130",
    "raises",
    Level.ERROR,
    why="Trainers do not catch it: one odd completion ends the training, or costs the verdict of a whole "
    "batch.",
    fix="Say what such a completion is worth (usually the lowest score), or return None for no verdict.",
    how="Every completion of the audit; those for None are a warning.",
    source="reasoning-gym 0.1.25, `prime_factorization` on text that is no number",
)
HANGS = Code(
    "A131",
    "does not come back",
    Level.ERROR,
    why="One degenerate completion holds up every accelerator of the training.",
    fix="Bound what is parsed (length, depth, exponents), write patterns that cannot backtrack without end, "
    "and run the rest with a deadline that ends it: `@term(each=True, timeout=...)`.",
    how="Every call has a deadline (5 s) in a process that is ended; long, deep and huge inputs are among "
    "them.",
    source="verl issue 6673: one sample that math-verify could not finish froze all GPUs",
)
SLOW = Code(
    "A132",
    "slow",
    Level.WARNING,
    why="Grading holds up the next batch: 1 s a completion is 17 minutes for 1024 of them.",
    fix="Compile patterns and load models once; run samples concurrently (`@term(each=True)`).",
    how="99th percentile of the time of single calls, without the first; above 1 s is reported.",
)
CHANGES = Code(
    "A133",
    "not repeatable",
    Level.ERROR,
    why="The same completion is paid differently when asked again: nothing can be repeated or compared.",
    fix="Take random numbers, clocks, counters and memories out of the grader; set the temperature of a "
    "judge to 0.",
    how="Up to 64 completions are graded three times, the last in a new process; any difference is reported.",
)
COMPANY = Code(
    "A134",
    "depends on the batch",
    Level.ERROR,
    why="What a completion earns depends on which others are graded with it, or on its place among them.",
    fix="Grade each completion for itself; put comparisons within a group into a transform of GROUP scope.",
    how="Up to 64 completions one by one, as one batch, and as one batch backwards.",
)
UNDECIDED = Code(
    "A135",
    "no verdict",
    Level.WARNING,
    why="Completions without a verdict are left out of the training: a policy that is about to be wrong "
    "escapes by writing what cannot be read.",
    fix="Give the lowest score to what cannot be read; keep None for failures that are not the completion's "
    "fault.",
    how="Share of wrong completions without a verdict (None and undecidable rows aside), above 5 %; "
    "as a note each long or deep input without one.",
)
INFINITE = Code(
    "A136",
    "infinite",
    Level.ERROR,
    why="One infinite value turns every parameter of the policy into NaN.",
    fix="Bound the score.",
    how="Every completion of the audit.",
)
RUNS = Code(
    "A137",
    "runs the completion",
    Level.ERROR,
    why="The model's text is executed with all rights of the training: it can read the answers, set its own "
    "reward, or end the job, and sooner or later it does.",
    fix="Parse with `json.loads` or `ast.literal_eval`, which execute nothing; run programs in a sandbox only.",
    how="An expression that leaves a mark in the process of the grader: alone, in a list, in a call, in a code "
    "block, and in the oracle's form.",
    source="reasoning-gym 0.1.25: nine scorers, such as `n_queens`, by eval() or by SymPy's parser",
)
ORACLE = Code(
    "A101",
    "right earns no more",
    Level.ERROR,
    why="The right answer does not earn more than plain wrong ones, so nothing right can be learned on these "
    "rows.",
    fix="Look at the rows: a wrong reference, an answer in another form than the grader reads, or a grader "
    "that does not compare.",
    how="The oracle of each row against the lowest of junk and other rows' answers; no verdict counts as "
    "refused.",
)
UNEVEN = Code(
    "A102",
    "oracles earn unequally",
    Level.NOTE,
    why="The best answer to some rows earns less than to others: fine for open answers, odd for right and "
    "wrong.",
    fix="Look at the lowest row; its reference may be wrong or its answer partly read.",
    how="Scores of the oracles; a range of more than a tenth of the largest is reported.",
)
CODES = (ORACLE, UNEVEN, RAISES, HANGS, SLOW, CHANGES, COMPANY, UNDECIDED, INFINITE, RUNS)

# What a parser may choke on: long, deep, huge, ambiguous.  They are graded under the deadline, on one row.
HARD: dict[str, str] = {
    "20,000 letters": "a" * 20_000 + "!",
    "20,000 blanks": " " * 20_000 + "x",
    "5,000 digits": "9" * 5_000,
    "3,000 brackets": "(" * 3_000 + ")" * 3_000,
    "open marks": r"\boxed{" * 500 + "<answer>" * 500,
    "open tags": "<think><answer>" * 2_000,
    "a tower of powers": "9**9**9**9",
    "a tower in LaTeX": r"10^{10^{10^{10}}}",
    "a factorial": "100000000!",
    "repeated words": "a b " * 4_000 + "!",
    "a number with e": "1e999999999",
    "lone surrogate": "\ud800",
}
