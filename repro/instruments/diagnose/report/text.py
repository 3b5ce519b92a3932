"""The text of a diagnosis: one cause, one change, one number; the details on request."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from repro.findings.numbers import ALL_ALIKE, decimals_between, interval_placeholder, signed
from repro.instruments.diagnose.proof.attribution import Attribution
from repro.instruments.diagnose.proof.judge import Gain, Judged, Proof
from repro.instruments.diagnose.report.conclusion import Conclusion
from repro.instruments.diagnose.symptoms.causes import CAUSES, UNPROVABLE, Finding, capital

ENOUGH_SEEDS = 10  # the default
TOGETHER = "trained together"  # as the note on several outputs begins
METRICS = ("metric", "metric_labels")
MOST_CHANGES = 8
MOST_TOLD = 2  # failures in a sentence
MOST_NAMED = 4  # changes in a sentence
DECIMALS, MOST_DECIMALS = 2, 4  # of a gain in skill


def render(conclusion: Conclusion) -> Iterator[Any]:
    """Yield what the terminal shows: cause, change, number, code, and what was not done."""
    yield from _sentences(conclusion)
    yield from _code(conclusion)


def show(conclusion: Conclusion, console: Any) -> None:
    """Print what `render` yields, without breaking lines of code, which are to be pasted."""
    for part in _sentences(conclusion):
        console.print(part)
    for part in _code(conclusion):
        console.print(part, soft_wrap=True)


def _sentences(conclusion: Conclusion) -> Iterator[Any]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text(headline(conclusion), style="bold")
    yield from (Padding(Text(line), (0, 0, 0, 2)) for line in _measured(conclusion))
    yield Text("")
    yield from (Text(line) for line in (_number(conclusion), *_reservations(conclusion)))


def _code(conclusion: Conclusion) -> Iterator[Any]:
    from rich.text import Text

    if conclusion.code:
        yield Text("\nTo paste:", style="bold")
        yield Text(conclusion.code, style="green")


def show_details(conclusion: Conclusion, console: Any) -> None:
    """Print all suspects, all changes, and how the numbers came about."""
    from rich.text import Text

    for part in (*_suspects(conclusion), Text(""), _changes(conclusion)):
        console.print(part)
    for line in _remarks(conclusion):
        console.print(Text(line))


def headline(conclusion: Conclusion) -> str:
    """Return cause and change in a sentence each."""
    if conclusion.verdict == "fine":
        return _fine(conclusion)
    title = CAUSES[conclusion.cause].title if conclusion.cause else ""
    if conclusion.drowned:
        return f"Likely cause: {title}. Change: weights that make the outputs' losses alike."
    attribution = conclusion.attribution
    if attribution is None:
        return _not_proven(conclusion, title)
    word = "Cause" if attribution.proven else "Likely cause"
    also = [CAUSES[key].title for key in attribution.also]
    causes = "; ".join([title, *also])
    return f"{word}: {causes}. Change: {attribution.judged.change.title}."


def _fine(conclusion: Conclusion) -> str:
    if conclusion.cause in METRICS:
        return f"The fit is fine, but its metric misleads: {CAUSES[conclusion.cause].title}."
    if conclusion.cause:
        title = CAUSES[conclusion.cause].title
        return f"The fit is fine here, and yet something is written wrong: {title}."
    gained = conclusion.smallest
    if gained is not None:
        return f"Nothing wrong was found. One change still gains: {gained.change.title}."
    if not conclusion.proof.judged:
        return "Nothing wrong was found, and no change was tried."
    return "Nothing wrong was found, and no change that was tried helps."


def _not_proven(conclusion: Conclusion, title: str) -> str:
    if not title:
        tried = "that was tried recovers" if conclusion.proof.judged else "was tried"
        return f"Something is wrong, but no cause was found, and no change {tried}."
    if conclusion.cause in UNPROVABLE:
        return f"Likely cause, against which no change can be tried: {title}."
    if conclusion.proof.own_budget:
        return f"Not learned in a shorter training than yours. First suspect: {title}."
    if not conclusion.proof.judged:
        return f"Something is wrong, and no change was tried. First suspect: {title}."
    return f"Something is wrong, and no change that was tried recovers. First suspect: {title}."


def _measured(conclusion: Conclusion) -> Iterator[str]:
    """Say what was measured of the cause, and what comes of it; no symptom is named twice."""
    by_key = {finding.key: finding for finding in conclusion.findings}
    is_wrong = conclusion.verdict != "fine" and not conclusion.drowned
    also = conclusion.attribution.also if conclusion.attribution and is_wrong else ()
    named: set[str] = set()
    for key in [key for key in (conclusion.cause, *also) if key in by_key]:
        signs = [s for s in by_key[key].signs if s.key not in named][:MOST_NAMED]
        named |= {symptom.key for symptom in by_key[key].signs}
        clauses = "; ".join(symptom.says for symptom in signs)
        yield f"{capital(clauses)}. {CAUSES[key].says}." if signs else f"{CAUSES[key].says}."
    fate = [symptom.says for symptom in conclusion.failures if symptom.key not in named]
    if fate:
        yield f"In the end {'; '.join(fate[:MOST_TOLD])}."
    if conclusion.verdict in ("not proven", "fine") and conclusion.cause:
        yield f"What to do: {CAUSES[conclusion.cause].remedy}."
    yield from _written_wrong(conclusion, {conclusion.cause, *also}, named)
    if conclusion.verdict == "fine":
        yield from (f"{capital(s.says)}." for s in conclusion.symptoms if s.key == "overfits")


def _written_wrong(conclusion: Conclusion, causes: set[str], named: set[str]) -> Iterator[str]:
    """Say what is written wrong besides these causes; of symptoms, what is not named yet."""
    harm = "though it costs no skill here" if conclusion.verdict == "fine" else "too"
    for finding in conclusion.findings:
        signs = "; ".join(symptom.says for symptom in finding.signs if symptom.key not in named)
        if finding.key in conclusion.suspects.certain - causes and signs:
            yield f"Worth mending, {harm}: {finding.title} ({signs})."


def _number(conclusion: Conclusion) -> str:
    """Return the skill as it is and with the change, in the currency that it is measured in."""
    proof, setup = conclusion.proof, conclusion.setup
    joint = setup.joint
    if conclusion.drowned and joint is not None:
        skill, weighed = np.mean(joint.skills), np.mean(joint.weighed)
        text = f"Skill of {joint.name}, all outputs trained together: {skill:.2f} → {weighed:.2f} "
        alone = proof.original.test.mean()
        return f"{text}over {len(joint.skills)} seeds; alone it reaches {alone:.2f}."
    original = float(proof.original.test.mean())
    rows = f"on {setup.tested_on}, over {len(setup.seeds)} seeds"
    scale = "0 is the best constant, 1 is perfect"
    shown = conclusion.smallest or _best(conclusion)
    if shown is None:
        return f"Skill {original:.2f} {rows}; {scale}."
    skills = f"{original:.2f} → {shown.skill:.2f}"
    if conclusion.smallest is None:
        return f"The best that was tried, {shown.change.title}: skill {skills} {rows}; {scale}."
    return f"Skill {skills} {rows}: gain {_in_words(shown.gained)}; {scale}."


def _best(conclusion: Conclusion) -> Judged | None:
    helping = [judged for judged in conclusion.proof.judged if judged.helps]
    return next(iter(helping), None)


def _reservations(conclusion: Conclusion) -> Iterator[str]:
    """Say what weakens the conclusion: rivals, what wasn't tried, what was cut."""
    proof = conclusion.proof
    attribution = conclusion.attribution
    together = [note for note in conclusion.setup.notes if note.startswith(TOGETHER)]
    yield from (f"{capital(note)}." for note in together)
    if conclusion.drowned:
        return
    if attribution and conclusion.verdict != "fine":
        yield from _rivals(attribution)
        if attribution.further:
            yield from _further(attribution, attribution.further)
        best = attribution.further or attribution.judged
        if conclusion.examination.linear - best.skill > proof.margin:
            yield (
                f"Ridge regression reaches {conclusion.examination.linear:.2f}, which is more: "
                "something else is wrong, too, or training is too short."
            )
    if attribution and attribution.judged.change.parts > 1 and not proof.is_pruned:
        yield "No time was left to leave out each of these changes, so not all may be needed."
    if conclusion.verdict == "not proven":
        yield from _too_few_seeds(conclusion)
    causes = set(conclusion.suspects.causes)
    removing = [c for c in proof.untried if c.parts == 1 and set(c.removes) & causes]
    if removing and not (attribution and attribution.proven):
        titles = ", ".join(change.title for change in removing[:MOST_NAMED])
        yield f"No time was left to try: {titles}. Give --budget {_enough(proof)}."
    if conclusion.verdict != "fine":
        yield from _cuts(conclusion)


