"""The run store: finished runs in one SQLite file, each written once and whole."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from repro.store.database import Row, StoreError, checksum, open_database, unsound

FILE = ".store.sqlite"
HOLDER = ".running"


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
            self._connection = open_database(self.path)
        except (OSError, sqlite3.Error) as error:
            raise self._explained(error) from None
        try:
            self._holder.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        except OSError as error:
            self._connection.close()
            raise self._explained(error) from None

    def add(self, runs: Iterable[StoredRun]) -> None:
        """Store finished runs, all or none; when this returns they are on disk.

        A run that is stored already, with the same numbers, stays as it is; with other numbers it
        is kept beside the first, and both are `disputed`.

        Raises:
            StoreError: if they can't be written; runs stored before are whole.
        """
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                for run in runs:
                    self._add(run)
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: can't store runs ({error}); those stored before are whole"
            ) from None

    def find(self, identities: Iterable[str]) -> dict[str, StoredRun]:
        """Return those of the runs that are stored, by identity."""
        wanted = set(identities)
        return {
            run.identity: run
            for run in self._select("SELECT * FROM runs WHERE copy = 0")
            if run.identity in wanted
        }

    def disputed(self, identities: Iterable[str]) -> dict[str, list[StoredRun]]:
        """Return those of the runs that finished with different numbers, with all of these."""
        wanted = set(identities)
        copies: dict[str, list[StoredRun]] = {}
        query = "SELECT * FROM runs WHERE identity IN (SELECT identity FROM runs WHERE copy > 0)"
        for run in self._select(f"{query} ORDER BY identity, copy"):
            if run.identity in wanted:
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

    def _add(self, run: StoredRun) -> None:
        numbers = json.dumps(run.metrics), json.dumps(run.curve)
        query = "SELECT metrics, curve FROM runs WHERE identity = ?"
        known = self._connection.execute(query, [run.identity]).fetchall()
        if numbers not in known:
            row: Row = (
                run.identity, len(known), run.variant, run.seed, *numbers, float(run.seconds)
            )  # fmt: skip
            insert = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            self._connection.execute(insert, (*row, checksum(row)))

    def _select(self, query: str) -> list[StoredRun]:
        try:
            rows = self._connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise unsound(self.path, str(error)) from None
        return [
            StoredRun(identity, variant, seed, json.loads(metrics), json.loads(curve), seconds)
            for identity, _, variant, seed, metrics, curve, seconds, _ in rows
        ]

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
            named = self._holder.read_text(encoding="utf-8", errors="replace")
        except OSError:
            named = ""
        return named or "another process"
