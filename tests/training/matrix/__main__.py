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


def row(heading: str, name: str, outcome: Outcome) -> str:
    """Return a line of the table."""
    said = f"{outcome.verdict}: {outcome.why}" if outcome.why else outcome.verdict
    if outcome.mistake:
        said += f"; MISTAKE: {outcome.mistake}"
    return f"| {heading} | {name} | {said.replace('|', '/')} |"


if __name__ == "__main__":
    print("| kind | name | fit_seeds |\n|---|---|---|")
    for outcome in outcomes(sys.argv[1:]):
        print(row(*outcome), flush=True)
