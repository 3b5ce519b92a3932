"""The run store: finished runs in one SQLite file, each written once and whole."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from repro.store.database import StoreError, checksum, open_database, unsound
from repro.store.files import content_digest, write_note
from repro.store.shape import Row, axis_of, wrong_numbers
from repro.study.files import read_regular
from repro.study.plan import Block, Plan
from repro.study.text import printable

FILE = ".store.sqlite"
HOLDER = ".running"
LONGEST_HOLDER = 400  # bytes
GONE = (
    "was moved, replaced or deleted while it was held; run again, which goes on from what is there"
)


@dataclass(frozen=True)
class StoredRun:
    """One finished run.

    Attributes:
        identity: hash of all that determines it.
        variant: its variant.
        seed: its seed.
        metrics: final metrics and status, by name.
        curve: one such row for each epoch or logged step.
        seconds: its share of the block's time.
    """

    identity: str
    variant: str
    seed: int
    metrics: dict[str, Any]
    curve: list[dict[str, Any]]
    seconds: float


StoredBlock = tuple[Block, list[StoredRun]]


class Store:
    """The runs of one results folder, held by one process at a time.

    The lock is the database's own: SQLite holds the file exclusively until the connection closes
    or its process dies, however it dies. `HOLDER` only says who that is.

    Raises:
        StoreError: if the folder can't be written, another process holds it, or the file is not
            a sound store of this version.
    """

    def __init__(self, folder: Path):
        self.path = folder / FILE
        self._holder = folder / HOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = open_database(self.path)
        except (OSError, sqlite3.Error) as error:
            raise self._explained(error) from None
        try:
            self._file = self.path.stat()
            write_note(self._holder, f"process {os.getpid()} on {socket.gethostname()}")
        except OSError as error:
            self._connection.close()
            raise self._explained(error) from None

    def add(self, block: Block, runs: Iterable[StoredRun]) -> None:
        """Store a block's finished runs, all or none; when this returns they are on disk.

        A run that is stored already, with the same numbers, stays as it is; with other numbers it
        is kept beside the first, and both are `disputed`.

        Raises:
            StoreError: if they can't be written; runs stored before are whole.
        """
        with self._writing():
            self._add_block(block, runs)

    def find_planned(self, plan: Plan) -> dict[str, StoredRun]:
        """Return those runs of a plan that are stored, by identity.

        Raises:
            StoreError: if one has another seed or axis, lacks a metric, or is out of its range.
        """
        planned = {identity: (variant, seed) for variant, seed, identity in plan.runs}
        stored = self.find(planned)
        for identity, run in stored.items():
            variant, seed = planned[identity]  # the run may be of another name of the variant
            wrong = wrong_numbers(run.metrics, run.curve, plan.experiment.metrics)
            if run.seed != seed:
                wrong = f"has the seed {run.seed}"
            if wrong:
                raise unsound(self.path, f"the run of {variant}, seed {seed} {wrong}")
        if len({axis_of(run.curve) for run in stored.values() if run.curve}) > 1:
            raise unsound(self.path, "some curves count epochs and some count steps")
        return stored

    def find(self, identities: Iterable[str]) -> dict[str, StoredRun]:
        """Return those of the runs that are stored, by identity."""
        sought = set(identities)
        return {
            run.identity: run
            for run in self._select("SELECT * FROM runs WHERE copy = 0")
            if run.identity in sought
        }

    def blocks(self) -> list[StoredBlock]:
        """Return all that is stored: each block whose runs are all there, with them."""
        settings = dict(self._query("SELECT digest, content FROM settings"))
        runs: dict[tuple[str, str], list[StoredRun]] = {}
        for row in self._query("SELECT * FROM runs WHERE copy = 0"):
            run = _stored_run(row)
            runs.setdefault((row[2], run.variant), []).append(run)
        blocks = [
            (Block(variant, json.loads(settings[digest])), stored)
            for (digest, variant), stored in runs.items()
        ]
        return [(block, stored) for block, stored in blocks if len(stored) == len(block.seeds)]

    def adopt(self, carried: Iterable[StoredBlock], adoptions: Iterable[Mapping[str, Any]]) -> None:
        """Store runs under new identities, with what showed that they are the same; all or none.

        Args:
            carried: the runs, by their blocks.
            adoptions: this one, and before it those that had led to the runs.

        Raises:
            StoreError: as `add` does.
        """
        with self._writing():
            contents = [[json.dumps(dict(adoption), sort_keys=True)] for adoption in adoptions]
            self._connection.executemany("INSERT OR IGNORE INTO adoptions VALUES (?)", contents)
            for block, runs in carried:
                self._add_block(block, runs)

    def adoptions(self) -> list[dict[str, Any]]:
        """Return all adoptions, in the order in which they were made."""
        query = "SELECT content FROM adoptions ORDER BY rowid"
        return [json.loads(content) for (content,) in self._query(query)]

    def disputed(self, identities: Iterable[str]) -> dict[str, list[StoredRun]]:
        """Return those of the runs that finished with different numbers, with all of these."""
        sought = set(identities)
        copies: dict[str, list[StoredRun]] = {}
        query = "SELECT * FROM runs WHERE identity IN (SELECT identity FROM runs WHERE copy > 0)"
        for run in self._select(f"{query} ORDER BY identity, copy"):
            if run.identity in sought:
                copies.setdefault(run.identity, []).append(run)
        return copies

    def close(self) -> None:
        """Let go of the folder."""
        with closing(self._connection):
            self._holder.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._require_in_place()
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: can't store runs ({error}); those stored before are whole"
            ) from None
        self._require_in_place()

    def _require_in_place(self) -> None:
        """Raise `StoreError` if the file is no more where it was: what is added would be lost."""
        try:
            present = self.path.stat()
        except OSError:
            present = None
        if present is None or not os.path.samestat(present, self._file):
            raise StoreError(f"{self.path}: {GONE}")
        if present.st_size < self._file.st_size:
            raise StoreError(f"{self.path}: was cut while it was held; move {FILE}* away")
        self._file = present

    def _add_block(self, block: Block, runs: Iterable[StoredRun]) -> None:
        settings = self._add_settings(block.settings)
        for run in runs:
            self._add(run, settings)

    def _add_settings(self, settings: Mapping[str, Any]) -> str:
        content = json.dumps(dict(settings), sort_keys=True, allow_nan=False)
        digest = content_digest(content.encode())
        self._connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", [digest, content])
        return digest

    def _add(self, run: StoredRun, settings: str) -> None:
        numbers = json.dumps(run.metrics), json.dumps(run.curve)
        query = "SELECT metrics, curve FROM runs WHERE identity = ?"
        known = self._connection.execute(query, [run.identity]).fetchall()
        if numbers not in known:
            origin = run.identity, len(known), settings, run.variant, run.seed
            row: Row = (*origin, *numbers, float(run.seconds))
            insert = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            self._connection.execute(insert, (*row, checksum(row)))

    def _select(self, query: str) -> list[StoredRun]:
        return [_stored_run(row) for row in self._query(query)]

    def _query(self, query: str) -> list[Any]:
        try:
            return self._connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise unsound(self.path, str(error)) from None

    def _explained(self, error: Exception) -> StoreError:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
            return StoreError(
                f"{self.path.parent}: {self._named_holder()} is writing there; wait or use --out"
            )
        if isinstance(error, OSError | sqlite3.OperationalError):
            return StoreError(f"{self.path.parent}: can't be written: {error}")
        return unsound(self.path, str(error))

    def _named_holder(self) -> str:
        try:
            named = read_regular(self._holder, LONGEST_HOLDER).decode(errors="replace")
        except OSError:
            named = ""
        return printable(named) or "another process"


def _stored_run(row: Row) -> StoredRun:
    identity, _, _, variant, seed, metrics, curve, seconds, *_ = row
    return StoredRun(
        identity=identity,
        variant=variant,
        seed=seed,
        metrics=json.loads(metrics),
        curve=json.loads(curve),
        seconds=seconds,
    )
