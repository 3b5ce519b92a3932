"""Where a results folder's tables come from: what the tables themselves must not hold."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from repro import __version__
from repro.study.identity import digest, fingerprint
from repro.study.plan import Plan
from repro.study.store import StoredRun


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
