"""The study file `experiments/NAME.toml` as typed, frozen models; what is wrong in it is named."""

import datetime
import itertools
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from repro.study.errors import StudyError, unknown
from repro.study.experiments import Experiment, find_experiment
from repro.study.files import read_regular
from repro.study.folder import studies_folder, study_names
from repro.study.metrics import DIVERGED, SHARE_OF_RUNS
from repro.study.naming import LONGEST_NAME, NAME, wrong_names
from repro.study.seeds import SPANS, count_seeds, list_seeds, wrong_spans
from repro.study.text import controls, printable

CITATION = r"\[([a-z][a-z0-9_]*)\]"
CITED_VERDICT = r"\[([a-z][a-z0-9_]*) (holds|refuted|inconclusive)\]"
# Beyond these a mistake is likelier than a study; all are checked before anything is laid out.
MAX_BYTES = 2**20  # of a study file
MAX_SEEDS = 100_000
MAX_VARIANTS = 5_000  # with the cells of the grids
MAX_RUNS = 500_000
MAX_WHOLE = 10**9  # of a parameter that is a whole number
MAX_DEPTH = 20  # of tables in tables
MOST_TOLD = 20  # of the things that are wrong

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


MODELS = (Study, Thread, Variant, Grid, Claim, OpenQuestion, Report, Gap)
KEYS = tuple(dict.fromkeys(name for model in MODELS for name in model.model_fields))


def load_study(name: str) -> Study:
    """Read and check the study of that name.

    Raises:
        StudyError: for a name without a file, text that is not TOML, unknown or missing keys,
            values of a wrong type, parameters that the experiment does not take, claims that name
            an unknown variant or metric.
    """
    if name not in study_names():
        raise StudyError(unknown("study", name, study_names()))
    return read_study(studies_folder() / f"{name}.toml")


def read_study(path: Path) -> Study:
    """Read and check a study file; raises as `load_study` does."""
    content = _read_content(path)
    _refuse_controls(content, path)
    try:
        study = Study.model_validate(_tuples(content))
    except ValidationError as error:
        lines = explain(error, KEYS)
        raise StudyError("\n".join(f"{path}: {line}" for line in lines)) from None
    if study.name != path.stem:
        raise StudyError(f"{path}: name: is {study.name!r}, must be the file's: {path.stem!r}")
    # what is too large is not looked at further
    if problems := _wrong_sizes(study) or _first(
        _contradictions(study, find_experiment(study.name))
    ):
        raise StudyError("\n".join(f"{path}: {line}" for line in problems))
    return study


def _first(problems: Iterable[str]) -> list[str]:
    """Return as many problems as are told at once; the nearest names of each take time."""
    first = list(itertools.islice(problems, MOST_TOLD + 1))
    return [*first[:MOST_TOLD], "there is more"] if len(first) > MOST_TOLD else first


def _read_content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path, MAX_BYTES, follow=True).decode())
    except (ValueError, RecursionError) as error:  # one of the many digits of a number, too
        raise StudyError(f"{path}: not a TOML file: {error}") from None


