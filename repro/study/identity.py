"""What determines a run's numbers, and the hash of it."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("keras", "llvmlite", "numba", "numpy", "tensorflow")
FLAGS = ("KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS")
# Other code than the processor's best; named only where set, so that identities of before stand.
CHOICES = (
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "NUMBA_DISABLE_JIT",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "TF_DETERMINISTIC_OPS",
)
# what numerical libraries choose their code by
INSTRUCTION_SETS = ("sse4", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16", "fphp")


@cache
def fingerprint() -> Mapping[str, Any]:
    """Return what, besides a run's own settings, its bits depend on.

    Instruction set of the processor, versions of the libraries that compute, and the flags that
    change how they do. The number of threads is not part of it: every worker has one.
    """
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "instruction_sets": _instruction_sets(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "flags": {name: os.environ.get(name, "") for name in FLAGS}
        | {name: os.environ[name] for name in CHOICES if name in os.environ},
    }


def run_identity(
    *,
    experiment: str,
    code: str,
    parameters: Mapping[str, Any],
    seed: int,
    block: Sequence[int],
    data: str,
) -> str:
    """Return the SHA-256 of everything that determines a run's numbers.

    Args:
        experiment: its name.
        code: digest of the code that computes.
        parameters: all of them, defaults included.
        seed: the run's.
        block: the seeds that are trained together; numbers depend on it by rounding.
        data: digest of the data set, or "".
    """
    determined_by = {
        "experiment": experiment,
        "code": code,
        "parameters": dict(parameters),
        "seed": seed,
        "block": list(block),
        "data": data,
        "fingerprint": fingerprint(),
    }
    return digest(determined_by)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's JSON, keys sorted."""
    return sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


def flat(fields: Mapping[str, Any], *, member: str) -> dict[str, str]:
    """Return nested fields, as of a fingerprint, under dotted names.

    Args:
        fields: by name: texts, mappings of the same kind, or lists, which are sets of names.
        member: what stands for each member of a list.
    """
    named: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            inner = flat(value, member=member)
        elif isinstance(value, list):
            inner = dict.fromkeys(map(str, value), member)
        else:
            named[name] = str(value)
            continue
        named |= {f"{name}.{key}": item for key, item in inner.items()}
    return named


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _instruction_sets() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return [platform.processor()]
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return sorted(flag for flag in flags.split() if flag.startswith(INSTRUCTION_SETS))
