"""Print what became of every case, as a table for the documentation.

python -m tests.training.matrix [a word of the names …]
"""

import sys
from collections.abc import Iterator

from tests.training.matrix import cases, kinds, losses_and_metrics, optimizers
from tests.training.matrix.compare import Case, Outcome, compare


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


def table(rows: list[tuple[str, str, Outcome]]) -> Iterator[str]:
    """Yield the lines of a table: for each kind, all that came to the same end."""
    ends: dict[tuple[str, str], list[str]] = {}
    for heading, name, outcome in rows:
        ends.setdefault((heading, said(outcome).replace("|", "/")), []).append(name)
    yield "| kind | `fit_seeds` | names |\n| --- | --- | --- |"
    for (heading, end), names in sorted(ends.items(), key=lambda item: -len(item[1])):
        yield f"| {heading} | {end} | {', '.join(names)} |"


if __name__ == "__main__":
    rows = []
    for found in outcomes(sys.argv[1:]):
        rows.append(found)
        print(*found[:2], said(found[2]), sep=": ", file=sys.stderr, flush=True)
    print(*table(rows), sep="\n")
