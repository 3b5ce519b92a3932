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


FORMATTER = "fmt"  # apart, so that these lines are no breach themselves
LONG_BODY = "\n    x = 1" * 41
BROKEN = [  # a rule's name, and a text that breaks it in one place
    ("names", "of = 1"),
    ("names", "def given(): pass"),
    ("names", "async def now(): pass"),
    ("names", "def f(*, seen): pass"),
    ("names", "class Such: pass"),
    ("names", "import keras as its"),
    ("names", "from keras import ops as at"),
    ("names", "with f() as this: pass"),
    ("names", "try: pass\nexcept ValueError as what: pass"),
    ("names", "match x:\n    case [few, *_]: pass"),
    ("names", "match x:\n    case {**there}: pass"),
    ("names", "x = [y for some in y]"),
    ("names", "self._then = 1"),
    ("neighbours", "f(1, 2, 3, 4, 5)"),
    ("neighbours", "a.f(1, 2, 3, *x, 5, key=1)"),
    ("functions", f"def f():{LONG_BODY}"),
    ("functions", f"async def f():{LONG_BODY}"),
    ("functions", f'def f():\n    """Doc."""{LONG_BODY}'),
    ("docstrings", 'def f():\n    """Who is told how a run goes."""'),
    ("docstrings", 'async def f():\n    """What it does."""'),
    ("docstrings", '"""Whether it is."""'),
    ("formatter", f"x = 1  # {FORMATTER}: skip"),
    ("formatter", f"# {FORMATTER}:off"),
    ("plurals", "x = f\"{n} run{'s' * (n != 1)}\""),
    ("plurals", "x = '' if n == 1 else 's'"),
    ("plurals", "x = 'cores' if n > 1 else 'core'"),
    ("formatter", f"x = 1  # noqa: E501  {FORMATTER}: skip"),
]


@pytest.mark.parametrize(("start", "text"), BROKEN)
def test_a_broken_rule_is_seen(start, text):
    (rule,) = (rule for rule in RULES if rule.__name__.startswith(start))
    ((line, mistake, remedy),) = rule(Path("module.py"), text)
    assert line <= text.count("\n") + 1
    assert mistake
    assert remedy


def test_a_module_has_a_name_of_its_own():
    (rule,) = (rule for rule in RULES if rule.__name__.startswith("names"))
    assert list(rule(Path("of.py"), ""))
    assert not list(rule(Path("offers.py"), "import given\n__all__ = offer = ['of']\ndel offer"))
