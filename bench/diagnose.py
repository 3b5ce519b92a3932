"""`python -m bench.diagnose`: diagnose every patient, and compare with what is known to be wrong.

Patients are files in `bench/patients/`: `build`, `data`, the known `CAUSE` ("" for a healthy
network), and the `CHANGES` that count as right. Rows are written as they come in.
"""

import time
from pathlib import Path
from typing import Any

import click
import pandas as pd

from bench.pages import splice
from repro.findings.markdown import escaped, markdown_table

PATIENTS = Path(__file__).parent / "patients"
RESULTS = Path(__file__).parent / "results" / "diagnose.csv"
PUBLIC = "diagnose_public.csv"
PAGE = Path(__file__).parent.parent / "docs" / "diagnose.md"
DEADLINE = 3600.0  # seconds a patient: nothing is left out, however slow the machine


def patients() -> list[str]:
    """Return the names of the patients, the threads' first, the healthy ones last."""
    names = [path.stem for path in PATIENTS.glob("*.py") if path.stem != "small_data"]
    return sorted(names, key=lambda n: (n.startswith("healthy"), not n.startswith("thread"), n))


def diagnosed(name: str) -> tuple[dict[str, Any], Any]:
    """Diagnose one patient; return its row of the table, and the diagnosis."""
    from repro.instruments.diagnose import diagnose
    from repro.instruments.diagnose.setup.loading import load_data, load_object

    file = PATIENTS / f"{name}.py"
    known = {key: load_object(f"{file}:{key}") for key in ("CAUSE", "CHANGES", "EPOCHS")}
    data = load_data(f"{file}:data")
    start = time.process_time()
    diagnosis = diagnose(
        load_object(f"{file}:build"),
        data["x"],
        data["y"],
        validation_data=(data["x_val"], data["y_val"]) if "x_val" in data else None,
        epochs=known["EPOCHS"],
        batch_size=load_object(f"{file}:BATCH_SIZE"),
        budget=DEADLINE,
        retune=False,
    )
    seconds = round(time.process_time() - start)
    return _row(name, known, diagnosis) | {"cpu_seconds": seconds}, diagnosis


def _row(name: str, known: dict[str, Any], diagnosis: Any) -> dict[str, Any]:
    chosen, original = diagnosis.change, diagnosis.proof.original
    change = chosen.change.key if chosen else ""
    healthy = not known["CAUSE"]
    proven = diagnosis.verdict != "not proven"
    return {
        "patient": name,
        "known_cause": known["CAUSE"],
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "change": change,
        "skill": round(float(original.test.mean()), 3),
        "skill_changed": round(chosen.skill, 3) if chosen else None,
        "ci_low": round(chosen.gained.low, 3) if chosen else None,
        "ci_high": round(chosen.gained.high, 3) if chosen else None,
        "cause_right": diagnosis.cause == known["CAUSE"] and (proven or not known["CHANGES"]),
        "change_right": (change in known["CHANGES"]) if known["CHANGES"] else not change,
        "false_alarm": healthy and diagnosis.verdict != "fine",
    }


def page_of(text: str, rows: pd.DataFrame) -> str:
    """Return docs/diagnose.md with the tables of symptoms, patients and faults as they are now."""
    from bench.faults import contest

    text = splice(splice(text, "symptoms", symptoms()), "patients", confusion(rows))
    return splice(text, "public", contest.table("public", pd.read_csv(contest.RESULTS / PUBLIC)))


def symptoms() -> str:
    """Return every symptom's definition, threshold and source as a Markdown table."""
    from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS

    rows = [(d.title, d.measured, str(d.counts or "–"), d.source) for d in DEFINITIONS.values()]
    cells = [[escaped(cell) for cell in row] for row in rows]
    return markdown_table(("symptom", "what is measured", "counts if", "source"), cells)


def confusion(rows: pd.DataFrame) -> str:
    """Return the known causes beside those found, and how often they agree, as Markdown."""
    cells = []
    for row in rows.astype(object).where(rows.notna(), "").itertuples():
        cause = f"{row.cause or '–'} ({row.verdict}){'' if row.cause_right else ' **wrong**'}"
        change = f"{row.change or '–'}{'' if row.change_right else ' **wrong**'}"
        changed = f", {row.skill_changed:.2f}" if row.skill_changed != "" else ""
        known = row.known_cause or "healthy"
        cells.append((row.patient, known, cause, change, f"{row.skill:.2f}{changed}"))
    sick = rows[rows.known_cause.fillna("") != ""]
    healthy = rows[rows.known_cause.fillna("") == ""]
    headings = (
        "patient",
        "known cause",
        "found",
        "smallest change that recovers",
        "skill: before, after",
    )
    lines = [
        markdown_table(headings, cells),
        "",
        f"Causes right: {sick.cause_right.sum()} of {len(sick)} sick networks; smallest recovering "
        f"change right: {sick.change_right.sum()} of {len(sick)}; false alarms: "
        f"{healthy.false_alarm.sum()} of {len(healthy)} healthy networks.",
    ]
    missing = [name for name in patients() if name not in set(rows.patient)]
    if missing:
        lines.append(f"Not diagnosed with this version: {', '.join(missing)}.")
    return "\n".join(lines)


def record(row: dict[str, Any]) -> None:
    """Put one patient's row into the committed table, in place of its last one."""
    rows = [row]
    if RESULTS.exists():
        rows += pd.read_csv(RESULTS).to_dict("records")
    newest = {r["patient"]: r for r in reversed(rows)}
    kept = pd.DataFrame([newest[name] for name in patients() if name in newest])
    kept.to_csv(RESULTS, index=False, lineterminator="\n")


def compare(set_name: str, names: tuple[str, ...], budget: float, *, alone: bool) -> None:
    """Diagnose a set of published faults, beside two other ways unless it is to be alone."""
    from bench.faults import contest

    faults = [f for f in contest.fault_set(set_name) if not names or f.name in names]
    for fault in faults:
        rows = contest.contest(fault, budget, alone=alone)
        frame = contest.record(set_name, rows)
        causes = ", ".join(f"{row['method']}: {row['cause'] or '-'}" for row in rows)
        click.echo(f"{fault.name} ({rows[0]['causes']}) {rows[0]['verdict']}: {causes}")
    click.echo(contest.summary(frame).round(2).to_string())


@click.command()
@click.argument("names", nargs=-1)
@click.option("--show", is_flag=True, help="Print every report.")
@click.option("--set", "set_name", metavar="NAME", help="Published faults: bench/faults/NAME.py.")
@click.option("--budget", type=float, default=110.0, show_default=True, help="Of a set's faults.")
@click.option("--alone", is_flag=True, help="Of a set's faults: without the two other ways.")
def main(
    names: tuple[str, ...], show: bool, set_name: str | None, budget: float, alone: bool
) -> None:
    """Diagnose all patients, or those of these NAMES, and put their rows into the table."""
    from repro.training import quiet  # noqa: F401

    if set_name:
        compare(set_name, names, budget, alone=alone)
        return
    for name in names or patients():
        row, diagnosis = diagnosed(name)
        record(row)
        click.echo(
            f"{name}: {row['verdict']}, {row['cause'] or '-'} ({row['known_cause'] or '-'}), "
            f"{row['change'] or '-'} {'' if row['change_right'] else 'WRONG'}"
        )
        if show:
            click.echo(str(diagnosis))
            click.echo(diagnosis.table.round(3).to_string())
    page = page_of(PAGE.read_text(encoding="utf-8"), pd.read_csv(RESULTS))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m bench.diagnose")
