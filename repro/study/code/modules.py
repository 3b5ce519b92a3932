"""Read a module's source: what its names stand for, and what it does when it is imported.

Only the standard library is used, and nothing is imported: to import a thread's code would import
TensorFlow, and other versions of Python must be able to read it alike.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TypeGuard

SKIPPED_TESTS = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")


@dataclass(frozen=True)
class Import:
    """Something imported: a module, or a name from one."""

    module: str
    name: str | None = None


@dataclass
class Module:
    """A module's source, taken apart.

    Attributes:
        name: dotted.
        definitions: by name, the statements that bind it, in their order.
        imports: by name, what the name was imported from.
        stars: modules of which all names are imported.
        imported: modules that are imported with it, whether a name of theirs is used or not.
        effects: statements that do something else than bind a name.
    """

    name: str
    tree: ast.Module
    is_package: bool
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    effects: list[ast.stmt] = field(default_factory=list)

    def __post_init__(self) -> None:
        for statement in self.tree.body:
            self._take_in(statement)

    def _take_in(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._take_in_import(statement)
        elif is_skipped(statement):
            for otherwise in statement.orelse:
                self._take_in(otherwise)
        elif not (is_value(statement) or self._is_overload(statement)):
            names = list(bound_names(statement))
            for name in names:
                self.definitions.setdefault(name, []).append(statement)
            if not (names and is_plain(statement, PLAIN_CALLS - self._own_names)):
                self.effects.append(statement)
            if not isinstance(statement, BINDING):
                for node in ast.walk(statement):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        self._take_in_import(node)

    def _is_overload(self, statement: ast.stmt) -> bool:
        """Return whether a statement is a signature for type checkers alone; numba's is none."""
        decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef) else []
        names = [ast.unparse(decorator) for decorator in decorators]
        is_typings = self.imports.get("overload") == Import("typing", "overload")
        return "typing.overload" in names or (is_typings and "overload" in names)

    def _take_in_import(self, statement: ast.Import | ast.ImportFrom) -> None:
        for name, origin in imports_of(statement, self.package):
            self.imported.append(origin.module)
            if origin.name:  # it may be a module itself
                self.imported.append(f"{origin.module}.{origin.name}")
            if name == "*":
                self.stars.append(origin.module)
            elif name:
                self.imports[name] = origin

    @property
    def _own_names(self) -> set[str]:
        """Names that may stand for something else here than in other modules."""
        renamed = (name for name, origin in self.imports.items() if origin.name != name)
        return {*self.definitions, *renamed}

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def is_lazy(self) -> bool:
        """True if it finds names when they are asked for, as PEP 562 has it."""
        return "__getattr__" in self.definitions

    def absolute(self, name: str) -> str:
        """Return the absolute name of a module that is named relative to this one, or not."""
        return f"{self.package}{name}" if re.fullmatch(r"\.\w[\w.]*", name) else name

    @property
    def names(self) -> list[str]:
        """All names that it binds, in their order; those that it imports come last."""
        return [*self.definitions, *self.imports]

    @property
    def listed(self) -> list[str] | None:
        """The names in `__all__`; None if there is none, or one that is no literal."""
        match self.definitions.get("__all__"):
            case [ast.Assign(value=ast.List(elts=elements) | ast.Tuple(elts=elements))]:
                values = [getattr(element, "value", None) for element in elements]
                return [value for value in values if isinstance(value, str)]
        return None

    @cached_property
    def named_in_texts(self) -> list[str]:
        """Names of possible modules: a lazy package has them in strings, absolute or relative."""
        nodes = ast.walk(self.tree)
        texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        inner = (f"{self.package}.{text}" for text in texts)
        return sorted({*map(self.absolute, texts), *inner})


