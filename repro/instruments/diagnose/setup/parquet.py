"""Parquet files, believed only as far as their index can be checked before they are unpacked."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from repro.instruments.diagnose.setup.errors import DiagnoseError, one_line, short

MOST_CELLS = 2**29  # in double precision, 4 GiB
MOST_BYTES = 4 * 2**30  # of what is compressed


def read_parquet(path: Path, content: bytes) -> pd.DataFrame:
    """Return the table of a Parquet file; texts are held once each, however often they are there.

    Raises:
        DiagnoseError: if it is too large, or a column holds no single values.
        ImportError: without pyarrow.
    """
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        _refuse_bomb(path, file.metadata)
        _refuse_nested(path, file.schema_arrow)
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        return pd.read_parquet(io.BytesIO(content), read_dictionary=texts)
    except (DiagnoseError, ImportError):  # pandas may want another pyarrow
        raise
    except Exception as error:  # of hostile bytes, OSError among them, which names no file
        raise DiagnoseError(f"{path} is no Parquet file: {one_line(error)}") from error


def _refuse_bomb(path: Path, index: Any) -> None:
    """Raise `DiagnoseError` if a file says that it has too much; a few bytes can say millions."""
    if index.num_rows * index.num_columns > MOST_CELLS:
        raise DiagnoseError(
            f"{path} has {index.num_rows:,} rows of {index.num_columns:,} columns; at most "
            f"{MOST_CELLS:,} numbers can be read"
        )
    total = sum(index.row_group(place).total_byte_size for place in range(index.num_row_groups))
    if total > MOST_BYTES:
        raise DiagnoseError(
            f"{path} unpacks to {total / 2**30:,.1f} GiB, and may to {MOST_BYTES // 2**30} GiB"
        )


def _refuse_nested(path: Path, schema: Any) -> None:
    """Raise `DiagnoseError` for a column of lists or records, whose lengths no index says."""
    from pyarrow import types

    for field in schema:
        kind = getattr(field.type, "storage_type", field.type)
        if types.is_nested(kind):
            raise DiagnoseError(
                f"{path}: column {short(field.name)!r} holds lists or records; leave it out, or "
                "write a column for each of their numbers"
            )


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)
