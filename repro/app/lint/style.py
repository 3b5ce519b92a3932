"""Rules of the house that ruff has no rule for: names, long functions, positional calls, prose."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

# Words that tie others together say nothing by themselves: name the thing instead.
WORDS = """
about across after again all along although am an and another any anything are around as aside at
be been before beneath besides between beyond both but by cannot could despite do done down during
each either else ever every everything few for found from given had has have hence her here hers
his how however if in inside instead into is it its itself just least less like made may me might
more most much must my neither no nor not now of off on once only onto opposite or our over per
perhaps quite rather said same seen shall she should since so some something soon still stuff such
taken than that the them then there thereby therefore these they this those through thus to told
too toward towards under until up upon us very via wanted was we were what when where whereas
whether which while who whose why will with within without would yet you your yours
"""
FUNCTION_WORDS = frozenset(WORDS.split())
MOST_POSITIONAL, MOST_LINES = 4, 40
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
TAKES_ANY_NUMBER = ("add_row", "chain", "max", "min", "print", "zip")
FRAGMENTS = ("How", "That", "What", "When", "Where", "Whether", "Which", "Who", "Whose", "Why")
PLURAL_REMEDY = "call repro.findings.wording.counted(count, noun)"
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
            case ast.arg(arg=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name, node.lineno
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname, node.lineno) for alias in names if alias.asname)


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
        if isinstance(node, FUNCTIONS):
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
        if isinstance(node, ast.Module | ast.ClassDef | FUNCTIONS):
            words = (ast.get_docstring(node) or ".").split()
            if words[0].strip("`,:") in FRAGMENTS:
                line = getattr(node, "lineno", 1)
                yield line, f"the docstring begins with {words[0]!r}", "say what it is or does"


def formatter_is_not_fought(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each comment that switches the formatter off."""
    for line, content in enumerate(text.splitlines(), start=1):
        if mark := re.search(r"#.*\b(fmt|yapf): ?(skip|off|disable)", content):
            remedy = "use keyword arguments, or a literal with a line each"
            yield line, f"has {mark[1] + ': ' + mark[2]!r}", remedy


def plurals_are_counted(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each "s" that is put at a noun by hand, where `counted` says how many there are."""
    if path.name == "wording.py":
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.BinOp(left=ast.Constant(value="s"), op=ast.Mult()):
                yield node.lineno, "a plural is made by hand", PLURAL_REMEDY
            case ast.IfExp(
                body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))
            ):
                if {one, other} == {"", "s"} or one == f"{other}s" or other == f"{one}s":
                    yield node.lineno, "a plural is made by hand", PLURAL_REMEDY


RULES: tuple[Rule, ...] = (
    names_are_words_of_the_field,
    neighbours_of_a_long_call_are_named,
    functions_are_short,
    docstrings_are_no_fragments,
    formatter_is_not_fought,
    plurals_are_counted,
)
