"""Where a results folder's tables come from: what the tables themselves must not hold."""

import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from repro import __version__
from repro.store.files import write_whole
from repro.store.runs import StoredRun
from repro.study.identity import digest, fingerprint, flat
from repro.study.plan import Plan
from repro.study.schema import StudyError, explain

FILE = "provenance.json"


class _Read(BaseModel):
    """What is read back: keys of another version are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Fingerprint(_Read):
    """`repro.study.identity.fingerprint`, as it was."""

    machine: str
    system: str
    instruction_sets: list[str]
    python: str
    libraries: dict[str, str]
    flags: dict[str, str]


class Provenance(_Read):
    """What `provenance.json` says: command, versions, machine, data, times (seconds)."""

    command: str
    package: str
    experiment: str
    code: str
    runs: str  # digest of their identities
    data: str | None
    fingerprint: Fingerprint
    finished: str = Field(pattern=r"^\d{4}-\d\d-\d\dT")
    seconds_per_run: dict[str, float]
    seconds: float


def command_line() -> str:
    """Return the command that runs this process, as its user may type it again."""
    called = Path(sys.argv[0])
    module = "repro" if called.stem == "__main__" else f"repro.{called.stem}"
    command = shlex.join(["python", "-m", module, *sys.argv[1:]])
    return command.encode(errors="backslashreplace").decode()  # of paths that are no text


def provenance(plan: Plan, runs: Mapping[str, StoredRun], command: str) -> Provenance:
    """Return what is to be said of a plan's runs."""
    done = [runs[identity] for identity in plan.identities if identity in runs]
    return Provenance(
        command=command,
        package=f"repro-relu {__version__}",
        experiment=plan.experiment.name,
        code=plan.experiment.code,
        runs=digest(sorted(plan.identities)),
        data=plan.data,
        fingerprint=Fingerprint(**fingerprint()),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds_per_run={
            variant: round(sum(r.seconds for r in of) / len(of), 4)
            for variant in plan.seeds
            if (of := [r for r in done if r.variant == variant])
        },
        seconds=round(sum(r.seconds for r in done), 1),
    )


def write_provenance(made: Provenance, folder: Path) -> None:
    """Write `provenance.json` into a results folder."""
    write_whole(folder / FILE, f"{made.model_dump_json(indent=2)}\n".encode())


def read_provenance(folder: Path) -> Provenance:
    """Read a results folder's `provenance.json`.

    Raises:
        StudyError: if it is not what `write_provenance` writes; names the file and what to do.
        OSError: if it can't be read.
    """
    path = folder / FILE
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StudyError(
            f"{path}: {explain(error)[0]}; python -m repro.{folder.name} makes it anew"
        ) from None


def changes_since(made: Provenance, plan: Plan) -> list[str]:
    """Return what is not as it was when results were made, a line each; empty: nothing.

    Then the same runs must give the same bits.

    Args:
        made: how the results were made.
        plan: that of the whole study, here and now.
    """
    if made.runs == digest(sorted(plan.identities)):
        return []
    changes = []
    if made.code != plan.experiment.code:
        changes.append(f"code: then {made.code[:8]}, now {plan.experiment.code[:8]}")
    sides = made.fingerprint.model_dump(), fingerprint()
    before, now = (flat(of, member="there") for of in sides)
    for field in sorted(before.keys() | now.keys()):
        if before.get(field, "") != now.get(field, ""):
            then, here = (side.get(field) or "nothing" for side in (before, now))
            changes.append(f"{field}: then {then}, now {here}")
    return changes or ["settings of the study, or data"]
