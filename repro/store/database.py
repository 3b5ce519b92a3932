"""The SQLite file of the run store: made whole, held by one process, checked when it is opened.

The journal is SQLite's rollback journal: what is committed lies in the file itself, which every
opening checks to the last byte. A write-ahead log would keep it in a second file, whose end SQLite
drops without a word when it is damaged.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from repro.store.files import content_digest, scratch_file
from repro.store.shape import Row, wrong_adoption, wrong_run, wrong_settings
from repro.study.files import open_regular, require_regular

VERSION = 3
HEADER = 100  # bytes of any SQLite file
# A journal of several databases ends so, behind the path of another file, which SQLite deletes.
NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")
TABLES = """
CREATE TABLE settings (
    digest TEXT PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE adoptions (
    content TEXT PRIMARY KEY
) STRICT;
CREATE TABLE runs (
    identity TEXT NOT NULL,
    copy INTEGER NOT NULL,
    settings TEXT NOT NULL,
    variant TEXT NOT NULL,
    seed INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    curve TEXT NOT NULL,
    seconds REAL NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (identity, copy)
) STRICT
"""


class StoreError(RuntimeError):
    """The run store can't be used; the message says why and what to do."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, made if there is none, and hold it until the connection or process ends.

    Raises:
        OSError, sqlite3.Error: if it can't be made, read or written; SQLITE_BUSY if it is held.
        StoreError: if it is not a sound store of this version.
    """
    for name in (path.name, *(f"{path.name}-{kind}" for kind in ("journal", "wal", "shm"))):
        require_regular(path.with_name(name))
    _refuse_other_journal(path)
    if not path.exists():
        _create(path)
    if path.stat().st_size < HEADER:  # SQLite would take it for an empty one
        raise unsound(path, "it is cut short")
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=0, isolation_level=None)
    try:
        _hold(connection)
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
    except BaseException:
        connection.close()
        raise
    return connection


def checksum(row: Row) -> str:
    """Return the SHA-256 of a row; SQLite itself does not notice a changed letter."""
    return content_digest("\n".join(map(repr, row)).encode())


def _create(path: Path) -> None:
    """Put an empty store there in one step: a file without tables is damage, not a beginning."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        content = connection.serialize()
    with scratch_file(path, content) as scratch:
        _link(scratch, path)


def _refuse_other_journal(path: Path) -> None:
    """Raise `StoreError` for a journal that names another file: a store's own names none."""
    journal = path.with_name(f"{path.name}-journal")
    with suppress(FileNotFoundError), os.fdopen(open_regular(journal, os.O_RDONLY), "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 2 * len(NAMES_ANOTHER)))
        end = file.read()
        if len(end) > len(NAMES_ANOTHER) and end.endswith(NAMES_ANOTHER):
            raise unsound(path, "its journal names another file, which would be deleted")


def _link(scratch: Path, path: Path) -> None:
    try:
        path.hardlink_to(scratch)
    except FileExistsError:  # another process was faster
        return
    except OSError:  # a file system without links, such as exFAT
        scratch.replace(path)


def _hold(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        problem = _problem(connection)
    except Exception as error:  # damage makes SQLite and its wrapper raise nearly anything
        problem = str(error) or type(error).__name__
    if problem:
        raise unsound(path, problem)


def unsound(path: Path, problem: str) -> StoreError:
    """Return the error for a file that can't be trusted."""
    return StoreError(
        f"{path}: not a sound run store ({problem}); move {path.name}* away to start anew"
    )


def _problem(connection: sqlite3.Connection) -> str:
    """Return the first thing that is wrong with the store, or nothing."""
    return next(_problems(connection), "")


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    soundness = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if soundness != "ok":
        yield soundness
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        yield (
            f"its version is {version}, this program's is {VERSION}: go on with the program "
            "that wrote it, or train its runs again"
        )
    # a trigger would change what is stored later, a view stand for a table
    if _definitions(connection) != _expected_definitions():
        yield "it holds other tables, views or triggers than a store"
    settings = dict(connection.execute("SELECT * FROM settings"))
    yield from _wrong_settings(settings)
    for (content,) in connection.execute("SELECT content FROM adoptions"):
        if wrong := wrong_adoption(content):
            yield f"an adoption {wrong}"
    seeds = {
        digest: frozenset(json.loads(content)["seeds"]) for digest, content in settings.items()
    }
    yield from _wrong_runs(connection, seeds)


def _wrong_settings(settings: Mapping[str, str]) -> Iterator[str]:
    for digest, content in settings.items():
        if content_digest(content.encode()) != digest:
            yield f"the settings {digest[:64]!a} are not what was stored"
        if wrong := wrong_settings(content):
            yield f"the settings {digest[:8]} {wrong}"


def _wrong_runs(
    connection: sqlite3.Connection, seeds: Mapping[str, Collection[int]]
) -> Iterator[str]:
    for *row, expected in connection.execute("SELECT * FROM runs"):
        if checksum(tuple(row)) != expected:
            yield f"the run {row[0][:64]!a} is not what was stored"
        # whoever can write a row can write its checksum
        if wrong := wrong_run(tuple(row), seeds):
            yield f"the run {row[0][:64]!a} {wrong}"


def _definitions(connection: sqlite3.Connection) -> list[tuple[str, str, str | None]]:
    query = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    return connection.execute(query).fetchall()


@cache
def _expected_definitions() -> list[tuple[str, str, str | None]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        return _definitions(connection)