def _too_few_seeds(conclusion: Conclusion) -> Iterator[str]:
    """Say that a change gains, and that so few seeds can't tell it from chance."""
    seeds = len(conclusion.setup.seeds)
    best = max(conclusion.proof.judged, key=lambda judged: judged.gained.mean, default=None)
    is_open = best and not best.helps and best.gained.mean > conclusion.proof.margin
    if best and is_open and seeds < ENOUGH_SEEDS:
        yield (
            f"{capital(best.change.title)}: gain {_in_words(best.gained)}, which {seeds} seeds "
            f"can't tell from chance; give {ENOUGH_SEEDS}."
        )


def _enough(proof: Proof) -> int:
    """Return the seconds that would be enough for all that was left open."""
    return max(proof.budget_needed, proof.own_budget)


def _rivals(attribution: Attribution) -> Iterator[str]:
    rivals = attribution.rivals
    if rivals:
        named = ", ".join(f"{j.change.title} ({j.skill:.2f})" for j in rivals[:MOST_NAMED])
        rest = f" and {len(rivals) - MOST_NAMED} more" if len(rivals) > MOST_NAMED else ""
        yield f"These recover as well, and are no remedy of that cause: {named}{rest}."
    elif attribution.is_untested and attribution.judged.change.parts == 1:
        yield "No time was left to try anything else, so it is no proof of that cause."
    elif attribution.cause in attribution.judged.change.removes and not attribution.is_own:
        yield "A part of the change is a remedy of no cause that is named, so it is no proof."
    elif not attribution.is_own:
        yield "The change helps against that cause without removing it, so it is no proof of it."