def _refuse_controls(value: Any, place: object, depth: int = 0) -> None:
    """Raise `StudyError` for a text with controls, see `repro.study.text`; or for endless depth."""
    if depth > MAX_DEPTH:
        raise StudyError(f"{place}: is nested more deeply than any study is")
    if isinstance(value, str) and (control := next(controls(value), "")):
        raise StudyError(f"{place}: has the control character {control!a}; leave it out")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_controls(key, f"{place}: the key {key[:LONGEST_NAME]!a}")
            _refuse_controls(item, f"{place}: {key}", depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_controls(item, place, depth + 1)


def explain(error: ValidationError, known: Iterable[str] = ()) -> list[str]:
    """Return one line for each thing that pydantic found: the key, what is wrong, the value.

    Args:
        error: of the validation.
        known: names that an unknown key may have been meant to be.
    """
    return _first(_explained(error, known))


def _explained(error: ValidationError, known: Iterable[str]) -> Iterator[str]:
    for e in error.errors(include_url=False):
        key = ".".join(map(str, e["loc"]))
        nearest = get_close_matches(str(e["loc"][-1]), known, n=1) if e["loc"] else []
        is_unknown = e["type"] == "extra_forbidden" and nearest
        meant = f"; did you mean {nearest[0]!r}?" if is_unknown else ""
        yield f"{key}: {e['msg']}, got {_short(e['input'])}{meant}"


def _wrong_sizes(study: Study) -> list[str]:
    """Return what is too much, or is named as nothing can be."""
    problems = []
    for kind, names in (
        ("variants", study.variants),
        ("grids", study.grids),
        ("claims", study.claims),
    ):
        problems += wrong_names(kind, names)
    cells = {name: grid.size for name, grid in study.grids.items()}
    count = len(study.variants) + sum(cells.values())
    if count > MAX_VARIANTS:
        problems.append(f"grids: {count:,} variants are too many; at most {MAX_VARIANTS:,}")
    sized = [(variant.seeds, 1) for variant in study.variants.values()]
    sized += [(grid.seeds, cells[name]) for name, grid in study.grids.items()]
    problems += [wrong for own, _ in sized if own and (wrong := wrong_spans(own))]
    runs = sum(count_seeds(own or study.seeds) * size for own, size in sized)
    return _first(problems + ([too_many_runs(runs)] if runs > MAX_RUNS else []))


def too_many_runs(runs: int, limit: int = MAX_RUNS) -> str:
    """Return the sentence on more runs than there may be."""
    return f"{runs:,} runs are too many; at most {limit:,}"


def _contradictions(study: Study, experiment: Experiment) -> Iterator[str]:
    metrics, variants = experiment.metrics, study.all_variants
    yield from _wrong_parameters(study, variants, experiment)
    if study.metric not in metrics:
        yield _unknown("metric", "metric", study.metric, metrics)
    for key, claim in study.claims.items():
        table = f"claims.{key}"
        for role, value in (("variant", claim.variant), ("reference", claim.reference)):
            if value is not None and value not in variants:
                yield _unknown(f"{table}.{role}", "variant", value, study.variants)
        if claim.published and not claim.counts_runs and metrics.get(claim.metric) != "flag":
            yield f"{table}.published: {claim.metric} is no flag; count runs by it"
        if claim.metric not in (*metrics, DIVERGED):
            yield _unknown(f"{table}.metric", "metric", claim.metric, metrics)
    for name in study.margins:
        if name not in (*metrics, SHARE_OF_RUNS):
            yield _unknown("margins", "metric", name, metrics)
    for kind, names, known in (
        ("variant", study.report.variants, study.variants),
        ("claim", study.report.cited, study.claims),
        ("metric", [gap.metric or study.metric for gap in study.report.gaps], metrics),
    ):
        yield from (_unknown("report", kind, name, known) for name in names if name not in known)


def _wrong_parameters(
    study: Study, variants: Mapping[str, Variant], experiment: Experiment
) -> Iterator[str]:
    """Yield what is wrong with the parameters of the variants, and cells that are there twice."""
    cells: dict[tuple[str, str], str] = {}
    for name, variant in variants.items():
        place = f"variants.{name}.parameters"
        try:
            fixed = experiment.applicable(study.fixed, variant.parameters)
            parameters = experiment.parameters(fixed | variant.parameters)
        except ValidationError as error:
            yield from (f"{place}.{line}" for line in explain(error, experiment.names))
            continue
        yield from (f"{place}.{line}" for line in beyond_whole(parameters))
        grid, _, cell = name.partition("@")
        if cell and (first := cells.setdefault((grid, repr(parameters)), cell)) != cell:
            yield f"grids.{grid}: {cell} is {first} again; write each value once"
    for key, vary in study.grids.items():
        if len(vary.variants(key)) < vary.size:
            yield f"grids.{key}: two cells have one name; write each value once"


def beyond_whole(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each whole number that is larger than any parameter can mean."""
    for name, value in parameters.items():
        if isinstance(value, int) and abs(value) > MAX_WHOLE:
            yield f"{name}: is beyond {MAX_WHOLE:,}"


def _unknown(key: str, kind: str, value: str, known: Iterable[str]) -> str:
    return f"{key}: {unknown(kind, value, known)}"


def _needs(key: str, needed: bool) -> str:
    return f"needs the key {key!r}" if needed else f"takes no key {key!r}"


def _short(value: Any, width: int = 60) -> str:
    text = printable(repr(value))
    return text if len(text) <= width else text[: width - 1] + "…"


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
