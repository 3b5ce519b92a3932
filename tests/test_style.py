"""Rules of the house that ruff has no rule for: names, long functions, positional calls, prose."""

import ast
from pathlib import Path

import pytest

import repro

PACKAGE = Path(repro.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
# Words that tie others together say nothing by themselves: name the thing instead.
WORDS = """
about after again all an and any as at be been before between beyond both by do done each every few
for found from given had has have here how if in into is it least less made more most no not now of
off on once only onto or over said same seen so some such taken than that the then there this those
through thus to told under until up upon wanted was were what when where whether which who whose why
with within without
"""
FUNCTION_WORDS = frozenset(WORDS.split())
MOST_POSITIONAL, MOST_LINES = 4, 40
TAKES_ANY_NUMBER = ("add_row", "chain", "max", "min", "print", "zip")
FRAGMENTS = ("How", "That", "What", "When", "Where", "Whether", "Which", "Who", "Whose", "Why")


def trees():
    return [
        pytest.param(path, ast.parse(path.read_text(encoding="utf-8")), id=str(name))
        for path in FILES
        if (name := path.relative_to(PACKAGE))
    ]


def bound_names(tree):
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


@pytest.mark.parametrize(("path", "tree"), trees())
def test_no_name_is_a_bare_function_word(path, tree):
    names = {(name, line) for name, line in bound_names(tree) if not name.endswith("__")}
    bare = {(name, line) for name, line in names if name.strip("_").lower() in FUNCTION_WORDS}
    assert not bare, path
    assert path.stem not in FUNCTION_WORDS


@pytest.mark.parametrize(("path", "tree"), trees())
def test_neighbours_of_a_long_call_are_named(path, tree):
    if path.name == "loop.py":  # numba's functions take arrays in the order of their mathematics
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert name in TAKES_ANY_NUMBER, f"{path}:{node.lineno}"


@pytest.mark.parametrize(("path", "tree"), trees())
def test_functions_are_short(path, tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node):
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            assert lines <= MOST_LINES, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize(("path", "tree"), trees())
def test_a_docstring_is_no_fragment(path, tree):
    """It says what a thing is or does: "Report progress.", not "Who is told how a run goes."."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text:
            assert text.split()[0].strip("`,:") not in FRAGMENTS, f"{path}: {text.splitlines()[0]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_formatter_is_not_fought(path):
    assert "fmt: skip" not in path.read_text(encoding="utf-8")
    assert "fmt: off" not in path.read_text(encoding="utf-8")