def _further(attribution: Attribution, further: Judged) -> Iterator[str]:
    keys = {change.key for change in attribution.judged.change.singles}
    others = [change.title for change in further.change.singles if change.key not in keys]
    yield f"With more changes skill reaches {further.skill:.2f}: {'; '.join(others)}."


def _cuts(conclusion: Conclusion) -> Iterator[str]:
    setup = conclusion.setup
    if setup.cut_short:
        cut = [note for note in setup.notes if "budget" in note or "rows are used" in note]
        yield f"Note: {'; '.join(cut)}."
    if conclusion.proof.own_budget:
        yield (
            "Whether the network as it is learns in a training as long as yours is not known, so "
            f"nothing but a fact is proven. Give --budget {_enough(conclusion.proof)}."
        )


def _suspects(conclusion: Conclusion) -> Iterator[Any]:
    from rich.text import Text

    if not conclusion.findings:
        yield Text("No symptom was found.")
        return
    yield Text("Suspects, from data to steps, with what was measured", style="bold")
    named: set[str] = set()
    for finding in conclusion.findings:
        says = [symptom.says for symptom in finding.signs if symptom.key not in named]
        named |= {symptom.key for symptom in finding.signs}
        yield Text(f"• {finding.title} ({_standing(conclusion, finding)})", style="cyan")
        if says:
            yield Text(f"  {'; '.join(says)}")


