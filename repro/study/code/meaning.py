"""The digest of the definitions that a function's numbers can reach.

From the function on, every name is followed to what it stands for, however it was imported. The
definitions are numbered in the order in which they are met, and a reference is written as that
number: neither names nor places of modules and definitions are in the digest, their meaning is.
What a module does when it is imported counts if the module is imported on the way.
"""

import ast
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from repro.study.code.canonical import Canonical
from repro.study.code.checks import is_check
from repro.study.code.modules import Import, Module, Package
from repro.study.code.names import FILES, WHOLE, Names, Target


def code_digest(roots: Iterable[str], package: Path) -> str:
    """Return the SHA-256 of all code that the numbers of some functions depend on.

    Args:
        roots: the functions, as `repro.truth_table:experiment`.
        package: the package's folder.
    """
    return sha256("\n".join(Meaning(roots, package).texts).encode()).hexdigest()


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
        self.numbers: dict[tuple[str, str], int] = {}
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
                effects.append(self._text(module, module.effects))
            else:
                return [*definitions, *filter(None, effects)]

    def _definition(self, module_name: str, name: str) -> str:
        module = self._imported[module_name]
        if name == FILES:
            return " ".join(self._names.package.files_beside(module))
        if name != WHOLE:
            # a name that is bound again hides what was imported under it, or is hidden by it
            hidden = [module.imports[name]] if name in module.imports else []
            hidden += [Import(star, name) for star in self._names.stars_that_bind(module, name)]
            imported = [self._write(self._names.find(origin)) for origin in hidden]
            return " ".join([*imported, self._text(module, module.definitions[name])])
        targets = [self._names.find_in(module, [bound]) for bound in module.names]
        inner = self._names.package.modules_in(module)  # which are attributes once imported
        targets += [self._names.find(Import(name)) for name in inner]
        return " ".join(map(self._write, targets))

    def _text(self, module: Module, statements: Sequence[ast.stmt]) -> str:
        canonical = Canonical(
            module.package,
            find=lambda name, attributes: self._names.find_bound(module, name, attributes),
            find_import=self._names.find,
            write=self._write,
            write_mentioned=lambda text: "" if module.is_lazy else self._write_mentioned(text),
            write_sources=self._names.package.sources,
            is_check=self._is_check,
        )
        return "\n".join(canonical.definition(statement) for statement in statements)

    def _write(self, target: Target) -> str:
        """Return the text that stands for a target; what it leads to is reached by that."""
        for module in target.passed:
            self._import(module)
        attributes = "".join(f".{name}" for name in target.attributes)
        if target.module is None:
            return f"external:{target.name}{attributes}"
        key = target.module.name, target.name
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

    def _is_check(self, target: Target) -> bool:
        if target.module is None or target.attributes or target.name in (WHOLE, FILES):
            return False
        statements = target.module.definitions[target.name]
        shadowed = frozenset(target.module.names)
        return len(statements) == 1 and is_check(statements[0], shadowed)
