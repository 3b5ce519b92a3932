"""The digest of the definitions that a function's numbers can reach.

From the function on, every name is followed to what it stands for, however it was imported. The
definitions are numbered in the order in which they are met, and a reference is written as that
number: neither names nor places of modules and definitions are in the digest, their meaning is.
What a module does when it is imported counts if the module is imported on the way.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from repro.study.code.canonical import Canonical
from repro.study.code.checks import is_check, may_swallow
from repro.study.code.modules import Import, Module, Package
from repro.study.code.names import ALL_MODULES, FILES, WHOLE, Names, Target, is_class

# Code that reads hints or docstrings, as it is written here: every file counts where it is reached.
READS_HINTS = re.compile(
    r"get_type_hints|get_annotations|__annotations__|__doc__|getdoc|annotation'|[.]annotation\b"
    r"|singledispatch"
    r"|\b(beartype|cattrs|dacite|jaxtyping|typeguard|validate_call)\b"
)
Key = tuple[str, str, bool]  # a module, a name of it, and whether errors may be caught around it


def code_digest(roots: Iterable[str], package: Path) -> str:
    """Return the SHA-256 of all code that the numbers of some functions depend on.

    Args:
        roots: the functions, as `repro.truth_table:experiment`; the thread's own first.
        package: the package's folder.
    """
    texts = Meaning(roots, package).texts
    if any(map(READS_HINTS.search, texts)):
        texts.append(Package(package.parent, package.name).sources())
    return sha256("\n".join(texts).encode()).hexdigest()


class Meaning:
    """The definitions that some functions reach, with the modules that are imported on the way.

    Args:
        roots: as in `code_digest`.
        package: likewise.

    Attributes:
        numbers: each definition's number, by module and name.
        texts: of all definitions in that order, then of what the modules do when imported.
    """

    def __init__(self, roots: Iterable[str], package: Path):
        self._package = Package(package.parent, package.name)
        self._names = Names(self._package)
        self._imported: dict[str, Module] = {}
        self.numbers: dict[Key, int] = {}
        roots = list(roots)
        thread = _room(roots[0])  # errors that code of ours catches lead to no other number
        self._catching = {thread} if self._catches(thread) else set()
        for root in roots:
            module, _, name = root.partition(":")
            self._write(self._names.find(Import(module, name)))
        self.texts = self._all_texts()

    def _all_texts(self) -> list[str]:
        definitions: list[str] = []
        effects: list[str] = []
        while True:  # each text may reach more of both
            if len(definitions) < len(self.numbers):
                definitions.append(self._definition(*list(self.numbers)[len(definitions)]))
            elif len(effects) < len(self._imported):
                module = list(self._imported.values())[len(effects)]
                effects.append(self._text(module, self._effects(module), named=True))
            else:
                return [*definitions, *filter(None, effects)]

    def _effects(self, module: Module) -> list[ast.stmt]:
        """Return what a module does when imported, the classes that a base is told of included."""
        derived = (s for s in module.statements if is_class(s) and self._is_told_of(module, s))
        return [*module.effects, *(kind for kind in derived if kind not in module.effects)]

    def _is_told_of(self, module: Module, kind: ast.ClassDef) -> bool:
        return any(self._names.registers(module, base) for base in kind.bases)

    def _definition(self, module_name: str, name: str, guarded: bool) -> str:
        module = self._imported[module_name]
        if name == ALL_MODULES:
            return self._names.package.sources()
        if name == FILES:
            return " ".join(self._names.package.files_beside(module))
        if name != WHOLE:
            # a name that is bound again hides what was imported under it, or is hidden by it
            hidden = [module.imports[name]] if name in module.imports else []
            hidden += [Import(star, name) for star in self._names.stars_that_bind(module, name)]
            imported = [self._write(self._names.find(origin)) for origin in hidden]
            text = self._text(module, module.run_for(name), guarded=guarded)
            return " ".join([*imported, text])
        return self._all_bound(module)

    def _all_bound(self, module: Module) -> str:
        """Write all that a module binds, by name, and the modules in it if it is a package."""
        bound = ((name, self._names.find_in(module, [name])) for name in module.names)
        named = [f"{name}={self._write(target)}" for name, target in bound]
        inner = map(Import, self._names.package.inner_modules(module))
        return " ".join([*named, *(self._write(self._names.find(origin)) for origin in inner)])

    def _text(
        self,
        module: Module,
        statements: Sequence[ast.stmt],
        *,
        named: bool = False,
        guarded: bool = False,
    ) -> str:
        canonical = Canonical(
            module.package,
            find=lambda name, attributes: self._names.find_bound(module, name, attributes),
            find_import=self._names.find,
            write=self._write,
            write_mentioned=lambda text: "" if module.is_lazy else self._write_mentioned(text),
            write_sources=self._names.package.sources,
            write_files=lambda: " ".join(self._names.package.all_files()),
            is_check=self._is_check,
            may_swallow=self._may_swallow,
            is_guarded=guarded,
            counts_checks=_room(module.name) in self._catching,
        )
        return "\n".join(canonical.definition(statement, named=named) for statement in statements)

    def _write(self, target: Target, guarded: bool = False) -> str:
        """Return the text that stands for a target; what it leads to is reached by that."""
        for module in target.passed:
            self._import(module)
        attributes = "".join(f".{name}" for name in target.attributes)
        if target.module is None:
            return f"external:{target.name}{attributes}"
        if "__globals__" in target.attributes:
            self._write(self._names.find_in(target.module, []))
        key = target.module.name, target.name, guarded
        return f"@{self.numbers.setdefault(key, len(self.numbers))}{attributes}"

    def _write_mentioned(self, text: str) -> str:
        """Write the modules and the data files of the package that a string names, if any."""
        modules = (self._names.find(Import(name)) for name in self._names.package.named_in(text))
        return " ".join([*map(self._write, modules), *self._names.package.files_named(text)])

    def _import(self, module: Module) -> None:
        """Note that a module is imported, and with it all that it imports."""
        if module.name not in self._imported:
            self._imported[module.name] = module
            if module.is_lazy:
                self._write(self._names.find_in(module, ["__getattr__"]))
            for inner in self._names.imported_with(module):
                self._import(inner)

    def _catches(self, room: str) -> bool:
        """Return whether any code of a thread catches errors, wherever they are raised."""
        modules = map(self._names.package.module, self._names.package.names_in(room))
        return any(may_swallow(module.tree) for module in modules if module)

    def _may_swallow(self, target: Target) -> bool:
        statements = target.module.definitions.get(target.name, ()) if target.module else ()
        return any(map(may_swallow, statements))

    def _is_check(self, target: Target) -> bool:
        if target.module is None or target.attributes or target.name in (WHOLE, FILES):
            return False
        statements = target.module.definitions[target.name]
        shadowed = frozenset(target.module.names)
        return len(statements) == 1 and is_check(statements[0], shadowed)


def _room(name: str) -> str:
    """Return the module or package right below the top that a module, or a root, lies in."""
    return ".".join(name.partition(":")[0].split(".")[:2])
