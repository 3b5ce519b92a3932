"""A chapter: all that the page says of one thread, as plain data."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from repro.findings.drawings.narrow import narrow_mechanism
from repro.findings.report.claims import ClaimRow, claims_of
from repro.findings.report.curves import Curves, curves_of
from repro.findings.report.fixes import Picture, picture_of
from repro.findings.report.numbers import Numbers, numbers_of
from repro.findings.report.prose import Piece, paragraphs, pieces
from repro.findings.report.recovery import Panel, panels_of
from repro.findings.report.usual import Usual, usual
from repro.findings.wording import NO_VERDICT
from repro.store.provenance import Provenance
from repro.store.results import Results
from repro.store.tables import VERDICTS
from repro.study.experiments import find_experiment
from repro.study.files import read_regular
from repro.study.models import Study


@dataclass(frozen=True)
class Chapter:
    """A study, and what its results folder says."""

    study: Study
    lead: list[Piece]  # empty where a claim that it leans on has another verdict
    answer: list[list[Piece]]
    mechanism: list[list[Piece]]
    panels: list[Panel]
    fixes: Picture | None
    numbers: Numbers
    curves: Curves | None
    picture: str | None  # the mechanism figure, as a data URI
    narrow_picture: str | None  # the same for a phone
    claims: list[ClaimRow]
    fixed: Mapping[str, Any]
    provenance: Provenance
    runs: int
    doubts: tuple[str, ...] = ()  # what in the tables is not as it was written

    @cached_property
    def by_key(self) -> dict[str, ClaimRow]:
        """The claims by id."""
        return {claim.key: claim for claim in self.claims}

    @property
    def n(self) -> Usual:
        """The number of runs that most claims are judged on."""
        return usual(claim.n for claim in self.claims)

    @property
    def p_value(self) -> Usual:
        """The p-value that most claims have."""
        return usual(claim.p_value for claim in self.claims)

    @property
    def verdicts(self) -> list[str]:
        """The verdicts that there are."""
        return [v for v in (*VERDICTS, NO_VERDICT) if any(c.verdict == v for c in self.claims)]

    def count(self, *, thread: bool, recovers: bool | None = None) -> dict[str, int]:
        """Return how many of the thread's claims, or of ours, have each verdict."""
        counts = Counter(
            claim.verdict
            for claim in self.claims
            if claim.of_thread == thread and recovers in (None, claim.recovers)
        )
        return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def make_chapter(study: Study, tables: Results) -> Chapter:
    """Return the chapter of a study and its tables; what is doubted of them is marked.

    Raises:
        StudyError: if there is no claims table, or the claims are those of another study.
    """
    claims = claims_of(study, tables.claims) if study.claims else []
    wide = tables.folder / "mechanism.svg"
    is_whole = len(claims) == len(study.claims)  # else the prose would cite what is not judged
    return Chapter(
        study=study,
        lead=_lead(study, claims) if is_whole else [],
        answer=paragraphs(study.report.answer) if is_whole else [],
        mechanism=paragraphs(study.report.mechanism) if is_whole else [],
        panels=panels_of(study, tables.runs),
        fixes=picture_of(study, tables.runs),
        numbers=numbers_of(study, tables.runs),
        curves=curves_of(study, tables.curves),
        picture=_picture(read_regular(wide)) if wide.is_file() else None,
        narrow_picture=_picture(narrow_mechanism(study, tables.runs, tables.curves)),
        claims=claims,
        fixed=_fixed(study),
        provenance=tables.provenance,
        runs=len(tables.runs),
        doubts=tables.doubts,
    )


def _lead(study: Study, claims: Sequence[ClaimRow]) -> list[Piece]:
    verdicts = {claim.key: claim.verdict for claim in claims}
    lead = pieces(study.report.lead)
    return lead if all(piece.leans_on in ("", verdicts.get(piece.text)) for piece in lead) else []


def _picture(svg: bytes | None) -> str | None:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}" if svg else None


def _fixed(study: Study) -> dict[str, Any]:
    """Return the settings that no variant changes: the study's and the experiment's defaults."""
    varied = {name for variant in study.all_variants.values() for name in variant.parameters}
    parameters = find_experiment(study.name).defaults | study.fixed
    return {name: value for name, value in parameters.items() if name not in varied}
