"""Where a results folder's tables come from: what the tables themselves must not hold."""

import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from repro import __version__
from repro.study.identity import digest, fingerprint, flat
from repro.study.plan import Plan
from repro.study.store import StoredRun


def command_line() -> str:
    """Return the command that runs this process, as its user may type it again."""
    called = Path(sys.argv[0])
    module = "repro" if called.stem == "__main__" else f"repro.{called.stem}"
    return shlex.join(["python", "-m", module, *sys.argv[1:]])


def provenance(plan: Plan, runs: Mapping[str, StoredRun], command: str) -> dict[str, Any]:
    """Return what `provenance.json` says: command, versions, machine, data, times."""
    done = [runs[identity] for identity in plan.identities if identity in runs]
    return {
        "command": command,
        "package": f"repro-relu {__version__}",
        "experiment": plan.experiment.name,
        "code": plan.experiment.code,
        "runs": digest(sorted(plan.identities)),
        "data": plan.data,
        "fingerprint": dict(fingerprint()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds_per_run": {
            variant: round(sum(r.seconds for r in of) / len(of), 4)
            for variant in plan.seeds
            if (of := [r for r in done if r.variant == variant])
        },
        "seconds": round(sum(r.seconds for r in done), 1),
    }


def changes_since(made: Mapping[str, Any], plan: Plan) -> list[str]:
    """Return what is not as it was when results were made, a line each; empty: nothing.

    Then the same runs must give the same bits.

    Args:
        made: their `provenance.json`.
        plan: that of the whole study, here and now.
    """
    if made["runs"] == digest(sorted(plan.identities)):
        return []
    changes = []
    if made["code"] != plan.experiment.code:
        changes.append(f"code: then {made['code'][:8]}, now {plan.experiment.code[:8]}")
    before, now = (flat(of, member="there") for of in (made["fingerprint"], fingerprint()))
    for field in sorted(before.keys() | now.keys()):
        if before.get(field, "") != now.get(field, ""):
            then, here = (side.get(field) or "nothing" for side in (before, now))
            changes.append(f"{field}: then {then}, now {here}")
    return changes or ["settings of the study, or data"]
