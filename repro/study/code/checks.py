"""Find the functions that only check: no number can depend on them, or on what they say."""

import ast

# Built-in functions and methods that leave their arguments as they are, iterators among them.
PURE = frozenset(
    """abs bool callable float hasattr int isinstance issubclass len range repr round str
    type""".split()  # noqa: SIM905
)
PURE_METHODS = frozenset({"format", "get", "items", "join", "keys", "values"})
PYTHONS_ERRORS = frozenset(
    """AttributeError IndexError KeyError LookupError NotImplementedError OSError RuntimeError
    TypeError ValueError""".split()  # noqa: SIM905
)
SIDE_EFFECTS = (
    ast.AugAssign,
    ast.Await,
    ast.ClassDef,
    ast.FunctionDef,
    ast.Global,
    ast.Import,
    ast.ImportFrom,
    ast.NamedExpr,
    ast.Nonlocal,
    ast.With,
    ast.Yield,
    ast.YieldFrom,
)


def is_check(statement: ast.stmt, shadowed: frozenset[str]) -> bool:
    """Return whether a definition can do nothing but look at its arguments and raise an error.

    Args:
        statement: the definition.
        shadowed: names of its module, which may hide built-in functions.
    """
    if not isinstance(statement, ast.FunctionDef) or statement.decorator_list or shadowed & PURE:
        return False
    return all(is_harmless(inner) for inner in statement.body)


def may_swallow(statement: ast.AST) -> bool:
    """Return whether a definition may catch errors of what is run inside it, or beside it."""
    nodes = list(ast.walk(statement))
    exits = any(getattr(node, "name", "") == "__exit__" for node in nodes)
    suppresses = any("suppress" in (getattr(n, "id", ""), getattr(n, "attr", "")) for n in nodes)
    return exits or suppresses or any(isinstance(node, ast.ExceptHandler) for node in nodes)


def is_harmless(tree: ast.AST) -> bool:
    """Return whether code leaves everything outside as it is, and returns nothing."""
    return all(_is_harmless(node) for node in ast.walk(tree))


def _is_harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return _is_of_python(node.exc)
    if isinstance(node, ast.Return):
        return node.value is None
    if isinstance(node, ast.Call):
        return _is_pure(node.func)
    if isinstance(node, ast.For | ast.comprehension):  # what it goes through may be used up by it
        return not isinstance(node.iter, ast.Name)
    if isinstance(node, ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    return not isinstance(node, SIDE_EFFECTS)


def _is_of_python(error: ast.expr | None) -> bool:
    """Return whether an error is one of Python's own: others are made to be caught."""
    kind = error.func if isinstance(error, ast.Call) else error
    return isinstance(kind, ast.Name) and kind.id in PYTHONS_ERRORS


def _is_pure(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in PURE or function.id.endswith("Error")
    return isinstance(function, ast.Attribute) and function.attr in PURE_METHODS
