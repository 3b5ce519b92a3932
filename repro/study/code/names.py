"""Follow a name through imports to the definition that it stands for."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from repro.study.code.modules import Import, Module, Package

# Numbers don't depend on this code: data are identified by their own digest, the others decide
# what is shown and on which thread or process a result is computed.
NOT_COMPUTING = (
    "data",
    "app",
    "startup",
    "training.jobs",
    "training.quiet",
    "training.shown",
    "training.loops.threads",
)
WHOLE = "*"  # a module that is handed on as it is: anything in it may be used
FILES = "/"  # the data files beside a module, which its `__file__` leads to
ALL_MODULES = "?"  # what a package computes the name of: it may be any of the modules
# names that lead to more than themselves, as a module's attributes and inside it
MODULES_OWN = {"__dict__": WHOLE, "__file__": FILES, "__path__": FILES, "__spec__": FILES}
PYTHONS_OWN = {"globals": WHOLE, "__package__": FILES, **MODULES_OWN}
DEEPEST = 9  # classes above one another that are looked at


def is_class(statement: ast.stmt) -> TypeGuard[ast.ClassDef]:
    """Return whether a statement defines a class."""
    return isinstance(statement, ast.ClassDef)


@dataclass(frozen=True)
class Target:
    """The definition, or the thing from outside, that a name stands for.

    Attributes:
        module: that defines it; None for what the package does not define, or does not count.
        name: its name there, or a dotted name from outside.
        attributes: that are taken of it.
        passed: modules that were imported to get there.
        computes: False if it is the package's own and no number depends on it.
    """

    module: Module | None
    name: str
    attributes: tuple[str, ...] = ()
    passed: tuple[Module, ...] = ()
    computes: bool = True


class Names:
    """The names of one package's modules."""

    def __init__(self, package: Package):
        self.package = package

    def find(self, origin: Import, attributes: Sequence[str] = ()) -> Target:
        """Return what an import, with attributes taken of it, stands for."""
        names = [*([origin.name] if origin.name else []), *attributes]
        module = self.package.module(origin.module)
        if module is None:
            return Target(None, ".".join([origin.module, *names]))
        passed = [module]
        while names and not self._binds(module, names[0]):
            inner = self.package.module(f"{module.name}.{names[0]}")
            if inner is None:
                break
            module, names = inner, names[1:]
            passed.append(module)
        if self._is_not_computing(module):
            return Target(None, ".".join(names), computes=False)
        target = self.find_in(module, names)
        return replace(target, passed=(*passed, *target.passed))

    def find_in(self, module: Module, names: Sequence[str]) -> Target:
        """Return what a name of a module, with attributes taken of it, stands for."""
        if not names:
            return Target(module, WHOLE, passed=(module,))
        name, *attributes = names
        if name in module.definitions:
            return Target(module, name, tuple(attributes), (module,))
        origin = self._origin(module, name)
        if origin is None and name in MODULES_OWN:
            return Target(module, MODULES_OWN[name], tuple(names), (module,))
        if origin is None and module.is_lazy and not name.startswith("__"):
            return Target(module, ALL_MODULES, tuple(names), (module,))
        if origin is None:
            return Target(None, ".".join(names))
        target = self.find(origin, attributes)
        return replace(target, passed=(module, *target.passed))

    def find_bound(self, module: Module, name: str, attributes: Sequence[str]) -> Target | None:
        """Return the same as `find_in`, or None for a name that the module does not bind."""
        if self._binds(module, name):
            return self.find_in(module, [name, *attributes])
        if name in PYTHONS_OWN:
            return Target(module, PYTHONS_OWN[name], tuple(attributes), (module,))
        return None

    def stars_that_bind(self, module: Module, name: str) -> list[str]:
        """Return the modules of which all names are imported, that one among them; last first."""
        modules = ((star, self.package.module(star)) for star in reversed(module.stars))
        return [
            star
            for star, inner in modules
            if inner and inner is not module and self._hands_on(inner, name)
        ]

    def registers(self, module: Module, base: ast.expr, deep: int = 0) -> bool:
        """Return whether a base class is told of the classes that are derived from it.

        A class may be called like its base: `deep` classes up, it is enough.
        """
        target = self.find_bound(module, base.id, ()) if isinstance(base, ast.Name) else None
        if target is None or target.module is None or deep == DEEPEST:
            return False
        kinds = [s for s in target.module.definitions.get(target.name, ()) if is_class(s)]
        inner = (statement for kind in kinds for statement in kind.body)
        has_hook = any(getattr(statement, "name", "") == "__init_subclass__" for statement in inner)
        above = (base for kind in kinds for base in kind.bases)
        return has_hook or any(self.registers(target.module, base, deep + 1) for base in above)

    def _hands_on(self, module: Module, name: str) -> bool:
        return module.exports(name) and self._binds(module, name)

    def imported_with(self, module: Module) -> Iterator[Module]:
        """Yield the packages that a module lies in, and the modules that it imports."""
        parents = module.name.split(".")
        packages = [".".join(parents[:depth]) for depth in range(1, len(parents))]
        for name in (*packages, *module.imported):
            inner = self.package.module(name)
            if inner is not None and not self._is_not_computing(inner):
                yield inner

    def _binds(self, module: Module, name: str) -> bool:
        return name in module.definitions or self._origin(module, name) is not None

    def _origin(self, module: Module, name: str) -> Import | None:
        """Return where a name that a module does not define comes from."""
        if name in module.imports:
            origin = module.imports[name]
            return None if origin == Import(module.name, name) else origin  # its own submodule
        # a lazy package names in texts the modules that its `__getattr__` looks into
        lazy = module.named_in_texts if module.is_lazy else []
        for source in (*self.stars_that_bind(module, name), *lazy):
            target = self.package.module(source)
            if target is not None and target is not module and self._binds(target, name):
                return Import(source, name)
        return None

    def _is_not_computing(self, module: Module) -> bool:
        place = module.name.removeprefix(f"{self.package.name}.")
        return any(place == name or place.startswith(f"{name}.") for name in NOT_COMPUTING)
