"""Record where a results folder's tables come from, which the tables themselves must not hold."""

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from repro import __version__
from repro.store.files import content_digest, write_whole
from repro.store.runs import StoredRun
from repro.store.shape import DATE
from repro.study.errors import StudyError
from repro.study.files import read_regular
from repro.study.identity import digest, fingerprint, flat
from repro.study.plan import Plan
from repro.study.text import LINES, controls, printable, texts
from repro.study.validation import explain

PACKAGE = f"repro-relu {__version__}"
FILE = "provenance.json"
MOST_BYTES = 16 * 2**20
Seconds = Annotated[float, Field(ge=0, le=1e12)]


class _Read(BaseModel):
    """A model of what is read back; keys of another version are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Fingerprint(_Read):
    """A fingerprint of `repro.study.identity`, as it was then."""

    machine: str
    system: str
    instruction_sets: list[str]
    python: str
    libraries: dict[str, str]
    flags: dict[str, str]


class Settings(_Read):
    """The parameters of all variants: the commonest values, and where a variant has others."""

    common: dict[str, Any]
    variants: dict[str, dict[str, Any]]

    def of_variant(self, name: str) -> dict[str, Any]:
        """Return all parameters of a variant."""
        return self.common | self.variants[name]

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the settings that say what these parameters of the variants say."""
        first = next(iter(parameters.values()))
        shared = [name for name in first if all(name in own for own in parameters.values())]
        common = {name: _commonest([own[name] for own in parameters.values()]) for name in shared}
        variants = {
            variant: {
                name: value
                for name, value in own.items()
                if name not in common or repr(value) != repr(common[name])
            }
            for variant, own in parameters.items()
        }
        return cls(common=common, variants=variants)


class Adoption(_Read):
    """A change of code that was shown to change no number, by training a sample again."""

    code_before: str
    code_after: str
    sample: str
    date: str = Field(pattern=DATE)


class Provenance(_Read):
    """The content of `provenance.json`: command, versions, machine, data, times (seconds)."""

    command: str
    package: str
    experiment: str
    code: str
    runs: str  # digest of their identities
    data: str | None
    data_digest: str
    settings: Settings
    block: Annotated[int, Field(ge=1)]  # seeds that are trained together
    fingerprint: Fingerprint
    adopted: list[Adoption] = []
    finished: str = Field(pattern=DATE)
    seconds_per_run: dict[str, Seconds]
    seconds: Seconds
    tables: dict[str, str] = {}  # digests of their content, by name; tables of before have none
    digest: str = ""  # of all this; files of before have none

    @property
    def was_edited(self) -> bool:
        """True if it is not what was written, as far as its digest tells."""
        return self.digest not in ("", self.own_digest)

    @property
    def own_digest(self) -> str:
        """The digest that it should have."""
        others = self.model_copy(update={"digest": ""})
        return content_digest(others.model_dump_json().encode())


def command_line() -> str:
    """Return the command that runs this process, as its user may type it again."""
    called = Path(sys.argv[0])
    name = called.parent.name if called.stem == "__main__" else called.stem
    module = "repro" if name == "repro" else f"repro.{name}"
    words = printable(shlex.join(["python", "-m", module, *sys.argv[1:]]))
    return words.replace("\n", "\\n").replace("\t", "\\t")


def steps_to(code: str, adoptions: Sequence[Adoption]) -> list[Adoption]:
    """Return the adoptions that led to code, one after the other, the first one first."""
    steps: list[Adoption] = []
    codes = {code}
    for adoption in sorted(adoptions, key=lambda adoption: adoption.date, reverse=True):
        if adoption.code_after in codes:
            steps.insert(0, adoption)
            codes.update(adoption.code_before.split())
    return steps


def provenance(
    plan: Plan,
    runs: Mapping[str, StoredRun],
    command: str,
    adopted: Sequence[Adoption] = (),
    *,
    tables: Mapping[str, str] | None = None,
) -> Provenance:
    """Return the provenance of a plan's runs.

    Args:
        plan: of the runs.
        runs: those that finished, by identity.
        command: that ran them.
        adopted: changes of code, as far as they are theirs.
        tables: the digests of the tables that were written, by name.
    """
    seconds: dict[str, list[float]] = {}
    for variant, _, identity in plan.runs:
        if identity in runs:
            seconds.setdefault(variant, []).append(runs[identity].seconds)
    return Provenance(
        command=command,
        package=PACKAGE,
        experiment=plan.experiment.name,
        code=plan.experiment.code,
        runs=digest(sorted(plan.identities)),
        data=plan.data,
        data_digest=plan.data_digest,
        settings=Settings.from_parameters(plan.parameters),
        block=plan.study.block,
        fingerprint=Fingerprint(**fingerprint()),
        adopted=steps_to(plan.experiment.code, adopted),
        finished=timestamp(),
        seconds_per_run={
            variant: round(sum(times) / len(times), 4) for variant, times in seconds.items()
        },
        seconds=round(sum(map(sum, seconds.values())), 1),
        tables=dict(tables or {}),
    )


def timestamp() -> str:
    """Return date and time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_provenance(recorded: Provenance, folder: Path) -> None:
    """Write `provenance.json` into a results folder."""
    whole = recorded.model_copy(update={"digest": recorded.own_digest})
    write_whole(folder / FILE, f"{whole.model_dump_json(indent=2)}\n".encode())


def read_provenance(folder: Path) -> Provenance:
    """Read a results folder's `provenance.json`.

    Raises:
        StudyError: if it is not what `write_provenance` writes; names the file and what to do.
        OSError: if it can't be read.
    """
    path = folder / FILE
    remedy = f"python -m repro.{folder.name} makes it anew"
    try:
        recorded = Provenance.model_validate_json(read_regular(path, MOST_BYTES))
    except ValidationError as error:
        raise StudyError(f"{path}: {explain(error)[0]}; {remedy}") from None
    whole = "".join(texts(recorded.model_dump()))
    for control in (*controls(whole), *set(LINES) & set(whole)):  # its texts are a line each
        raise StudyError(f"{path}: has the control character {control!a}; {remedy}")
    return recorded


def changes_since(recorded: Provenance, plan: Plan) -> list[str]:
    """Return the changes since results were made, a line each.

    If there are none, the same runs must give the same bits.

    Args:
        recorded: the provenance of the results.
        plan: that of the whole study, on this machine and by this code.
    """
    if recorded.runs == digest(sorted(plan.identities)):
        return []
    changes = []
    if recorded.code != plan.experiment.code:
        changes.append(f"code: then {recorded.code[:8]}, now {plan.experiment.code[:8]}")
    machines = recorded.fingerprint.model_dump(), fingerprint()
    earlier, current = (flat(machine, member="there") for machine in machines)
    for field in sorted(earlier.keys() | current.keys()):
        if earlier.get(field, "") != current.get(field, ""):
            values = (machine.get(field) or "nothing" for machine in (earlier, current))
            changes.append("{}: then {}, now {}".format(field, *values))
    return changes or ["settings of the study, or data"]


def _commonest(values: Sequence[Any]) -> Any:
    counts = Counter(map(repr, values))
    return max(values, key=lambda value: counts[repr(value)])
