"""The ledger of a study: its results folder's README, made from the tables there."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from repro.findings.arms import Arms, arms_of
from repro.findings.markdown import escaped, markdown_table
from repro.findings.numbers import (
    ABSENT,
    digits_between,
    interval,
    marked_interval,
    number,
    number_list,
)
from repro.findings.statistics import unseen_share
from repro.findings.summary import named_runs, summarize
from repro.findings.wording import CAPTIONS, NO_VERDICT, counted, verdict_name, words
from repro.store.files import write_whole
from repro.store.provenance import Provenance
from repro.store.results import EDITED, read_results
from repro.study.models import Study
from repro.study.plan import differences
from repro.study.seeds import list_seeds

FILE = "README.md"
HEADING = """
# {name}: {title}

{question} {thread}. Why it happens, and which fixes help, is told
[on its page](../../docs/threads/{name}.md); variants, seeds and claims stand in
[the study file](../../experiments/{name}.toml).
"""
NUMBERS = """
## The thread's numbers beside ours

The metric is *{metric}*; {better} is better. A row is a variant with all of its runs. Those that
diverged or crashed have no number: they are counted in the last column, and in no mean. The
interval is that of the mean over seeds; where all runs have one number, it says so in its place.
{shared}
"""
CLAIMS = """
## The claims

Every claim of the thread (question, answer, comment) and of ours (us). The estimate is a mean over
seeds, a share of runs, or the mean difference between two variants run with the same seeds; test
and bound of each claim stand in the study file. A bound is set before any run, or else after some
seeds had been seen, which the table then names; such a claim is judged on other seeds alone. Of the
runs that a claim is judged on, those that diverged or crashed are counted behind n. A dagger (†)
marks an interval of 95 % that holds the mean of samples like its own in less than 93 % of cases.
What no seed has shown, no interval knows: {seeds} seeds can miss all runs of a kind that happens in
{unseen} of cases. [More on that](../../docs/statistics.md).
"""
ORIGIN = """
## How it was made

`{command}` with {package}, Python {python} and {libraries},
finished on {date}: {runs:,} runs{data} in {minutes} of computing. `python -m repro verify {name}`
runs them again and compares; `python -m repro ledger {name}` makes this page from the tables here.
"""


def write_ledger(study: Study, folder: Path, doubts: Collection[str] = ()) -> None:
    """Write `README.md` into a study's results folder; takes and raises what `read_ledger` does."""
    write_whole(folder / FILE, read_ledger(study, folder, doubts).encode())


def read_ledger(study: Study, folder: Path, doubts: Collection[str] = ()) -> str:
    """Return the ledger of what a study's results folder holds.

    Args:
        study: whose results they are.
        folder: the results folder.
        doubts: what is known not to be as it was written; the ledger begins with it.

    Raises:
        StudyError: if a table is not what it should be.
        OSError: if one can't be read.
    """
    tables = read_results(folder, study.name, anyway=bool(doubts))
    text = ledger(
        study,
        runs=tables.runs,
        claims=tables.claims if study.claims else pd.DataFrame(),
        provenance=tables.provenance,
        figures=[name for name in CAPTIONS if (folder / f"{name}.png").is_file()],
    )
    mark = f"> **These tables were {EDITED}:** {escaped('; '.join(doubts))}.\n\n" if doubts else ""
    return mark + text


