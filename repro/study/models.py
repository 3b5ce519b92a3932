"""The content of a study file, as typed, frozen models."""

import datetime
import itertools
import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from repro.study.metrics import SHARE_OF_RUNS
from repro.study.naming import NAME
from repro.study.seeds import SPANS, list_seeds

CITATION = r"\[([a-z][a-z0-9_]*)\]"
CITED_VERDICT = r"\[([a-z][a-z0-9_]*) (holds|refuted|inconclusive)\]"
# Beyond these a mistake is likelier than a study; all are checked before anything is laid out.
MAX_SEEDS = 100_000
MAX_VARIANTS = 5_000  # with the cells of the grids
MAX_RUNS = 500_000
MAX_WHOLE = 10**9  # of a parameter that is a whole number

Seeds = Annotated[int, Field(ge=1, le=MAX_SEEDS)]
SeedSpans = Annotated[str, Field(pattern=SPANS, max_length=200)]
Count = Annotated[int, Field(ge=1, le=MAX_WHOLE)]

MadeBy = Literal["question", "answer", "comment", "us"]
Group = Literal["as posted", "rebuild", "fix of the thread", "fix of ours", "mechanism"]
Test = Literal["above", "below", "within", "greater", "less", "equivalent", "recovers"]
PAIRED = ("greater", "less", "equivalent", "recovers")
SPAN = r"^(0|[1-9]\d{0,8}):[1-9]\d{0,8}$"
NOT_STATED = "not stated"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Thread(_Strict):
    """The question-and-answer document that a study is about."""

    title: str
    language: str = Field(pattern=r"^[a-z]{2}$")
    source: str
    licence: str
    link: str = Field(default="", pattern=r"^(https://[^\s{}\\]+)?$")
    date: datetime.date | None = None
    people: tuple[str, ...] = ()  # named in the document, as it writes them
    untitled: bool = False  # the document has no title: `title` is how it begins


class Variant(_Strict):
    """One named setting of the scientific parameters."""

    label: str = Field(max_length=34, pattern=r"\S")  # something that is seen
    group: Group
    quoted: float | tuple[float, ...] = ()
    seeds: Seeds | SeedSpans | None = None  # 0 to here, or spans; the study's own number if None
    parameters: dict[str, Any] = {}

    @property
    def quotes(self) -> tuple[float, ...]:
        """The thread's numbers for the headline metric."""
        return self.quoted if isinstance(self.quoted, tuple) else (self.quoted,)


class Grid(_Strict):
    """All combinations of some parameters' values; each becomes a variant."""

    group: Group = "mechanism"
    seeds: Seeds | SeedSpans | None = None
    parameters: dict[str, Any] = {}
    vary: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(min_length=1)

    @property
    def size(self) -> int:
        """The number of its cells."""
        return math.prod(map(len, self.vary.values()))

    def variants(self, grid: str) -> dict[str, Variant]:
        """Return the variants by name, `grid@a=1,b=0.1`."""
        variants = {}
        for values in itertools.product(*self.vary.values()):
            cell = dict(zip(self.vary, values, strict=True))
            label = ",".join(f"{name}={value}" for name, value in cell.items())
            variants[f"{grid}@{label}"] = Variant.model_construct(
                label=label,
                group=self.group,
                quoted=(),
                seeds=self.seeds,
                parameters=self.parameters | cell,
            )
        return variants


class Claim(_Strict):
    """One checkable statement, with who made it and what would make it hold.

    It is about the mean of a metric over seeds or, with `share_above` or `share_below`, about the
    share of runs whose metric is above or below that number. `fixed_after` names the seeds, as
    "0:30", whose runs had been seen when the bound was set: the claim is judged on the others.
    `published = [54, 1000]` is a share that others counted, in place of a target: ours must come
    within the bound of it, by a test that knows of the errors of both.
    """

    made_by: MadeBy
    says: str
    test: Test
    variant: str
    reference: str | None = None
    changes: dict[str, str] = {}
    metric: str
    bound: float = 0.0
    target: float | None = None
    published: tuple[Count, Count] | None = None
    share_above: float | None = None
    share_below: float | None = None
    fixed_after: str = Field(default="", pattern=rf"^$|{SPAN}")
    quotes_figure: bool = False
    because: str = ""

    @property
    def counts_runs(self) -> bool:
        """True if it is about a share of runs."""
        return self.share_above is not None or self.share_below is not None

    @property
    def event(self) -> str:
        """The event that is counted in a run, such as "above 0.9"; nothing for a mean."""
        if self.share_above is not None:
            return f"above {self.share_above:g}"
        return f"below {self.share_below:g}" if self.share_below is not None else ""

    @property
    def seen_seeds(self) -> range:
        """The seeds that the claim must not be judged on."""
        return range(*map(int, self.fixed_after.split(":"))) if self.fixed_after else range(0)

    @model_validator(mode="after")
    def _is_one_statement(self) -> "Claim":
        if self.share_above is not None and self.share_below is not None:
            raise ValueError("share_above and share_below are two claims; state one")
        if self.published and (self.target is not None or self.published[0] > self.published[1]):
            raise ValueError("published is [how many, of how many], and takes the target's place")
        if self.fixed_after and not 1 <= len(self.seen_seeds) <= MAX_SEEDS:
            raise ValueError(f"fixed_after {self.fixed_after!r} names no seed, or too many")
        return self

    @model_validator(mode="after")
    def _fits_its_test(self) -> "Claim":
        if (self.reference is not None) != (self.test in PAIRED):
            raise ValueError(f"test {self.test!r} {_needs('reference', self.test in PAIRED)}")
        has_target = self.target is not None or self.published is not None
        if has_target != (self.test == "within"):
            raise ValueError(f"test {self.test!r} {_needs('target', self.test == 'within')}")
        if self.test not in ("greater", "less") and "bound" not in self.model_fields_set:
            raise ValueError(f"test {self.test!r} {_needs('bound', needed=True)}")
        if self.test in ("within", "equivalent") and self.bound <= 0:
            raise ValueError(f"test {self.test!r} needs a bound above 0, its margin")
        return self