class Package:
    """The modules of one package, read from its folder when they are asked for.

    Args:
        root: the folder that holds the package's folder.
        name: the package's.
    """

    def __init__(self, root: Path, name: str):
        self.name = name
        self._root = root
        self._modules: dict[str, Module | None] = {}

    def sources(self) -> str:
        """Return a text that differs if any file of the package does."""
        return " ".join(_digests(self._files))

    def modules_in(self, module: Module) -> list[str]:
        """Return the dotted names of the modules in a package, or in none."""
        folder = self._root.joinpath(*module.name.split("."))
        inner = (path.stem for path in sorted(folder.glob("*")) if path.suffix in ("", ".py"))
        names = (f"{module.name}.{name}" for name in inner if name.isidentifier())
        return [name for name in names if not name.endswith("__") and self.module(name)]

    def named_in(self, text: str) -> list[str]:
        """Return the dotted names of modules that a text has in it, such as `kit.tool`."""
        dotted = re.findall(rf"\b{self.name}(?:\.\w+)+", text)
        return [name for name in map(self._longest_module, dotted) if name != self.name]

    def _longest_module(self, name: str) -> str:
        while name != self.name and self.module(name) is None:
            name = name.rpartition(".")[0]
        return name

    def files_named(self, text: str) -> list[str]:
        """Return the digests of the data files that a text ends with the name of, or has in it."""
        name = text.rpartition("/")[2]
        is_folder = text.partition("/")[0] == self.name and (self._root / text).is_dir()
        folder = self._root / text if is_folder else None
        return _digests(
            path
            for path in self._data_files
            if path.name == name or (folder and path.is_relative_to(folder))
        )

    def files_beside(self, module: Module) -> list[str]:
        """Return the digests of the data files in a module's folder, and below it."""
        folder = self._root.joinpath(*module.package.split("."))
        return _digests(path for path in self._data_files if path.is_relative_to(folder))

    @cached_property
    def _files(self) -> list[Path]:
        paths = sorted((self._root / self.name).rglob("*"))
        return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]

    @cached_property
    def _data_files(self) -> list[Path]:
        return [path for path in self._files if path.suffix != ".py"]

    def module(self, name: str) -> Module | None:
        """Return the module of that dotted name; None if it is none of the package's."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> Module | None:
        if name != self.name and not name.startswith(f"{self.name}."):
            return None
        path = self._root.joinpath(*name.split("."))
        is_package = path.is_dir()
        path = path / "__init__.py" if is_package else path.with_suffix(".py")
        if not path.is_file():
            return None
        return Module(name, ast.parse(path.read_text(encoding="utf-8")), is_package)


def _digests(paths: Iterable[Path]) -> list[str]:
    return sorted(sha256(path.read_bytes()).hexdigest() for path in paths)


def imports_of(
    statement: ast.Import | ast.ImportFrom, package: str
) -> Iterator[tuple[str, Import]]:
    """Yield each name that an import binds, "*" for all, "" for none, and what it imports."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or "", Import(alias.name)
            if not alias.asname:  # `import a.b` binds a
                first = alias.name.partition(".")[0]
                yield first, Import(first)
        return
    module = statement.module or ""
    if statement.level:
        parents = package.split(".")[: len(package.split(".")) + 1 - statement.level]
        module = ".".join([*parents, *([module] if module else [])])
    for alias in statement.names:
        if alias.name == "*":
            yield "*", Import(module)
        else:
            yield alias.asname or alias.name, Import(module, alias.name)


BINDING = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
)


# They leave everything outside of what they are given as it is.
PLAIN_CALLS = frozenset(
    """abs bool cast contextmanager dataclass dict field float frozenset int len list lru_cache njit
    property range set staticmethod str tuple""".split()  # noqa: SIM905
)
PLAIN_MODULES = frozenset({"contextlib", "dataclasses", "functools", "numba", "typing"})
PLAIN_BASES = frozenset({"NamedTuple", "Protocol", "Shown"})  # the last of training.shown


def is_plain(statement: ast.stmt, plain: frozenset[str] = PLAIN_CALLS) -> bool:
    """Return whether a statement at the top of a module only binds its names.

    A call may do more, and so may a decorator, which may register what it decorates, or a base
    class; unless it is one that is known.

    Args:
        statement: the statement.
        plain: names of functions that are known.
    """
    match statement:
        case ast.FunctionDef(decorator_list=decorators, args=arguments):
            return _is_plain_code(arguments, plain) and _are_plain(decorators, plain)
        case ast.ClassDef(decorator_list=decorators, bases=bases, keywords=[], body=body):
            names = {getattr(base, "attr", getattr(base, "id", "")) for base in bases}
            known = names <= PLAIN_BASES or all(name.endswith("Error") for name in names)
            inner = (is_value(s) or isinstance(s, ast.Pass) or is_plain(s, plain) for s in body)
            return known and _are_plain(decorators, plain) and all(inner)
        case ast.Assign(targets=targets, value=value):
            are_names = all(isinstance(target, ast.Name | ast.Tuple) for target in targets)
            return are_names and _is_plain_code(value, plain)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or _is_plain_code(value, plain)
        case ast.AugAssign(target=ast.Name(), value=value):
            return _is_plain_code(value, plain)
    return False


def _is_plain_code(code: ast.AST, plain: frozenset[str]) -> bool:
    calls = [node.func for node in ast.walk(code) if isinstance(node, ast.Call)]
    return _are_plain(calls, plain)


def _are_plain(functions: Iterable[ast.expr], plain: frozenset[str]) -> bool:
    """Return whether functions, or decorators with or without arguments, are known ones."""
    return all(
        _is_plain_code(f, plain) if isinstance(f, ast.Call) else _is_known(f, plain)
        for f in functions
    )


def _is_known(function: ast.expr, plain: frozenset[str]) -> bool:
    match function:
        case ast.Name(id=name):
            return name in plain
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return module in PLAIN_MODULES and name in plain
    return False


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds in its own scope, imports aside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    if isinstance(node, COMPREHENSIONS):  # with a scope of their own, but for :=
        named = (n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        yield from named
    elif not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from bound_names(child)


def is_skipped(statement: ast.stmt) -> TypeGuard[ast.If]:
    """Return whether a statement is for type checkers or for a script's start alone."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in SKIPPED_TESTS


def is_value(statement: ast.stmt) -> bool:
    """Return whether a statement is a value that nothing takes: a docstring, or `...`."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
