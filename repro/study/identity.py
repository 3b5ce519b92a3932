"""Identify a run by all that determines its numbers."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("keras", "llvmlite", "numba", "numpy", "pandas", "scipy", "tensorflow")
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
# Numerical libraries choose their code by these.
INSTRUCTION_SETS = ("sse4", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16", "fphp")


@cache
def fingerprint() -> Mapping[str, Any]:
    """Return the parts of the machine that a run's bits depend on.

    They are the instruction set of the processor, the versions of the libraries that compute, and
    the flags that change how they do. The number of threads is not one: every worker has one.
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


def block_settings(
    *, code: str, parameters: Mapping[str, Any], seeds: Sequence[int], data: str
) -> dict[str, Any]:
    """Return everything that determines the numbers of seeds that are trained together.

    The name of the experiment is not in it, since names compute nothing, nor is the variant's.

    Args:
        code: digest of the code that computes.
        parameters: all of them, defaults included.
        seeds: those of the block; numbers depend by rounding on the others in it.
        data: digest of the data set, or "".
    """
    return {
        "code": code,
        "parameters": dict(parameters),
        "seeds": list(seeds),
        "data": data,
        "fingerprint": dict(fingerprint()),
    }


def run_identities(settings: Mapping[str, Any]) -> list[str]:
    """Return the SHA-256 that identifies the run of each seed of a block, in their order."""
    together = digest(settings)
    return [digest({"settings": together, "seed": seed}) for seed in settings["seeds"]]


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
