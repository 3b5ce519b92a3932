"""A problem, which a check yields, and the repository in which it looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from repro.study.files import read_regular
from repro.study.folder import studies_folder
from repro.study.models import Study


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a study, and its remedy."""

    place: Path | str  # a file, seen from the repository's root, or one with a line behind it
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong}; {self.remedy}"


@dataclass(frozen=True)
class Repository:
    """A checkout, and the places of a study in it."""

    root: Path

    def study_file(self, name: str) -> Path:
        """Return `experiments/NAME.toml`."""
        return self.root / "experiments" / f"{name}.toml"

    def page(self, name: str) -> Path:
        """Return `docs/threads/NAME.md`."""
        return self.root / "docs" / "threads" / f"{name}.md"

    def results(self, name: str) -> Path:
        """Return `results/NAME`."""
        return self.root / "results" / name

    def modules(self, name: str) -> list[Path]:
        """Return the thread's modules: one, or those of its package."""
        single = self.root / "repro" / f"{name}.py"
        return [single] if single.exists() else sorted((self.root / "repro" / name).rglob("*.py"))

    def tests(self, name: str) -> list[Path]:
        """Return the thread's tests."""
        return sorted((self.root / "tests" / name).rglob("test_*.py"))

    def files(self, name: str) -> list[Path]:
        """Return all that is written by hand for a study, as far as it is there."""
        texts = [self.study_file(name), self.page(name)]
        return [*filter(Path.is_file, texts), *self.modules(name), *self.tests(name)]

    def place_of_claim(self, study: Study, key: str) -> str:
        """Return the study's file and the claim's table in it."""
        return f"{self.short(self.study_file(study.name))}: claims.{key}"

    def short(self, path: Path) -> Path:
        """Return a path as it is seen from the root."""
        return path.relative_to(self.root)


def text_of(path: Path) -> str:
    """Return the text of a file, which may be a link, but no pipe or device.

    Raises:
        OSError: if it is none, or can't be read; names the path.
        UnicodeDecodeError: if it is no text.
    """
    return read_regular(path, follow=True).decode().replace("\r\n", "\n")


Check = Callable[[Study, Repository], Iterator[Problem]]


def this_repository() -> Repository | None:
    """Return the checkout that this package is run from; None if it is installed."""
    root = studies_folder().parent
    return Repository(root) if (root / "docs").is_dir() else None
