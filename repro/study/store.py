"""The run store: finished runs in one SQLite file, each written once and whole."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FILE = ".store.sqlite"
HOLDER = ".running"
VERSION = 1
TABLE = """
CREATE TABLE runs (
    identity TEXT PRIMARY KEY,
    variant TEXT NOT NULL,
    seed INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    curve TEXT NOT NULL,
    seconds REAL NOT NULL
) STRICT
"""


class StoreError(RuntimeError):
    """The run store can't be used; the message says why and what to do."""


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
            self._connection = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            self._lock()
            self._check()
            self._holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        except (OSError, sqlite3.Error) as error:
            raise self._explained(error) from None

    def add(self, runs: Iterable[StoredRun]) -> None:
        """Store finished runs, all or none; when this returns they are on disk.

        Raises:
            StoreError: if they can't be written; runs stored before are whole.
        """
        rows = [
            (r.identity, r.variant, r.seed, json.dumps(r.metrics), json.dumps(r.curve), r.seconds)
            for r in runs
        ]
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: can't store runs: {error}") from None

    def find(self, identities: Iterable[str]) -> dict[str, StoredRun]:
        """Return those of the runs that are stored, by identity."""
        wanted = set(identities)
        rows = self._connection.execute("SELECT * FROM runs")
        return {
            identity: StoredRun(
                identity, variant, seed, json.loads(metrics), json.loads(curve), seconds
            )
            for identity, variant, seed, metrics, curve, seconds in rows
            if identity in wanted
        }

    def close(self) -> None:
        """Let go of the folder."""
        self._holder.unlink(missing_ok=True)
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock(self) -> None:
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("BEGIN EXCLUSIVE")
        self._connection.execute("COMMIT")

    def _check(self) -> None:
        found = self._connection.execute("PRAGMA quick_check").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if version == 0 and tables == 0:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.execute(TABLE)
                self._connection.execute(f"PRAGMA user_version = {VERSION}")
        elif found != "ok":
            raise sqlite3.DatabaseError(found)
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"is of version {version}, not {VERSION}")

    def _explained(self, error: Exception) -> StoreError:
        if "locked" in str(error):
            holder = self._holder.read_text() if self._holder.exists() else "another process"
            return StoreError(f"{self.path.parent}: {holder} is writing there; wait or use --out")
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            return StoreError(
                f"{self.path}: not a sound run store ({error}); move it away to start anew"
            )
        return StoreError(f"{self.path.parent}: can't be written: {error}")