def _standing(conclusion: Conclusion, finding: Finding) -> str:
    """Say what the trials made of a suspect."""
    attribution = conclusion.attribution
    if attribution and finding.key in (attribution.cause, *attribution.also):
        return conclusion.verdict if conclusion.verdict != "fine" else "does little harm"
    tried = [j for j in conclusion.proof.judged if finding.key in j.change.removes]
    if not tried:
        return "not tried"
    tried = [judged for judged in tried if judged.change.parts == 1]
    if not tried:
        return "not tried alone"
    best = max(tried, key=lambda judged: judged.gained.mean)
    return f"its remedy gains {best.gained.mean:+.2f}"


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
            *gain_texts(judged.gained),
            f"{judged.superiority:.2f}",
            "chosen" if conclusion.is_smallest(judged) else _mark(judged),
        )
    return shown


def _mark(judged: Judged) -> str:
    if judged.recovers:
        return "yes"
    return "helps" if judged.helps else "no"


def _remarks(conclusion: Conclusion) -> Iterator[str]:
    proof, setup = conclusion.proof, conclusion.setup
    yield from _retuned(conclusion)
    hidden = len(proof.judged) - MOST_CHANGES
    if hidden > 0:
        yield f"{hidden} more changes were tried that gained less."
    yield (
        "Helps: the interval is above 0, or every seed does better than all without the change; "
        f"and the gain is at least {proof.margin:.2f}."
    )
    yield (
        "Recovers: helps, by nine tenths of the best gain or the margin from it, and to a skill of "
        f"{proof.deserved:.2f} at least."
    )
    yield from _baselines(conclusion)
    yield from (f"{note[:1].upper()}{note[1:]}." for note in setup.notes)
    if setup.cut_short and any(symptom.key == "slow" for symptom in conclusion.symptoms):
        text = "The trainings here are shorter than yours and the loss still falls: what only makes"
        yield f"{text} learning faster may not matter to you."
    if proof.left_out:
        yield f"Left out for want of time or rows: {', '.join(proof.left_out)}."
    if proof.spared:
        titles = ", ".join(change.title for change in proof.spared)
        yield f"Not tried, since it could have taught nothing more: {titles}."
    yield f"{setup.epochs} epochs, {setup.steps:,} steps; {conclusion.seconds:.0f} s."


def _baselines(conclusion: Conclusion) -> Iterator[str]:
    linear, near = conclusion.examination.linear, conclusion.examination.neighbours
    known = [f"ridge regression {linear:.2f}"] if linear == linear else []
    known += [f"the mean of the nearest rows {near:.2f}"] if near == near else []
    if known:
        yield f"Baselines: {', '.join(known)}."


def _retuned(conclusion: Conclusion) -> Iterator[str]:
    for tuned in conclusion.proof.retuned:
        rates = f"rates × {tuned.factor:g} and × {tuned.factor_original:g} for the original"
        worth = "helps only through the rate" if tuned.through_rate else "not a matter of the rate"
        yield f"{tuned.change.title}: {worth}; at the best {rates}: {_in_words(tuned.gained)}"


def _in_words(gained: Gain) -> str:
    mean, limits = gain_texts(gained)
    return f"{mean} ({limits})"


def gain_texts(gained: Gain) -> tuple[str, str]:
    """Return a gain and its limits as text; limits that differ by less than shows are alike."""
    decimals = decimals_between(gained.low, gained.high, DECIMALS)
    if decimals > MOST_DECIMALS:
        return signed(gained.mean, DECIMALS), ALL_ALIKE
    limits = f"{signed(gained.low, decimals)} … {signed(gained.high, decimals)}"
    placeholder = interval_placeholder(gained.low, gained.high)
    return signed(gained.mean, decimals), placeholder or limits
