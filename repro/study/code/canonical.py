"""Write code in a form that says what it computes and nothing else.

Two definitions have the same text if they differ in layout, comments, docstrings, type hints, the
text of errors and warnings, in how a name was imported, in what a module or a definition of this
package is called, or in the version of Python that parsed them.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from repro.study.code.checks import is_harmless
from repro.study.code.modules import (
    Import,
    bound_names,
    has_readers,
    imports_of,
    is_skipped,
    is_value,
)
from repro.study.code.names import Target

# of no meaning to what is computed; ast.dump would write them, and not alike in all versions
IGNORED_FIELDS = {"annotation", "returns", "type_comment", "kind", "ctx", "type_params"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Scope = dict[str, Import | None]  # names bound in a function: imported ones, and others
WARNINGS = ("print", "warnings.warn")
IMPORTING = ("importlib.import_module", "__import__")
SUPPRESSING = "contextlib.suppress"
# what finds code by texts that only the run knows, or looks at the source itself
REFLECTING = (
    *("builtins", "eval", "exec", "gc", "importlib", "marshal", "pickle", "pkgutil", "pydoc"),
    *("runpy", "subprocess", "os.system", "sys.modules", "inspect.getfile", "inspect.getmodule"),
    *("inspect.getsource", "inspect.getsourcefile"),
)
NOT_REFLECTING = ("importlib.metadata", "importlib.resources", "importlib.util.find_spec")
ENTRIES = "importlib.metadata.entry_points"
LEADING_TO_FILES = ("importlib.resources", "pkgutil.get_data")
LOADED = "sys.modules"
NAMING = ("__name__", "__qualname__")
OWN_NAMES = ("vars", "locals", "dir")
# hints by which a class that is decorated has other fields
FIELD_KINDS = ("ClassVar", "InitVar", "KW_ONLY")
LAZY = "__getattr__"  # of a package: what it imports is found by the texts that it looks into


class Canonical:
    """Writes the statements of one module.

    Args:
        package: that relative imports start from.
        find: returns what a name of the module, with attributes taken of it, stands for; None for
            a name that the module does not bind.
        find_import: returns the same for something that is imported inside a function.
        write: returns the text that stands for a target, which is reached by that.
        write_mentioned: returns the same for what a string names: modules and data files.
        write_sources: returns a text that any change of the package's files changes.
        write_files: returns the same for all data files of the package.
        is_check: returns whether calling a target can do nothing but raise an error.
        may_swallow: returns whether a target, in a `with` statement, may catch errors.
        is_guarded: whether errors may be caught by what uses the statements.
        counts_checks: whether they may be caught by other code of the same thread.
    """

    def __init__(
        self,
        package: str,
        *,
        find: Callable[[str, Sequence[str]], Target | None],
        find_import: Callable[[Import, Sequence[str]], Target],
        write: Callable[[Target, bool], str],
        write_mentioned: Callable[[str], str],
        write_sources: Callable[[], str],
        write_files: Callable[[], str],
        is_check: Callable[[Target], bool],
        may_swallow: Callable[[Target], bool],
        is_guarded: bool,
        counts_checks: bool,
    ):
        self._package = package
        self._find = find
        self._find_import = find_import
        self._write_target = write
        self._write_mentioned = write_mentioned
        self._write_sources = write_sources
        self._write_files = write_files
        self._is_check = is_check
        self._may_swallow = may_swallow
        self._counts_checks = counts_checks
        self._reads_hints = False  # whether a class's base, or decorator, may read its hints
        self._takes_names = False  # whether what is written asks things for their names
        self._scopes: list[tuple[bool, Scope]] = []  # whether it is a class's, and its names
        self._guards = int(
            is_guarded
        )  # number of statements around what is written that may catch errors
        self._is_lazy = False  # within a function that finds a package's names

    def definition(self, statement: ast.stmt, *, named: bool = False) -> str:
        """Return the text of a statement at the top of a module.

        Args:
            statement: to write.
            named: whether the name that it defines counts.
        """
        nodes = ast.walk(statement)
        self._takes_names = any(getattr(node, "attr", "") in NAMING for node in nodes)
        return self._node(statement, named=named)

    def _write(self, target: Target) -> str:
        decides = self._counts_checks and self._is_check(target)
        text = self._write_target(target, decides or self._guards > 0)
        if target.module is None:
            return f"{text}{self._led_to(target.name)}"
        return f"{text} {target.name!r}" if self._takes_names else text

    def _led_to(self, name: str) -> str:
        """Write what a thing from outside may lead to: all modules, or all data files."""
        if self._is_lazy and name in IMPORTING:
            return ""
        reflects = _is_within(name, REFLECTING) and not _is_within(name, NOT_REFLECTING)
        if reflects or name == ENTRIES:
            return f" {self._write_sources()}"
        return f" {self._write_files()}" if name.startswith(LEADING_TO_FILES) else ""

    @property
    def _in_class(self) -> bool:
        return bool(self._scopes) and self._scopes[-1][0]

    def _node(self, node: ast.AST, *, named: bool = True) -> str:
        match node:
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Constant():
                return self._constant(node.value)
            case ast.Raise() if not self._guards:
                return self._raise(node)
            case ast.JoinedStr(values=values):
                return self._fields(ast.JoinedStr([v for v in values if not _is_empty(v)]))
            case ast.Try() | ast.TryStar():
                return self._guarded(node)
            case ast.With(items=items) if any(map(self._suppresses, items)):
                return self._guarded(node)
            case ast.If() if is_skipped(node):
                return self._value(node.orelse)
            case ast.Assert():
                return self._fields(node, leave_out=["msg"])
            case ast.AnnAssign() if self._in_class:
                return f"{self._fields(node)}{self._field_kind(node.annotation)}"
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._fields(ast.Assign(targets=[target], value=value))
            case ast.Import() | ast.ImportFrom():
                return self._import(node)
            case ast.Call(args=[ast.Constant(str(module)), *_]) if self._imports(node.func):
                return self._write(self._find_import(Import(self._absolute(module)), []))
            case ast.Call(args=[_, value]) if self._outside_name(node.func) == "typing.cast":
                return self._node(value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._function(node, named=named)
            case ast.Lambda():
                return self._lambda(node)
            case ast.ClassDef():
                return self._class(node, named=named)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node)
        return self._leading(node)

    def _leading(self, node: ast.AST) -> str:
        """Write a node that may lead to a whole module, or that is of no kind of its own."""
        match node:
            case ast.Call(func=ast.Name(id=own), args=[]) if own in OWN_NAMES and not self._scopes:
                return self._whole_module()
            case ast.Subscript(value=loaded, slice=place) if self._outside_name(loaded) == LOADED:
                return self._loaded(node, place)
            case ast.Call(func=ast.Attribute(value=loaded, attr="get"), args=[place, *_]) if (
                self._outside_name(loaded) == LOADED
            ):
                return self._loaded(node, place)
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[loaded]) if (
                self._outside_name(loaded) == LOADED
            ):
                return f"(Compare {self._node(node.left)} {self._value(node.ops)} {LOADED})"
        return self._fields(node)

    def _whole_module(self) -> str:
        """Write all that the module binds."""
        target = self._find("globals", [])
        return self._write(target) if target else ""

    def _loaded(self, node: ast.Subscript | ast.Call, place: ast.expr) -> str:
        """Write a module that is taken of those that are loaded."""
        match place:
            case ast.Constant():
                return f"({LOADED} {self._node(place)})"
            case ast.Name(id="__name__"):
                return self._whole_module()
        return self._fields(node)

    def _field_kind(self, annotation: ast.expr) -> str:
        """Write a hint of a class by which a field is none, or another kind of one."""
        hint = ast.unparse(annotation)
        return f" {[kind for kind in FIELD_KINDS if kind in hint]}"

    def _constant(self, value: object) -> str:
        text = f"{type(value).__name__}:{value!r}"
        mentioned = self._write_mentioned(value) if isinstance(value, str) else ""
        return f"{text} {mentioned}" if mentioned else text

    def _fields(self, node: ast.AST, leave_out: Sequence[str] = ()) -> str:
        parts = [type(node).__name__]
        for field in node._fields:
            value = getattr(node, field, None)
            if self._counts(field) and field not in leave_out and value not in (None, []):
                parts.append(f"{field}={self._value(value)}")
        return f"({' '.join(parts)})"

    def _counts(self, field: str) -> bool:
        return field not in IGNORED_FIELDS or (self._reads_hints and field == "annotation")

    def _value(self, value: object) -> str:
        if isinstance(value, list):
            return f"[{' '.join(self._items(value))}]"
        return self._node(value) if isinstance(value, ast.AST) else repr(value)

    def _items(self, values: list[object]) -> Iterator[str]:
        for value in values:
            if not (isinstance(value, ast.stmt) and self._says_nothing(value)):
                yield self._value(value)

    def _says_nothing(self, statement: ast.stmt) -> bool:
        """Return whether no number can depend on a statement."""
        if isinstance(statement, ast.Pass):
            return True
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._import(statement)  # what it imports counts, used or not
            return bool(self._scopes) and not self._in_class  # its names are the class's own
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            return not self._in_class  # there it is a field
        if is_skipped(statement):
            return not statement.orelse
        return is_value(statement) or self._is_overload(statement) or self._only_checks(statement)

    def _is_overload(self, statement: ast.stmt) -> bool:
        """Return whether a statement is a signature for type checkers alone; numba's is none."""
        decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef) else []
        return "typing.overload" in map(self._outside_name, decorators)

    def _only_checks(self, statement: ast.stmt) -> bool:
        """Return whether a statement calls a check, or warns, and drops what that returns."""
        if self._guards or self._counts_checks:  # an error that is caught decides what is computed
            return False
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
            return False
        call = statement.value
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        name, *attributes = _dotted(call.func) or [""]
        target, is_local = self._target(name, attributes)
        if target is None:
            warns = not is_local and ".".join([name, *attributes]) in WARNINGS
        else:
            warns = target.module is None and target.name in WARNINGS
        checks = warns or (target is not None and self._is_check(target))
        return checks and all(map(is_harmless, arguments))

    def _name(self, node: ast.Name) -> str:
        target, is_local = self._target(node.id, [])
        if target:
            return self._write(target)
        return f"(Name {node.id!r}{'' if is_local else self._led_to(node.id)})"

    def _attribute(self, node: ast.Attribute) -> str:
        if names := _dotted(node):
            target, _ = self._target(names[0], names[1:])
            if target:
                return self._write(target)
        return f"(Attribute {self._node(node.value)} {node.attr!r})"

    def _import(self, node: ast.Import | ast.ImportFrom) -> str:
        """Write an import inside another statement; what it imports is reached by that."""
        imported = list(imports_of(node, self._package))
        texts = [self._write(self._find_import(origin, [])) for _, origin in imported]
        names = [name for name, _ in imported] if self._in_class else []
        return f"(Import {' '.join([*names, *texts])})"

    def _imports(self, function: ast.expr) -> bool:
        """Return whether a function imports the module that it is given the name of."""
        return self._outside_name(function) in IMPORTING

    def _outside_name(self, function: ast.expr) -> str:
        name, *attributes = _dotted(function) or [""]
        target, is_local = self._target(name, attributes)
        if target is None:
            return "" if is_local else ".".join([name, *attributes])
        return "" if target.module else target.name

    def _absolute(self, module: str) -> str:
        """Return the absolute name of a module that may be named relative to this one."""
        name = module.lstrip(".")
        parents = self._package.split(".")
        above = len(module) - len(name) - 1
        return module if above < 0 else ".".join([*parents[: len(parents) - above], name])

    def _target(self, name: str, attributes: list[str]) -> tuple[Target | None, bool]:
        """Return what a name with attributes stands for, and whether a function binds it."""
        for depth, (is_class, scope) in enumerate(reversed(self._scopes)):
            if name in scope and not (is_class and depth):  # methods don't see a class's names
                origin = scope[name]
                return (None if origin is None else self._find_import(origin, attributes)), True
        return self._find(name, attributes), False

    def _suppresses(self, item: ast.withitem) -> bool:
        call = item.context_expr
        name, *attributes = _dotted(call.func if isinstance(call, ast.Call) else call) or [""]
        target, _ = self._target(name, attributes)
        if target is None:
            return False
        return self._may_swallow(target) if target.module else target.name == SUPPRESSING

    def _guarded(self, node: ast.Try | ast.TryStar | ast.With) -> str:
        self._guards += 1
        try:
            return self._fields(node)
        finally:
            self._guards -= 1

    def _raise(self, node: ast.Raise) -> str:
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = (_dotted(error) or [""])[-1]
        if node.exc is None or name.endswith(("Error", "Exception", "Interrupt", "Iteration")):
            return f"(Raise {name})"
        return self._fields(node)  # one that is made to carry what was computed

    def _function(self, node: Function, *, named: bool) -> str:
        # decorators and defaults belong to the scope around it
        head = [node.name if named else "", self._value(node.decorator_list)]
        head.append(self._arguments(node.args))
        if not self._scopes:
            self._is_lazy = node.name == LAZY
        with self._scope(self._local_names(node)):
            return f"({type(node).__name__} {' '.join(head)} {self._value(node.body)})"

    def _lambda(self, node: ast.Lambda) -> str:
        arguments = self._arguments(node.args)
        with self._scope(self._local_names(node)):
            return f"(Lambda {arguments} {self._value(node.body)})"

    def _arguments(self, arguments: ast.arguments) -> str:
        optional = [default is not None for default in arguments.kw_defaults]
        kinds = (arguments.posonlyargs, arguments.args, arguments.kwonlyargs)
        names = [[argument.arg for argument in kind] for kind in kinds]
        rest = [argument and argument.arg for argument in (arguments.vararg, arguments.kwarg)]
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        return f"{names} {rest} {optional} {self._value(defaults)}"

    def _local_names(self, node: Function | ast.Lambda) -> Scope:
        own = node.args
        rest = [argument for argument in (own.vararg, own.kwarg) if argument]
        arguments = [*own.posonlyargs, *own.args, *own.kwonlyargs, *rest]
        scope: Scope = dict.fromkeys(argument.arg for argument in arguments)
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            scope |= dict.fromkeys(bound_names(statement))
        outer: set[str] = set()
        for inner in _own_nodes(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                scope |= {n: origin for n, origin in imports_of(inner, self._package) if n}
            if isinstance(inner, ast.Global | ast.Nonlocal):
                outer |= set(inner.names)
        return {name: origin for name, origin in scope.items() if name not in outer}

    def _computes(self, base: ast.expr) -> bool:
        """Return False for a base class on which no number depends."""
        target = self._find(base.id, ()) if isinstance(base, ast.Name) else None
        return target is None or target.computes

    def _class(self, node: ast.ClassDef, *, named: bool) -> str:
        bases = [base for base in node.bases if self._computes(base)]
        head = [self._value(v) for v in (node.decorator_list, bases, node.keywords)]
        # its own names may still be looked up outside, before it binds them
        reflects, self._reads_hints = self._reads_hints, has_readers(node)
        with self._scope({}, is_class=True):
            body = self._value(node.body)
        self._reads_hints = reflects
        return f"(ClassDef {node.name if named else ''} {' '.join(head)} {body})"

    def _comprehension(self, node: Comprehension) -> str:
        generators = node.generators
        names = [name for generator in generators for name in bound_names(generator.target)]
        first = self._node(generators[0].iter)  # seen from outside
        with self._scope(dict.fromkeys(names)):
            return f"{first} {self._fields(node)}"

    @contextmanager
    def _scope(self, names: Scope, *, is_class: bool = False) -> Iterator[None]:
        self._scopes.append((is_class, names))
        try:
            yield
        finally:
            self._scopes.pop()


def _is_within(name: str, places: Sequence[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _returned(function: Function) -> list[ast.expr]:
    return [function.returns] if function.returns else []


def _is_empty(value: ast.expr) -> bool:
    """Return whether it is a piece of an f-string that Python 3.12 has, and no other."""
    return isinstance(value, ast.Constant) and value.value == ""


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function and in no function or class inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield from _own_nodes(child)


def _dotted(node: ast.AST | None) -> list[str]:
    """Return the parts of a dotted name; nothing for another expression."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (names := _dotted(node.value)):
        return [*names, node.attr]
    return []
