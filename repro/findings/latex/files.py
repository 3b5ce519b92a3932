r"""LaTeX for an article: a study's numbers as macros, its tables, its figures.

Each study gets a folder of its own name: `numbers.tex` to be read in the preamble (it also holds
what the tables need), `variants.tex` (a `tabular`), `claims.tex` (a `longtable`), and figures as
PDF. They need the packages array, booktabs, graphicx and longtable, which needs LaTeX run twice.
Numbers have the places that give their interval three significant digits; those without one have
three of their own. `runs.pdf` and `learning_curves.pdf` are one column wide (3.33 inches),
`fixes.pdf` and `mechanism.pdf` two (7 inches); type is Computer Modern, 6 to 9 points, embedded as
TrueType. Macros are named after what they hold, digits
spelled:

    \mnistReluReluRawTestAccuracy           mean over seeds; ...Low, ...High, ...N; ...Quoted
    \mnistReluClaimReluBelowHalfEstimate    ...Low, ...High, ...N, ...P, ...Effect, ...Verdict
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from repro.findings.latex.pdf import pdf_figures
from repro.findings.latex.tex import ABSENT, UNICODE, escape, macro, number, p_value, places
from repro.findings.numbers import interval_placeholder
from repro.findings.summary import named_runs, summarize
from repro.findings.wording import verdict_name, words
from repro.study.errors import StudyError
from repro.study.models import Study

CLAIM_COLUMNS = r"l>{\raggedright\arraybackslash}p{0.27\linewidth}rrrrl"
Macros = dict[str, tuple[str, str]]  # name -> what it stands for, the TeX that it holds
NamedTeX = tuple[tuple[str, ...], str]  # the parts of a macro's name, the TeX that it holds


def latex_files(
    study: Study,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    claims: pd.DataFrame,
    *,
    mark: str = "",
) -> dict[str, bytes]:
    """Return a study's files by path, made from its tables: the same tables, the same bytes.

    A `mark` stands before each table and on each figure, and in the preamble as a comment.

    Raises:
        StudyError: if two numbers would get macros of one name.
    """
    warning = f"\\emph{{{escape(mark)}}}\\par\n" if mark else ""
    comment = f"% {' '.join(mark.split())}\n" if mark else ""
    texts = {
        "numbers.tex": comment + UNICODE + definitions(macros(study, runs, claims)),
        "variants.tex": warning + variants_table(study, runs),
        "claims.tex": warning + claims_table(claims),
    }
    files = {name: text.encode() for name, text in texts.items()}
    files |= pdf_figures(study, runs, curves, mark)
    return {f"{study.name}/{name}": content for name, content in files.items()}


def definitions(held: Macros) -> str:
    """Return the definitions of macros, one a line."""
    return "".join(f"\\newcommand{{\\{name}}}{{{tex}}}\n" for name, (_, tex) in held.items())


def macros(study: Study, runs: pd.DataFrame, claims: pd.DataFrame) -> Macros:
    """Return the macros of a study's named variants and of its claims."""
    held: Macros = {}
    for parts, tex in (
        *_study_macros(study),
        *_variant_macros(study, runs),
        *_claim_macros(study, claims),
    ):
        stands_for = " / ".join(parts)
        name = macro(*parts)
        if name in held:
            raise StudyError(
                f"{study.name}: macro \\{name} would stand for both {held[name][0]} and "
                f"{stands_for}; rename one of them"
            )
        held[name] = (stands_for, tex)
    return held


def _study_macros(study: Study) -> Iterator[NamedTeX]:
    yield (study.name, "title"), escape(study.title)
    yield (study.name, "question"), escape(study.question)
    yield (study.name, "metric"), escape(words(study.metric))
    yield (study.name, "seeds"), str(study.seeds)


def _variant_macros(study: Study, runs: pd.DataFrame) -> Iterator[NamedTeX]:
    for metric in dict.fromkeys([study.metric, *(c.metric for c in study.claims.values())]):
        for row in summarize(study, named_runs(study, runs), metric).itertuples():
            parts = (study.name, str(row.variant), metric)
            for suffix, tex in _estimate(row.mean, row.ci_low, row.ci_high, row.n).items():
                yield (*parts, suffix), tex
    for name, variant in study.variants.items():
        yield (study.name, name, "label"), escape(variant.label)
        if variant.quotes:
            quoted = ", ".join(map(number, variant.quotes))
            yield (study.name, name, study.metric, "quoted"), quoted


def _claim_macros(study: Study, claims: pd.DataFrame) -> Iterator[NamedTeX]:
    for row in claims.itertuples():
        parts = (study.name, "claim", str(row.claim))
        numbers = _estimate(row.estimate, row.ci_low, row.ci_high, row.n)
        yield (*parts, "estimate"), numbers.pop("")
        for suffix, tex in numbers.items():
            yield (*parts, suffix), tex
        yield (*parts, "p"), p_value(row.p_value, _at_most(row) or "=")
        yield (*parts, "effect"), number(row.effect_size)
        yield (*parts, "verdict"), verdict_name(row.verdict)
        yield (*parts, "says"), escape(row.says)


def _at_most(row: Any) -> str:
    r"""Return \le for a p-value that is the smallest of its test, else nothing."""
    return r"\le " if row.p_relation == "<=" else ""


def _estimate(value: float, low: float, high: float, n: int) -> dict[str, str]:
    digits = places(low, high)
    numbers = {"": value, "low": low, "high": high}
    texts = {suffix: number(limit, digits) for suffix, limit in numbers.items()}
    return texts | {"n": str(n)}


def variants_table(study: Study, runs: pd.DataFrame) -> str:
    """Return the named variants as a `tabular`: the thread's number beside ours."""
    rows = []
    for row in summarize(study, named_runs(study, runs)).itertuples():
        variant = study.variants[str(row.variant)]
        numbers = _estimate(row.mean, row.ci_low, row.ci_high, row.n)
        rows.append(
            {
                "Variant": escape(variant.label),
                "Group": escape(variant.group),
                "Thread": ", ".join(map(number, variant.quotes)) or ABSENT,
                "Mean": numbers[""],
                r"95\,\% interval": _interval(row, numbers),
                "Runs": numbers["n"],
                "Diverged": str(row.diverged or ABSENT),
            }
        )
    return _table(rows, "llrrrrr")


def claims_table(claims: pd.DataFrame) -> str:
    """Return the claims with their verdicts as a `longtable`."""
    rows = []
    for row in claims.itertuples():
        numbers = _estimate(row.estimate, row.ci_low, row.ci_high, row.n)
        rows.append(
            {
                "By": escape(row.made_by),
                "Claim": escape(row.says),
                "Estimate": numbers[""],
                r"95\,\% interval": _interval(row, numbers),
                "$p$": p_value(row.p_value, _at_most(row)),
                "Runs": numbers["n"],
                "Verdict": verdict_name(row.verdict),
            }
        )
    return _table(rows, CLAIM_COLUMNS, environment="longtable")


def _interval(row: Any, numbers: dict[str, str]) -> str:
    if ABSENT in numbers.values():
        return ABSENT
    return interval_placeholder(row.ci_low, row.ci_high) or f"[{numbers['low']}, {numbers['high']}]"


def _table(rows: list[dict[str, str]], columns: str, environment: str | None = None) -> str:
    styler = pd.DataFrame(rows).style.hide(axis="index")  # its cells are TeX already
    return str(styler.to_latex(hrules=True, column_format=columns, environment=environment))