def ledger(
    study: Study,
    *,
    runs: pd.DataFrame,
    claims: pd.DataFrame,
    provenance: Provenance,
    figures: Collection[str],
) -> str:
    """Return a study's ledger in Markdown.

    Args:
        study: what was studied.
        runs: its `runs.csv`.
        claims: its `claims.csv`.
        provenance: how the runs were made.
        figures: those of `CAPTIONS` that are in the results folder.
    """
    sections = [
        _heading(study),
        *(f"![{CAPTIONS[name].capitalize()}]({name}.png)" for name in figures),
        NUMBERS.format(
            better=study.better, metric=words(study.metric), shared=_shared_settings(study)
        ),
        numbers_table(study, runs),
        *([_about_claims(study), claims_table(study, claims, runs)] if len(claims) else []),
        _open_questions(study),
        _origin(study, provenance, len(runs)),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def numbers_table(study: Study, runs: pd.DataFrame) -> str:
    """Return the named variants as a Markdown table: the thread's numbers beside ours."""
    headings = ("variant", "the thread's", "ours: mean", "95 % interval")
    named = named_runs(study, runs)
    by_variant = named.groupby("variant")[study.metric]
    lowest, highest = by_variant.min(), by_variant.max()
    rows = [
        (
            escaped(study.variants[row.variant].label),
            number_list(study.variants[row.variant].quotes),
            number(row.mean, digits_between(row.ci_low, row.ci_high)),
            interval(row.ci_low, row.ci_high),
            interval(lowest[row.variant], highest[row.variant]),
            row.n,
            without_number({"diverged": row.diverged, "crashed": row.crashed}),
        )
        for row in summarize(study, named).itertuples()
    ]
    return markdown_table((*headings, "lowest … highest", "seeds", "left out"), rows)


def without_number(counts: Mapping[str, int]) -> str:
    """Return how many runs ended how, or a dash if all ended well."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or ABSENT


def claims_table(study: Study, claims: pd.DataFrame, runs: pd.DataFrame) -> str:
    """Return every claim with its verdict as a Markdown table."""
    arms = arms_of(runs)
    rows = [
        (
            f"`{row.claim}`",
            row.made_by,
            escaped(row.says),
            number(row.estimate, digits_between(row.ci_low, row.ci_high)),
            marked_interval(row.ci_low, row.ci_high, row.coverage),
            row.n,
            without_number(_ended_otherwise(row, arms)),
            _differences(study, row),
            row.bound_fixed,
            _verdict(row.verdict),
        )
        for row in claims.itertuples()
    ]
    headings = ("id", "by", "claim", "estimate", "95 % interval", "n", "of these")
    judgement = ("the two differ in", "bound set", "verdict")
    return markdown_table((*headings, *judgement), rows)


def _ended_otherwise(row: Any, arms: Arms) -> dict[str, int]:
    """Return how many of a claim's runs, of either variant, diverged or crashed."""
    seeds = list_seeds(row.seeds) if row.n else ()
    ours = [arms[name] for name in (row.variant, row.reference) if name in arms]
    statuses = [arm.loc[arm["seed"].isin(seeds), "status"] for arm in ours]
    return {
        name: sum(int((status == name).sum()) for status in statuses)
        for name in ("diverged", "crashed")
    }


def _differences(study: Study, row: Any) -> str:
    claim = study.claims.get(row.claim)
    return ", ".join(map(words, differences(study, claim))) if claim and claim.reference else ABSENT


def _shared_settings(study: Study) -> str:
    """Return the settings that all variants share, with their values."""
    if not study.fixed:
        return ""
    settings = ", ".join(f"{words(name)} {value}" for name, value in study.fixed.items())
    return f"\nAll variants have, unless they say otherwise: {escaped(settings)}."


def _heading(study: Study) -> str:
    thread = study.thread
    title = f"“{escaped(thread.title)}”"
    cited = f"[{title}](<{thread.link}>)" if thread.link else title
    return HEADING.format(
        name=study.name,
        title=escaped(study.title),
        question=escaped(study.question),
        thread=f"So asks thread {escaped(thread.source)}, {cited}",
    )


def _about_claims(study: Study) -> str:
    return CLAIMS.format(
        seeds=f"{study.seeds:,}", unseen=f"{number(100 * unseen_share(study.seeds), 2)} %"
    )


def _verdict(verdict: object) -> str:
    name = verdict_name(verdict)
    return name if name == NO_VERDICT else f"**{name}**"


def _open_questions(study: Study) -> str:
    if not study.open_questions:
        return ""
    items = [
        f"- {escaped(left.question)} Assumed: {escaped(left.assumption)}"
        for left in study.open_questions
    ]
    return "\n".join(["## Open questions", "", *items])


def _origin(study: Study, provenance: Provenance, runs: int) -> str:
    fingerprint = provenance.fingerprint
    minutes = max(1, round(provenance.seconds / 60))
    libraries = (f"{name} {version}" for name, version in fingerprint.libraries.items())
    return ORIGIN.format(
        name=study.name,
        command=" ".join(provenance.command.split()).replace("`", "'"),
        package=escaped(provenance.package),
        python=escaped(fingerprint.python),
        libraries=escaped(", ".join(libraries)),
        date=provenance.finished[:10],
        runs=runs,
        data=f" on {provenance.data}" if provenance.data else "",
        minutes=counted(minutes, "minute"),
    )
