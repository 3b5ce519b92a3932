"""The pages lead somewhere: their links, the paths that they name, the commands that they give."""

import re
from codeop import compile_command
from functools import cache
from pathlib import Path

import pytest

from repro.app.cli.main import main
from repro.study.folder import study_names

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        ROOT / "bench" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(path for path in (ROOT / "results").glob("*/README.md") if "@" not in str(path)),
    ]
)
ROOMS = ("bench", "docs", "experiments", "repro", "results", "tests")
MAKES_FILES = ROOT / "docs" / "add-a-thread.md"  # followed to the letter by its own test

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def prose(page):
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@cache
def anchors(page):
    """Return what a link may have behind its #: the headings as GitHub and GitLab spell them."""
    headings = re.findall(r"^#+ (.*)", prose(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def named_paths(text):
    """Return what looks like a file or folder of the repository, in backticks or in a tree."""
    names = re.findall(r"`([\w./-]+)`|^([\w./-]+)  ", text, flags=re.M)
    names = {in_backticks or in_tree for in_backticks, in_tree in names}
    return {name for name in names if name.split("/")[0] in ROOMS and "/" in name}


@every_page
def test_every_link_resolves(page):
    for link in re.findall(r"\]\(<?([^)>\s]+)>?\)", prose(page)):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT.resolve()), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_page
def test_every_path_exists(page):
    if page == MAKES_FILES:
        return
    for name in named_paths(page.read_text(encoding="utf-8")):
        assert any((ROOT / name.replace("NAME", study)).exists() for study in study_names()), name


@every_page
def test_every_command_exists(page):
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"python -m repro ([a-z]\w*)", text)
    assert set(commands) <= set(main.list_commands(None))
    modules = re.findall(r"python -m ((?:repro|bench)\.[a-z_.]+[a-z])", text)
    for module in modules if page != MAKES_FILES else ():
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    targets = re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, flags=re.M)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(targets) <= set(re.findall(r"^([\w-]+):", makefile, flags=re.M))


@every_page
def test_threads_are_not_counted_in_words(page):
    """A sixth thread must make no page wrong."""
    counted = r"\b(?:four|five|six|4|5|6)\s+(?:\w+\s+)?(?:threads|studies|ledgers)\b|\bother four\b"
    assert re.findall(counted, page.read_text(encoding="utf-8"), flags=re.I) == []


def test_a_wrong_path_is_seen():
    text = "`repro/posted/x.py`, `make test`, `a/b`\nresults/NAME/   tables"
    assert named_paths(text) == {"repro/posted/x.py", "results/NAME/"}
    assert anchors(ROOT / "docs" / "run-a-study.md") >= {"change-something", "cite-it"}


SECURITY = ROOT / "docs" / "security.md"
TABLE = prose(SECURITY).partition("\n## ")[0]
TRUSTED = re.findall(r"^\| (.*?) \| (?:yes|no)\b.*\| (.*) \|$", TABLE, flags=re.M)


def test_the_page_on_security_says_of_each_line_whether_it_is_trusted():
    assert len(TRUSTED) == len(re.findall(r"^\|", TABLE, flags=re.M)) - 2  # but for its head


@pytest.mark.parametrize(("what", "cell"), TRUSTED, ids=[what for what, _ in TRUSTED])
def test_each_line_on_what_is_trusted_names_the_tests_that_hold_it(what, cell):
    for named in cell.split(", "):
        name, file = re.fullmatch(r"\[`(test_\w+)`\]\(\.\./([\w/]+\.py)\)", named).groups()
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")


def pasted(code):
    """Compile code as Python's prompt does that gets it line by line; a blank line ends a block."""
    statement = []
    for line in [*code.splitlines(), ""]:
        statement.append(line)
        if compile_command("\n".join(statement)) is not None:
            statement = []
    assert not any(statement), statement


GUIDES = [path for path in PAGES if path.parent in (ROOT, ROOT / "docs")]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_python_can_be_pasted_at_a_prompt(page):
    """A function with a blank line in it would end there, and what follows would be an error."""
    for block in re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S
    ):
        if not block.startswith("# repro/"):  # which names the file that the whole is written to
            pasted(block)
