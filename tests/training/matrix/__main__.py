"""Print docs/fit-seeds-matrix.md, which says what became of every case.

python -m tests.training.matrix [a word of the names …]
"""

import sys
from collections.abc import Iterator

from tests.training.matrix import cases, kinds, losses_and_metrics, optimizers
from tests.training.matrix.compare import Case, Outcome, compare

PAGE = """# What is fused, and what is not

Layers, optimizers, losses and metrics of Keras 3.15, and models of other kinds, trained by
[`fit_seeds`](fit-seeds.md) and by `fit`. Their numbers agree; this page says which way
`fit_seeds` took. `python -m tests.training.matrix` prints it anew, in half an hour."""
REFUSED = (
    "`fit` itself refuses these, and so does `fit_seeds`: the embedding's sparse gradients can't "
    "be scaled or multiplied."
)
SECTIONS = {  # by verdict
    "fused": ("Fused", ""),
    "falls back": ("Falls back", "These are trained one seed at a time, by `fit` itself."),
    "refused": ("Refused", REFUSED),
}


def groups() -> Iterator[tuple[str, Case, list[Case]]]:
    """Yield a heading, a case of several things, and the cases of each alone."""
    known = {name: recipe for name, recipe in cases.layer_recipes().items() if recipe}
    for names in cases.layer_groups(known):
        each = [cases.layer_case([name], known) for name in names]
        yield "layer", cases.layer_case(names, known), each
    for name, make in optimizers.optimizer_recipes().items():
        case = optimizers.optimizer_case(name, make)
        yield "optimizer", case, [case]
    tables = losses_and_metrics
    for heading, case_of, recipes in (
        ("loss", tables.losses_case, tables.loss_recipes()),
        ("metric", tables.metrics_case, tables.metric_recipes()),
    ):
        for names in tables.groups(recipes):
            yield heading, case_of(names, recipes), [case_of([n], recipes) for n in names]
    for case in kinds.CASES:
        yield "model", case, [case]


def outcomes(words: list[str]) -> Iterator[tuple[str, str, Outcome]]:
    """Yield heading, name and outcome of each case whose name has one of the words."""
    for heading, case, each in groups():
        chosen = [c for c in each if not words or any(word in c.name for word in words)]
        if not chosen:
            continue
        whole = compare(case) if chosen == each else None
        if whole and (len(each) == 1 or (whole.verdict == "fused" and not whole.mistake)):
            yield from ((heading, one.name, whole) for one in each)
        else:
            yield from ((heading, one.name, compare(one)) for one in chosen)


def said(outcome: Outcome) -> str:
    """Return what became of a case, in a line."""
    text = f"{outcome.verdict}: {outcome.why}" if outcome.why else outcome.verdict
    return text + (f"; MISTAKE: {outcome.mistake}" if outcome.mistake else "")


def page(rows: list[tuple[str, str, Outcome]]) -> Iterator[str]:
    """Yield the lines of docs/fit-seeds-matrix.md."""
    yield PAGE
    for verdict, (heading, introduction) in SECTIONS.items():
        ends: dict[tuple[str, str], list[str]] = {}
        for kind, name, outcome in rows:
            if outcome.verdict == verdict:
                ends.setdefault((kind, reason(outcome)), []).append(name)
        yield f"\n## {heading}\n"
        yield from [f"{introduction}\n"] if introduction else []
        why = "" if verdict == "fused" else " why |"
        yield f"| kind | names |{why}\n| --- | --- |{why and ' --- |'}"
        for (kind, end), names in ends.items():
            yield f"| {kind} | {'; '.join(names)} |" + (f" {end} |" if end else "")


def reason(outcome: Outcome) -> str:
    """Return why a model was not fused, without the numbers that differ by seed."""
    why = outcome.why.partition(": ")[0] if outcome.verdict == "falls back" else outcome.why
    return (why + (f"; MISTAKE: {outcome.mistake}" if outcome.mistake else "")).replace("|", "/")


if __name__ == "__main__":
    rows = []
    for found in outcomes(sys.argv[1:]):
        rows.append(found)
        print(*found[:2], said(found[2]), sep=": ", file=sys.stderr, flush=True)
    print(*page(rows), sep="\n")
