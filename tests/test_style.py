"""Rules of the house that ruff has no rule for, in every module of the package."""

from pathlib import Path

import pytest

import repro
from repro.app.lint.style import RULES

PACKAGE = Path(repro.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_keeps_the_rules(path, rule):
    assert list(rule(path, path.read_text(encoding="utf-8"))) == []
