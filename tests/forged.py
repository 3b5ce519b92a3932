"""Results folders as a forger leaves them, who knows what is recorded where."""

import json
from contextlib import suppress
from hashlib import sha256

import pandas as pd

from repro.store.identities import identities_digest
from repro.store.provenance import read_provenance

TABLES = ("runs.csv", "curves.csv", "claims.csv")


def forge_digests(folder):
    """Let `provenance.json` have the digests of the tables as they are, and of their runs."""
    present = [name for name in TABLES if (folder / name).is_file()]
    digests = {name: sha256((folder / name).read_bytes()).hexdigest() for name in present}
    forge_provenance(folder, tables=digests)
    with suppress(Exception):  # of what is no table
        runs = pd.read_csv(folder / "runs.csv")
        forge_provenance(folder, runs=identities_digest(runs, read_provenance(folder)))


def forge_provenance(folder, **fields):
    """Change fields of `provenance.json`, and take away its own digest, as of files of before."""
    path = folder / "provenance.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(recorded | {"digest": ""} | fields), encoding="utf-8")
