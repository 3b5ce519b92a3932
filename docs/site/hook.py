"""The site's pages: the repository's own, where they stand, and the sources that they link to.

Every page keeps its place, so that a link is right on the forge and on the site.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = ("*.md", "docs/**/*.md", "bench/*.md", "examples/*.md", "results/*/README.md")
ASSETS = ("docs/site/style.css", "docs/site/iframe-worker.js", "results/index.html")
LANGUAGES = {".py": "python", ".toml": "toml", ".cff": "yaml", ".txt": "text", "": "makefile"}
LINK = re.compile(r"(\]\(<?)([^)>\s#]+)")
CODE = re.compile(r"^```.*?^```", flags=re.M | re.S)
REFERENCE = re.compile(r"^<!-- (::: .*?) -->$", flags=re.M | re.S)
SUMMARY = re.compile(r"^(## `.*`\n\n)[^<#]*?\n\n(?=<!-- :::)", flags=re.M)
CELL = re.compile(r"^# %%(.*)$", flags=re.M)
LOADED = re.compile(
    r"""<(?:img|script|link|iframe|source)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//[^"' >]+"""
)


def on_config(config: Any) -> Any:
    """Fill in the pages that a pattern of the navigation stands for."""
    config.nav = _filled(config.nav)
    return config


def _filled(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {title: _filled(inner) for title, inner in entry.items()}
    if isinstance(entry, list):
        names = (
            _matching(inner) if isinstance(inner, str) else [_filled(inner)] for inner in entry
        )
        return [name for several in names for name in several]
    return entry


def _pages() -> set[str]:
    paths = {path.relative_to(ROOT).as_posix() for pattern in PAGES for path in ROOT.glob(pattern)}
    return {path for path in paths if "@" not in path}


def _matching(name: str) -> list[str]:
    if "*" not in name:
        return [name]
    found = sorted(ROOT.glob(name), key=lambda path: (path.name != "README.md", path))
    names = (path.relative_to(ROOT).as_posix() for path in found)
    return [f"{name}.md" if _is_source(ROOT / name) else name for name in names]


def on_files(files: Files, config: Any) -> Files:
    """Return the pages, what they link to, and what the theme needs besides."""
    names = _pages()
    made = [file for file in files if file.generated_by or not file.is_documentation_page()]
    made = [file for file in made if not (ROOT / "docs" / file.src_uri).exists()]
    made += [File.generated(config, name, content=_read(name)) for name in sorted(names)]
    linked = {target for name in names for target in _linked(name)} - names
    # a folder's page is its README, or a page that it holds
    linked -= {posixpath.dirname(name) for name in {*names, *ASSETS}}
    return Files([*made, *(_file(name, config) for name in sorted({*linked, *ASSETS}))])


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to sources to their pages; let the docstrings in."""
    page.meta["hide"] = ["navigation"] if page.is_homepage else []
    folder = posixpath.dirname(page.file.src_uri)
    if page.file.src_uri not in _pages():
        page.meta["search"] = {"exclude": not page.file.src_uri.startswith("examples/")}
    markdown = LINK.sub(lambda link: link[1] + _target(folder, link[2]), markdown)
    markdown = markdown.replace("<!-- experiments -->", _experiments())
    return REFERENCE.sub(r"\1", SUMMARY.sub(r"\1", markdown))


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Name a documented class once among the page's headings, and its methods under it."""
    for top in page.toc:
        for section in [*top.children, *(inner for s in top.children for inner in s.children)]:
            first = section.children[0] if section.children else section
            if first.id.startswith("repro.") and not section.id.startswith("repro."):
                section.children[:1] = first.children
    return html


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that would fetch something when it is opened."""
    if loaded := LOADED.findall(output):
        raise PluginError(f"{page.file.src_uri} loads from elsewhere: {loaded}")
    return output


def _experiments() -> str:
    threads = sorted(path.parent.name for path in ROOT.glob("repro/*/experiment.py"))
    inner = "    options: {heading_level: 4}"
    return "\n\n".join(
        f"### `{t}`\n\n::: repro.{t}.experiment.experiment\n{inner}" for t in threads
    )


def _linked(name: str) -> Iterator[str]:
    for link in LINK.finditer(CODE.sub("", _read(name))):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link[2]))
        if ":" not in link[2] and (ROOT / target).exists():
            yield target


def _target(folder: str, link: str) -> str:
    path = ROOT / folder / link
    if ":" in link or not path.exists():
        return link
    if path.is_dir():
        has_page = posixpath.normpath(posixpath.join(folder, link, "index.html")) in ASSETS
        return posixpath.join(link, "index.html" if has_page else "README.md")
    return f"{link}.md" if _is_source(path) else link


def _is_source(path: Path) -> bool:
    return path.suffix in LANGUAGES and path.name != "requirements.txt"


def _file(name: str, config: Any) -> File:
    path = ROOT / name
    if path.is_dir():
        return File.generated(config, f"{name}/README.md", content=_listing(name))
    if _is_source(path):
        return File.generated(config, f"{name}.md", content=_source(name))
    return File.generated(config, name, abs_src_path=str(path))


def _source(name: str) -> str:
    text = _read(name)
    if name.startswith("examples/"):
        return "".join(_cells(text)) + f"\nThe script is `{name}`.\n"
    return f"# `{name}`\n\n{_block(text, LANGUAGES[Path(name).suffix])}"


def _cells(text: str) -> Iterator[str]:
    _, *parts = CELL.split(text)
    for kind, cell in zip(parts[::2], parts[1::2], strict=True):
        if "markdown" in kind:
            yield re.sub(r"^# ?", "", cell.strip(), flags=re.M) + "\n\n"
        else:
            yield _block(cell.strip(), "python") + "\n"


def _listing(name: str) -> str:
    paths = sorted(path for path in (ROOT / name).iterdir() if _is_shown(path))
    rows = "".join(f"| `{path.name}` | {_says(path)} |\n" for path in paths)
    return f"# `{name}`\n\n| file | what it is |\n| --- | --- |\n{rows}"


def _is_shown(path: Path) -> bool:
    return path.name[0] not in "._" and "@" not in path.name


def _says(path: Path) -> str:
    path = path / "__init__.py" if path.is_dir() else path
    if path.suffix != ".py" or not path.exists():
        return ""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _block(text: str, language: str) -> str:
    return f"````{language}\n{text.rstrip()}\n````\n"


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
