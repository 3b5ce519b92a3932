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
CLIMBING = r"parents|parent\.parent|\.\.|pardir|dirname\(.*dirname\(|traversable"


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
        statements: all that are run when it is imported, in their order.
    """

    name: str
    tree: ast.Module
    is_package: bool
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    statements: list[ast.stmt] = field(default_factory=list)
    _importing: dict[str, ast.stmt] = field(default_factory=dict)  # by name, the first that does

    def __post_init__(self) -> None:
        for statement in self.tree.body:
            self._take_in(statement)

    @cached_property
    def effects(self) -> list[ast.stmt]:
        """Statements that do something else than bind a name, and those that depend on when."""
        does_more = [s for s in self.statements if not is_plain(s, self._own_names)]
        if not does_more:
            return []
        first = self.statements.index(does_more[0])
        late = [s for s in self.statements[first:] if self._imports_own(s)]
        changes = any(not list(bound_names(statement)) for statement in does_more)
        timed = [s for s in self.statements if changes and is_timed(s)]
        return [s for s in self.statements if s in does_more or s in late or s in timed]

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """Names that stand for something else here than in other modules."""
        imports = self.imports.items()
        own = (n for n, origin in imports if origin.name != n or self._is_own(origin.module))
        return frozenset({*self.definitions, *own})

    def _is_own(self, module: str) -> bool:
        return module.partition(".")[0] == self.name.partition(".")[0]

    def _imports_own(self, statement: ast.stmt) -> bool:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            return False
        return any(self._is_own(origin.module) for _, origin in imports_of(statement, self.package))

    def exports(self, name: str) -> bool:
        """Return whether `import *` may take a name from it."""
        statements = self.definitions.get("__all__", [])
        listed = statements[0] if len(statements) == 1 else None
        if isinstance(listed, ast.Assign) and isinstance(listed.value, ast.List | ast.Tuple):
            return any(isinstance(n, ast.Constant) and n.value == name for n in ast.walk(listed))
        return bool(statements) or not name.startswith("_")

    def run_for(self, name: str) -> list[ast.stmt]:
        """Return the statements that bind a name; with what lies between, where it is bound again.

        What comes between may use the name as it was then.
        """
        places = sorted(map(self.statements.index, self.definitions[name]))
        return self.statements[places[0] : places[-1] + 1]

    def _take_in(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self.statements.append(statement)
            self._take_in_import(statement, outermost=statement)
        elif is_skipped(statement):
            for otherwise in statement.orelse:
                self._take_in(otherwise)
        elif not (is_value(statement) or self._is_overload(statement)):
            self.statements.append(statement)
            for name in dict.fromkeys(bound_names(statement)):
                self.definitions.setdefault(name, []).append(statement)
            if not isinstance(statement, BINDING):
                for node in ast.walk(statement):
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        self._take_in_import(node, outermost=statement)

    def _is_overload(self, statement: ast.stmt) -> bool:
        """Return whether a statement is a signature for type checkers alone; numba's is none."""
        decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef) else []
        names = [ast.unparse(decorator) for decorator in decorators]
        is_typings = self.imports.get("overload") == Import("typing", "overload")
        return "typing.overload" in names or (is_typings and "overload" in names)

    def _take_in_import(
        self, statement: ast.Import | ast.ImportFrom, *, outermost: ast.stmt
    ) -> None:
        for name, origin in imports_of(statement, self.package):
            self.imported.append(origin.module)
            if origin.name:  # it may be a module itself
                self.imported.append(f"{origin.module}.{origin.name}")
            if name == "*":
                self.stars.append(origin.module)
            elif name:
                self._bind_import(name, origin, outermost)

    def _bind_import(self, name: str, origin: Import, outermost: ast.stmt) -> None:
        earlier = self._importing.setdefault(name, outermost)
        if self.imports.setdefault(name, origin) != origin:  # both may be used
            binding = self.definitions.setdefault(name, [])
            binding += [s for s in (earlier, outermost) if s not in binding]
        self.imports[name] = origin

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

    @cached_property
    def climbs(self) -> bool:
        """True if it may look for a folder above its own."""
        return bool(re.search(CLIMBING, ast.unparse(self.tree)))

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

    def all_names(self) -> list[str]:
        """Return the dotted names of all modules of the package, packages aside."""
        modules = (path for path in self._files if path.suffix == ".py")
        places = (path.relative_to(self._root).with_suffix("") for path in modules)
        return [".".join(place.parts) for place in places if place.name != "__init__"]

    def names_in(self, room: str) -> list[str]:
        """Return the dotted names of a module and of all modules below it."""
        return [room, *(name for name in self.all_names() if name.startswith(f"{room}."))]

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
        """Return the digests of the data files in a module's folder, and below it.

        Of all data files, if the module looks for folders above its own.
        """
        if module.climbs:
            return self.all_files()
        folder = self._root.joinpath(*module.package.split("."))
        return _digests(path for path in self._data_files if path.is_relative_to(folder))

    def sources(self) -> str:
        """Return a text that differs if any file of the package does."""
        return " ".join(_digests(self._files))

    def all_files(self) -> list[str]:
        """Return the digests of all data files of the package."""
        return _digests(self._data_files)

    def inner_modules(self, module: Module) -> list[str]:
        """Return the dotted names of the modules right in a package."""
        if not module.is_package:
            return []
        folder = self._root.joinpath(*module.name.split("."))
        inner = (path for path in self._files if path.name == "__init__.py")
        packages = [path.parent.name for path in inner if path.parent.parent == folder]
        modules = [p.stem for p in self._files if p.parent == folder and p.suffix == ".py"]
        names = sorted({*packages, *modules} - {"__init__", "__main__"})
        return [f"{module.name}.{name}" for name in names]

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
PLAIN_OF_LIBRARIES = frozenset(
    """contextlib.contextmanager dataclasses.dataclass dataclasses.field functools.lru_cache
    numba.njit typing.cast""".split()  # noqa: SIM905
)
PLAIN_IN_CLASSES = PLAIN_CALLS.union(
    """abstractmethod cache cached_property classmethod overload override
    setter""".split()  # noqa: SIM905
)
PLAIN_BASES = frozenset({"NamedTuple", "Protocol", "Shown"})  # the last of training.shown


