"""Make one script of the page's modules, as a page that loads nothing needs it.

Each module becomes a function that returns what it exports, after those that it imports. Modules
write `import { a, b } from "./name.js";` and `export` before a function, a class or a constant; no
more is understood, and anything else is an error.
"""

import re
from graphlib import TopologicalSorter
from pathlib import Path

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "(\.{1,2}/[\w./]+)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:function\*?|class|const) (\w+))", re.M)
KEYWORD = re.compile(r"^\s*(?:import|export)\b.*", re.M)


def bundle(entry: str = "main.js", folder: Path = STATIC) -> str:
    """Return a module and all that it imports as one script.

    Raises:
        ValueError: for an import or export that is written in another way.
    """
    modules: dict[Path, str] = {}
    waiting = [(folder / entry).resolve()]
    while waiting:
        path = waiting.pop()
        if path not in modules:
            modules[path] = path.read_text(encoding="utf-8")
            waiting += imported(path, modules[path])
    graph = {path: imported(path, text) for path, text in modules.items()}
    ordered = TopologicalSorter(graph).static_order()
    parts = [_as_function(path, modules[path], folder.resolve()) for path in ordered]
    return "\n".join(['"use strict";', *parts])


def imported(path: Path, text: str) -> list[Path]:
    """Return the files that a module imports."""
    return [(path.parent / match[2]).resolve() for match in IMPORT.finditer(text)]


def _as_function(path: Path, text: str, folder: Path) -> str:
    body = IMPORT.sub(lambda match: _as_constants(match, path, folder), text)
    names = [match[1] for match in EXPORT.finditer(body)]
    body = EXPORT.sub("", body)
    if foreign := KEYWORD.search(body):
        raise ValueError(f"{path.name}: the bundle does not understand {foreign[0].strip()!r}")
    return (
        f"const {_name(path, folder)} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();"
    )


def _as_constants(match: re.Match[str], path: Path, folder: Path) -> str:
    source = (path.parent / match[2]).resolve()
    return f"const {{ {match[1]} }} = {_name(source, folder)};\n"


def _name(path: Path, folder: Path) -> str:
    return "_" + re.sub(r"\W", "_", path.relative_to(folder).with_suffix("").as_posix())
