"""Rules of the house that ruff has no rule for, in every module of package, benches and examples.

Tests keep one of them: the formatter is not fought.
"""

from pathlib import Path

import pytest

import repro
from repro.app.lint.style import RULES, formatter_is_not_fought

PACKAGE = Path(repro.__file__).parent
ROOT = PACKAGE.parent


def broken(rule, folder):
    """Return where a folder's modules break a rule."""
    paths = sorted(folder.rglob("*.py"))
    assert paths
    found = ((path, rule(path, path.read_text(encoding="utf-8"))) for path in paths)
    return [(str(path.relative_to(folder)), *where) for path, rest in found for where in rest]


@pytest.mark.parametrize(
    "folder", [PACKAGE, ROOT / "bench", ROOT / "examples"], ids=lambda f: f.name
)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rules(rule, folder):
    assert broken(rule, folder) == []


def test_the_tests_do_not_fight_the_formatter():
    assert broken(formatter_is_not_fought, ROOT / "tests") == []
