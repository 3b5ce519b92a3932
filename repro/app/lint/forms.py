"""Check that a claim whose test changed after runs had been seen is judged on other seeds.

What was claimed earlier stands in the history of `results/NAME/claims.csv`; without git, in the
file as it is.
"""

import csv
import io
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from repro.app.lint.problem import Problem, Repository, text_of
from repro.findings.verdicts import compared_with, region
from repro.store.provenance import FILE as PROVENANCE
from repro.store.provenance import read_provenance
from repro.study.models import Claim, Study
from repro.study.seeds import list_seeds

Row = Mapping[str, str]


class Version(NamedTuple):
    """The claims as they once were judged, by their keys, and the variants that the study had."""

    commit: str  # abbreviated; "" for the files as they are
    claims: Mapping[str, Row]
    variants: frozenset[str]  # a grid's cells by its name


def changed_claims_have_fresh_seeds(study: Study, repository: Repository) -> Iterator[Problem]:
    """No claim is judged on seeds that it was judged on by another test of the same variants."""
    versions = list(_history(study, repository))
    for key, claim in study.claims.items():
        for version in versions:
            if judged_on := _judged_by_another_test(version, study, key) - set(claim.seen_seeds):
                first, last = min(judged_on), max(judged_on)
                named = f" in {version.commit}" if version.commit else ""
                yield Problem(
                    repository.place_of_claim(study, key),
                    f"its test was another one{named}, where seeds {first} to {last} had been seen",
                    f'name these in fixed_after ("0:{last + 1}"), and run others',
                )
                break


def _judged_by_another_test(version: Version, study: Study, key: str) -> set[int]:
    """Return the seeds on which a claim was judged, if its test was another one then."""
    claim, row = study.claims[key], version.claims.get(key)
    if row is None or not _had_arms(version, claim):
        return set()
    return set() if _written_form(row, study) == _stated_form(claim, study) else _seeds(row)


def _history(study: Study, repository: Repository) -> Iterator[Version]:
    claims, file = f"results/{study.name}/claims.csv", f"experiments/{study.name}.toml"
    if (repository.root / claims).is_file():
        text = text_of(repository.root / claims)
        yield Version("", _rows(text), _with_runs(repository.results(study.name)))
    for commit in _git(repository, ["log", "--format=%h", "--", claims]).split():
        texts = [_git(repository, ["show", f"{commit}:{name}"]) for name in (claims, file)]
        if all(texts):
            study_file = tomllib.loads(texts[1])
            names = frozenset([*study_file["variants"], *study_file.get("grids", ())])
            yield Version(commit, _rows(texts[0]), names)


def _rows(claims: str) -> dict[str, Row]:
    return {row["claim"]: row for row in csv.DictReader(io.StringIO(claims))}


def _with_runs(folder: Path) -> frozenset[str]:
    if not (folder / PROVENANCE).is_file():
        return frozenset()
    named = read_provenance(folder).settings.variants
    return frozenset(name.partition("@")[0] for name in named)


def _git(repository: Repository, arguments: Sequence[str]) -> str:
    """Return what git prints; nothing if it fails, as where there is no repository."""
    try:
        finished = subprocess.run(
            ["git", "-C", str(repository.root), *arguments],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except OSError:  # no git
        return ""
    return finished.stdout if finished.returncode == 0 else ""


def _had_arms(version: Version, claim: Claim) -> bool:
    arms = filter(None, (claim.variant, claim.reference))
    return all(arm.partition("@")[0] in version.variants for arm in arms)


def _stated_form(claim: Claim, study: Study) -> tuple[object, ...]:
    low, high = region(claim, study.better)
    if claim.test in ("within", "equivalent"):
        low, high = -claim.bound, claim.bound
    arms = (claim.variant, compared_with(claim) or "")
    return (*arms, claim.metric, claim.event, low, high)


def _written_form(row: Row, study: Study) -> tuple[object, ...]:
    """Return a row's variants, what it looks at, and the region where it held, less its target."""
    known = {name: row[name] for name in ("made_by", "says", "variant", "metric", "test")}
    claim = Claim.model_construct(**known, bound=float(row["bound"] or 0), target=0.0)  # type: ignore[arg-type]
    low, high = region(claim, study.better)
    arms = (_named_now(row.get(arm, ""), study) for arm in ("variant", "reference"))
    return (*arms, row["metric"], row.get("event", ""), low, high)


def _named_now(variant: str, study: Study) -> str:
    """Return the name of a variant as the study's parameters are called now."""
    name, _, cell = variant.partition("@")
    settings = [setting.partition("=") for setting in cell.split(",") if setting]
    named = [f"{study.renamed.get(key, key)}={value}" for key, _, value in settings]
    return f"{name}@{','.join(named)}" if named else variant


def _seeds(row: Row) -> set[int]:
    spans = row.get("seeds") or f"0:{row['n']}"
    return {seed for span in spans.split() for seed in list_seeds(span)}


CHECKS = (changed_claims_have_fresh_seeds,)
