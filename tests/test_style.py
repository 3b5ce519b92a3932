"""Rules of the house that ruff has no rule for, in every module of the package.

Tests and benches keep one of them: the formatter is not fought.
"""

from pathlib import Path

import pytest

import repro
from repro.app.lint.style import RULES, formatter_is_not_fought

PACKAGE = Path(repro.__file__).parent
AROUND = [PACKAGE.parent / folder for folder in ("bench", "examples", "tests")]


def broken(rule, folder):
    """Return where a folder's modules break a rule."""
    paths = sorted(folder.rglob("*.py"))
    assert paths
    found = ((path, rule(path, path.read_text(encoding="utf-8"))) for path in paths)
    return [(str(path.relative_to(folder)), *where) for path, rest in found for where in rest]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rules(rule):
    assert broken(rule, PACKAGE) == []


@pytest.mark.parametrize("folder", AROUND, ids=lambda folder: folder.name)
def test_the_formatter_is_not_fought_elsewhere(folder):
    assert broken(formatter_is_not_fought, folder) == []
