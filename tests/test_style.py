"""Rules of the house that ruff has no rule for, in every module of the package.

Tests and benches keep one of them: the formatter is not fought.
"""

from pathlib import Path

import pytest

import repro
from repro.app.lint.style import RULES, formatter_is_not_fought

PACKAGE = Path(repro.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
AROUND = [PACKAGE.parent / folder for folder in ("bench", "examples", "tests")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_keeps_the_rules(path, rule):
    assert list(rule(path, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("folder", AROUND, ids=lambda folder: folder.name)
def test_the_formatter_is_not_fought_elsewhere(folder):
    paths = sorted(folder.rglob("*.py"))
    assert paths
    for path in paths:
        assert list(formatter_is_not_fought(path, path.read_text(encoding="utf-8"))) == [], path
