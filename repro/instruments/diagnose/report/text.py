"""Show a diagnosis: in the terminal, as tables, as files."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from repro.instruments.diagnose.report.diagnosis import Diagnosis

SHOWN = 8
HEADLINES = {
    "fine": "Nothing wrong was found: the fit is fine, and no change that was tried helps.",
    "better": "Nothing wrong was found: the fit is fine. One change still gains: {change}.",
    "proven": "Cause: {cause}. Smallest change that recovers: {change}.",
    "not proven": "Something is wrong, but no change that was tried recovers it.{suspect}",
}


def table(diagnosis: "Diagnosis") -> pd.DataFrame:
    """One row a change, best first, after the network as it is; see `Diagnosis.table`."""
    proof, chosen = diagnosis.proof, diagnosis.smallest
    retuned = {r.change.key: r for r in proof.retuned}
    n = len(diagnosis.case.seeds)
    as_is = {
        "change": "as_is",
        "says": "as it is",
        "size": 0,
        "n": n,
        "fails": proof.original.fails,
    }
    rows: list[dict[str, Any]] = [as_is | {"skill": float(proof.original.test.mean())}]
    for judged in proof.judged:
        change, tuned = judged.change, retuned.get(judged.change.key)
        rows.append({
            "change": change.key, "says": change.title, "size": change.size, "skill": judged.skill,
            "gain": judged.gain, "ci_low": judged.low, "ci_high": judged.high,
            "superiority": judged.superiority, "n": n, "helps": judged.helps,
            "recovers": judged.recovers, "smallest": judged is chosen,
            "retuned_gain": tuned.gain if tuned else np.nan,
            "retuned_low": tuned.low if tuned else np.nan,
            "retuned_high": tuned.high if tuned else np.nan,
            "through_rate": tuned.through_rate if tuned else None,
            "fails": judged.trained.fails,
        })  # fmt: skip
    columns = ["change", "says", "size", "skill", "gain", "ci_low", "ci_high", "superiority", "n"]
    columns += ["helps", "recovers", "smallest", "retuned_gain", "retuned_low", "retuned_high"]
    return pd.DataFrame(rows, columns=[*columns, "through_rate", "fails"])


def symptom_table(diagnosis: "Diagnosis") -> pd.DataFrame:
    """One row a symptom: what was measured, the definition, the threshold and its source."""
    return pd.DataFrame(
        [
            {
                "symptom": s.key, "says": s.says, "value": s.value,
                "threshold": s.definition.threshold, "definition": s.definition.definition,
                "source": s.definition.source,
            }
            for s in diagnosis.symptoms
        ],
        columns=["symptom", "says", "value", "threshold", "definition", "source"],
    )  # fmt: skip


def render(diagnosis: "Diagnosis") -> Iterator[Any]:
    """Yield what the terminal shows."""
    from rich.text import Text

    yield Text(headline(diagnosis), style="bold")
    yield Text("")
    if diagnosis.findings:
        yield Text("What was measured, from cause to symptom", style="bold")
        main = diagnosis.cause or diagnosis.findings[0].key
        for finding in sorted(diagnosis.findings, key=lambda f: f.key != main):
            mark = "proven" if finding.key == diagnosis.cause else "not proven"
            if diagnosis.verdict == "fine":
                mark = "does no harm"
            yield Text(f"• {finding.title} ({mark})", style="cyan")
            yield Text(f"  {finding.chain} {finding.ends if finding.key == main else ''}".rstrip())
    else:
        yield Text("No symptom was found." if not diagnosis.failures else _failures(diagnosis))
    yield Text("")
    yield _changes(diagnosis)
    yield from (Text(line) for line in _remarks(diagnosis))
    if diagnosis.code:
        yield Text("\nTo paste:", style="bold")
        yield Text(diagnosis.code, style="green")


def headline(diagnosis: "Diagnosis") -> str:
    """The verdict in a sentence."""
    from repro.instruments.diagnose.symptoms.causes import CAUSES

    cause = CAUSES[diagnosis.cause].title if diagnosis.cause else ""
    if diagnosis.verdict == "not proven" and cause:
        return f"Likely cause, which no change can prove: {cause}."
    change = diagnosis.smallest.change.title if diagnosis.smallest else ""
    verdict = "better" if diagnosis.verdict == "fine" and change else diagnosis.verdict
    first = next((finding.title for finding in diagnosis.findings), "")
    suspect = f" First suspect: {first}." if first else ""
    return HEADLINES[verdict].format(cause=cause, change=change, suspect=suspect)


def _failures(diagnosis: "Diagnosis") -> str:
    return "; ".join(symptom.says for symptom in diagnosis.failures)


def _changes(diagnosis: "Diagnosis") -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    case = diagnosis.case
    title = f"Skill on {case.tested_on}: 0 the best constant, 1 perfect; {len(case.seeds)} seeds"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("change", overflow="fold", min_width=18)
    for heading in ("edits", "skill", "gained", "95 % interval", "P(better)", "recovers"):
        shown.add_column(heading, justify="right", no_wrap=True)
    original = diagnosis.proof.original
    shown.add_row("as it is", "", f"{original.test.mean():.2f}", "", "", "", "")
    for judged in diagnosis.proof.judged[:SHOWN]:
        mark = "yes" if judged.recovers else "helps" if judged.helps else "no"
        mark = "smallest" if judged is diagnosis.smallest else mark
        style = "green" if judged.recovers else ""
        shown.add_row(
            Text(judged.change.title, style=style), str(judged.change.size), f"{judged.skill:.2f}",
            f"{judged.gain:+.2f}", f"{judged.low:+.2f}…{judged.high:+.2f}",
            f"{judged.superiority:.2f}", mark,
        )  # fmt: skip
    return shown


def _remarks(diagnosis: "Diagnosis") -> Iterator[str]:
    proof, case = diagnosis.proof, diagnosis.case
    for tuned in proof.retuned:
        gain = f"{tuned.gain:+.3f} ({tuned.low:+.3f} … {tuned.high:+.3f})"
        rates = f"rates × {tuned.factor:g} and × {tuned.factor_original:g} for the original"
        if tuned.through_rate:
            yield f"{tuned.change.title}: helps only through the rate; at the best {rates}: {gain}"
        else:
            yield f"{tuned.change.title}: not a matter of the rate; at the best {rates}: {gain}"
    linear, chosen = diagnosis.examination.linear, diagnosis.change
    if chosen and linear - chosen.skill > proof.margin:
        text = f"Even so, its skill of {chosen.skill:.2f} is below that of ridge regression"
        yield f"{text} ({linear:.2f}): something else is wrong, too, or training is too short."
    hidden = len(proof.judged) - SHOWN
    if hidden > 0:
        yield f"{hidden} more changes were tried that gained less."
    rule = f"Helps: the interval is above 0 and the gain at least {proof.margin:.2f}."
    yield f"{rule} Recovers: nine tenths of the best gain, or the margin from it."
    yield from case.notes
    if case.cut_short and any(s.key == "slow" for s in diagnosis.symptoms):
        text = "The trainings here are shorter than yours and the loss still falls: what only makes"
        yield f"{text} learning faster may not matter to you."
    if proof.left_out:
        yield f"Left out for want of time or rows: {', '.join(proof.left_out)}."
    yield f"{case.epochs} epochs, {case.steps:,} steps; {diagnosis.seconds:.0f} s."


def as_text(diagnosis: "Diagnosis", width: int = 100) -> str:
    """What the terminal shows, without colours."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(diagnosis)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def save(diagnosis: "Diagnosis", folder: Any) -> None:
    """Write report, tables and figures into a folder, which is made if need be."""
    from repro.instruments.diagnose.report.figures import draw_figures
    from repro.store.tables import write_table

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "diagnosis.txt").write_text(as_text(diagnosis), encoding="utf-8")
    write_table(table(diagnosis), folder / "changes.csv")
    write_table(symptom_table(diagnosis), folder / "symptoms.csv")
    draw_figures(diagnosis, folder)
