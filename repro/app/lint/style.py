"""Rules of the house that ruff has no rule for: names, long functions, positional calls, prose."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

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
Rule = Callable[[Path, str], Iterator[tuple[int, str, str]]]


def names_are_words_of_the_field(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, mistake and remedy for each name that is a bare function word."""
    bound = [*_bound_names(ast.parse(text)), (path.stem, 1)]
    for name, line in bound:
        is_pythons = name.startswith("__") and name.endswith("__")  # such as __all__
        if name.strip("_").lower() in FUNCTION_WORDS and not is_pythons:
            yield line, f"the name {name!r} says nothing by itself", "name the thing that it holds"


def _bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def neighbours_of_a_long_call_are_named(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each call with more positional arguments than a reader can tell apart."""
    if path.name == "loop.py":  # numba's functions take arrays in the order of their mathematics
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in TAKES_ANY_NUMBER:
                mistake = f"{name} is called with {len(node.args)} positional arguments"
                yield node.lineno, mistake, f"name all but the first {MOST_POSITIONAL} at least"


def functions_are_short(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each function that is longer than a screen, its docstring not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = _length(node)
            if ast.get_docstring(node):
                lines -= _length(node.body[0])
            if lines > MOST_LINES:
                mistake = f"{node.name} has {lines} lines without its docstring"
                yield node.lineno, mistake, f"split it; {MOST_LINES} are the most, ten the aim"


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def docstrings_are_no_fragments(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each docstring that is a clause: "Who is told how a run goes."."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            words = (ast.get_docstring(node) or ".").split()
            if words[0].strip("`,:") in FRAGMENTS:
                line = getattr(node, "lineno", 1)
                yield line, f"the docstring begins with {words[0]!r}", "say what it is or does"


def formatter_is_not_fought(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each comment that switches the formatter off."""
    marks = tuple(f"fmt: {word}" for word in ("skip", "off"))  # not to find itself
    for line, content in enumerate(text.splitlines(), start=1):
        for mark in marks:
            if mark in content:
                yield line, f"has {mark!r}", "use keyword arguments, or a literal with a line each"


RULES: tuple[Rule, ...] = (
    names_are_words_of_the_field,
    neighbours_of_a_long_call_are_named,
    functions_are_short,
    docstrings_are_no_fragments,
    formatter_is_not_fought,
)