class OpenQuestion(_Strict):
    """A question that the thread leaves open, and the assumption that answers it."""

    question: str
    assumption: str


class Gap(_Strict):
    """A failing variant, the one that it should equal, and what may bring it there."""

    failing: str
    reference: str
    metric: str = ""  # the study's own if empty
    fixes: dict[str, str] = Field(min_length=1)  # variant -> what it changes, in a few words


class Report(_Strict):
    """The prose of the report on a study, and what it shows of it first.

    The prose cites a claim with the verdict that it leans on, `[claim_id refuted]`: the report
    marks the sentence by whether the runs agree. `[claim_id]` cites a claim and judges nothing. A
    line left empty parts paragraphs. `lead` is the study's sentence among the answers that open the
    report; it is left out where a claim has another verdict than the one that it leans on.
    """

    lead: str = ""
    answer: str = ""
    mechanism: str = ""
    figure: str = ""  # what the mechanism figure shows, for those who can't see it
    curves: tuple[str, ...] = ()  # variants whose learning curves are switched on at first
    quick_epochs: Count | None = None  # of `--quick`, where the study's would take minutes
    gaps: tuple[Gap, ...] = ()

    @property
    def cited(self) -> list[str]:
        """The ids of the claims that the prose cites."""
        prose = " ".join(f"{self.lead} {self.answer} {self.mechanism}".split())
        leaned_on = [key for key, _ in re.findall(CITED_VERDICT, prose)]
        return [*leaned_on, *re.findall(CITATION, prose)]

    @property
    def variants(self) -> list[str]:
        """The variants that are named."""
        gaps = [(gap.failing, gap.reference, *gap.fixes) for gap in self.gaps]
        return [*self.curves, *itertools.chain(*gaps)]


class Study(_Strict):
    """One file in `experiments/`."""

    name: str = Field(pattern=NAME)
    title: str
    question: str
    seeds: Seeds
    block: Seeds = 10
    metric: str
    better: Literal["higher", "lower"]
    log_scale: bool = False
    thread: Thread
    fixed: dict[str, Any] = {}
    renamed: dict[str, str] = {}  # a parameter's name in earlier tables: its name now
    margins: dict[str, float] = {}  # of a metric: how much worse than the reference still recovers
    variants: dict[str, Variant] = Field(min_length=1)
    grids: dict[str, Grid] = {}
    claims: dict[str, Claim] = {}
    open_questions: tuple[OpenQuestion, ...] = ()
    report: Report = Report()

    @model_validator(mode="before")
    @classmethod
    def _with_margins(cls, content: Any) -> Any:
        """Give the claims that have no bound of their own the study's margin."""
        claims = content.get("claims")
        if not isinstance(claims, dict) or not isinstance(content.get("margins", {}), dict):
            return content  # the types are checked next
        margins = content.get("margins", {})
        bounded = {key: _with_margin(key, claim, margins) for key, claim in claims.items()}
        return {**content, "claims": bounded}

    @property
    def all_variants(self) -> dict[str, Variant]:
        """The named variants, then those of the grids."""
        cells = [grid.variants(name) for name, grid in self.grids.items()]
        return dict(itertools.chain(self.variants.items(), *(c.items() for c in cells)))

    def seeds_of(self, variant: str) -> tuple[int, ...]:
        """Return the seeds of a variant."""
        return list_seeds(self.all_variants[variant].seeds or self.seeds)


def _with_margin(key: str, claim: Any, margins: dict[str, Any]) -> Any:
    """Return a claim's content with the margin that it takes, if it takes one."""
    if not isinstance(claim, dict) or claim.get("test") not in ("recovers", "equivalent"):
        return claim
    counts_runs = "share_above" in claim or "share_below" in claim
    metric = SHARE_OF_RUNS if counts_runs else claim.get("metric")
    if "bound" in claim:
        if claim["test"] == "recovers" and metric in margins:
            raise ValueError(f"claims.{key}: recovers takes no bound; margins.{metric} has it")
        return claim  # equal to rounding, for one, is another statement than as good as
    if metric not in margins:
        raise ValueError(f"claims.{key}: {claim['test']!r} needs a margin: set margins.{metric}")
    return {**claim, "bound": margins[metric]}


def _needs(key: str, needed: bool) -> str:
    return f"needs the key {key!r}" if needed else f"takes no key {key!r}"