def is_plain(statement: ast.stmt, own: frozenset[str]) -> bool:
    """Return whether a statement at the top of a module only binds its names.

    A call may do more, and so may a decorator, which may register what it decorates, or a base
    class; unless it is one that is known.

    Args:
        statement: to look at.
        own: names that stand for the package's own things.
    """
    match statement:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _is_plain_function(statement, PLAIN_CALLS - own)
        case ast.ClassDef():
            return _is_plain_class(statement, own)
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_names, targets)) and _calls_nothing(value, PLAIN_CALLS - own)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or _calls_nothing(value, PLAIN_CALLS - own)
    return False


def _is_plain_function(
    function: ast.FunctionDef | ast.AsyncFunctionDef, plain: frozenset[str]
) -> bool:
    defaults = filter(None, [*function.args.defaults, *function.args.kw_defaults])
    are_plain = all(_is_plain_call(decorator, plain) for decorator in function.decorator_list)
    return are_plain and all(_calls_nothing(default, plain) for default in defaults)


def _is_plain_class(kind: ast.ClassDef, own: frozenset[str]) -> bool:
    decorators = all(
        _is_plain_call(decorator, PLAIN_CALLS - own) for decorator in kind.decorator_list
    )
    bases = all(_last_name(base) in PLAIN_BASES or _is_an_error(base) for base in kind.bases)
    return decorators and bases and not kind.keywords and all(_is_inner(s, own) for s in kind.body)


def has_readers(kind: ast.ClassDef) -> bool:
    """Return whether a class has a base or a decorator that may read the hints in it."""
    bases = {_last_name(base) for base in kind.bases if not _is_an_error(base)}
    plain = all(_is_plain_call(decorator, PLAIN_CALLS) for decorator in kind.decorator_list)
    return bool(bases - PLAIN_BASES) or not plain


def _is_an_error(base: ast.expr) -> bool:
    return _last_name(base).endswith("Error")


def _is_inner(statement: ast.stmt, own: frozenset[str]) -> bool:
    """Return whether a statement of a class's body only binds its names."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return _is_plain_function(statement, PLAIN_IN_CLASSES - own)
    return isinstance(statement, ast.Pass) or is_value(statement) or is_plain(statement, own)


def _is_names(target: ast.expr) -> bool:
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    return all(isinstance(part, ast.Name) for part in parts)


def is_timed(statement: ast.stmt) -> bool:
    """Return whether what a statement binds depends on what was changed before it."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if value is None or isinstance(value, ast.Name | ast.Lambda):
        return False
    return any(isinstance(node, ast.Name) for node in ast.walk(value))


def _calls_nothing(value: ast.expr, plain: frozenset[str]) -> bool:
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call))
    return all(_is_plain_call(call, plain) for call in calls)


def _is_plain_call(node: ast.expr, plain: frozenset[str]) -> bool:
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute) and function.attr != "setter":
        return ast.unparse(function) in PLAIN_OF_LIBRARIES
    return _last_name(function) in plain


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


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
    if isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
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
