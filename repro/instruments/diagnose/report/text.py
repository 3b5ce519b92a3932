"""The text of a diagnosis, as the terminal shows it."""

from collections.abc import Iterator
from typing import Any

from repro.instruments.diagnose.proof.judge import Gain, Judged
from repro.instruments.diagnose.report.conclusion import Conclusion
from repro.instruments.diagnose.symptoms.causes import CAUSES

MOST_CHANGES = 8
HEADLINES = {
    "fine": "Nothing wrong was found: the fit is fine, and no change that was tried helps.",
    "better": "Nothing wrong was found: the fit is fine. One change still gains: {change}.",
    "proven": "Cause: {cause}. Smallest change that recovers: {change}.",
    "not proven": "Something is wrong, but no change that was tried recovers it.{suspect}",
}


def render(conclusion: Conclusion) -> Iterator[Any]:
    """Yield what the terminal shows."""
    from rich.text import Text

    yield Text(headline(conclusion), style="bold")
    yield Text("")
    yield from _findings(conclusion)
    yield Text("")
    yield _changes(conclusion)
    yield from (Text(line) for line in _remarks(conclusion))
    if conclusion.code:
        yield Text("\nTo paste:", style="bold")
        yield Text(conclusion.code, style="green")


def headline(conclusion: Conclusion) -> str:
    """Return the verdict in a sentence."""
    cause = CAUSES[conclusion.cause].title if conclusion.cause else ""
    if conclusion.verdict == "not proven" and cause:
        return f"Likely cause, which no change can prove: {cause}."
    change = conclusion.smallest.change.title if conclusion.smallest else ""
    verdict = "better" if conclusion.verdict == "fine" and change else conclusion.verdict
    first = next((finding.title for finding in conclusion.findings), "")
    suspect = f" First suspect: {first}." if first else ""
    return HEADLINES[verdict].format(cause=cause, change=change, suspect=suspect)


def _findings(conclusion: Conclusion) -> Iterator[Any]:
    from rich.text import Text

    if not conclusion.findings:
        failures = "; ".join(symptom.says for symptom in conclusion.failures)
        yield Text(failures or "No symptom was found.")
        return
    yield Text("What was measured, from cause to symptom", style="bold")
    main = conclusion.cause or conclusion.findings[0].key
    for finding in sorted(conclusion.findings, key=lambda f: f.key != main):
        mark = "proven" if finding.key == conclusion.cause else "not proven"
        if conclusion.verdict == "fine":
            mark = "does no harm"
        yield Text(f"• {finding.title} ({mark})", style="cyan")
        yield Text(f"  {finding.chain} {finding.ends if finding.key == main else ''}".rstrip())


def _changes(conclusion: Conclusion) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    setup, proof = conclusion.setup, conclusion.proof
    title = f"Skill on {setup.tested_on}: 0 the best constant, 1 perfect; {len(setup.seeds)} seeds"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("change", overflow="fold", min_width=18)
    for heading in ("edits", "skill", "gained", "95 % interval", "P(better)", "recovers"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_row("as it is", "", f"{proof.original.test.mean():.2f}", "", "", "", "")
    for judged in proof.judged[:MOST_CHANGES]:
        style = "green" if judged.recovers else ""
        shown.add_row(
            Text(judged.change.title, style=style),
            str(judged.change.size),
            f"{judged.skill:.2f}",
            f"{judged.gained.mean:+.2f}",
            f"{judged.gained.low:+.2f}…{judged.gained.high:+.2f}",
            f"{judged.superiority:.2f}",
            "smallest" if judged is conclusion.smallest else _mark(judged),
        )
    return shown


def _mark(judged: Judged) -> str:
    if judged.recovers:
        return "yes"
    return "helps" if judged.helps else "no"


def _remarks(conclusion: Conclusion) -> Iterator[str]:
    proof, setup, chosen = conclusion.proof, conclusion.setup, conclusion.change
    yield from _retuned(conclusion)
    linear = conclusion.examination.linear
    if chosen and linear - chosen.skill > proof.margin:
        text = f"Even so, its skill of {chosen.skill:.2f} is below that of ridge regression"
        yield f"{text} ({linear:.2f}): something else is wrong, too, or training is too short."
    hidden = len(proof.judged) - MOST_CHANGES
    if hidden > 0:
        yield f"{hidden} more changes were tried that gained less."
    rule = f"Helps: the interval is above 0 and the gain at least {proof.margin:.2f}."
    yield f"{rule} Recovers: nine tenths of the best gain, or the margin from it."
    yield from setup.notes
    if setup.cut_short and any(symptom.key == "slow" for symptom in conclusion.symptoms):
        text = "The trainings here are shorter than yours and the loss still falls: what only makes"
        yield f"{text} learning faster may not matter to you."
    if proof.left_out:
        yield f"Left out for want of time or rows: {', '.join(proof.left_out)}."
    yield f"{setup.epochs} epochs, {setup.steps:,} steps; {conclusion.seconds:.0f} s."


def _retuned(conclusion: Conclusion) -> Iterator[str]:
    for tuned in conclusion.proof.retuned:
        rates = f"rates × {tuned.factor:g} and × {tuned.factor_original:g} for the original"
        worth = "helps only through the rate" if tuned.through_rate else "not a matter of the rate"
        yield f"{tuned.change.title}: {worth}; at the best {rates}: {_in_words(tuned.gained)}"


def _in_words(gained: Gain) -> str:
    return f"{gained.mean:+.3f} ({gained.low:+.3f} … {gained.high:+.3f})"
