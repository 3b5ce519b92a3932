"""The site of `make docs`: every page is in it, and opening it fetches nothing.

It is taken as `make docs` left it, or built again if anything that it is made of is newer. What
builds it is in an environment of its own, which `make docs` makes; tests that need it are skipped
where there is none.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

import repro

ROOT = Path(__file__).parent.parent
TOOL = ROOT / ".venv-docs" / "bin" / "python"
SETTINGS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
BUILT = ROOT / "build" / "site"
MADE_OF = ("*", *(f"{room}/**/*" for room in ("bench", "docs", "examples", "experiments")))
MADE_OF += ("repro/**/*.py", "results/**/*", "tests/**/*.py")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
OPENED = ("index", "docs/reference", "docs/threads/mnist_relu", "results/mnist_relu/index")


def is_new(site):
    """Tell whether a site is newer than all that it is made of."""
    found = (path for pattern in MADE_OF for path in ROOT.glob(pattern) if path.is_file())
    sources = [path.stat().st_mtime for path in found if path.suffix != ".pyc"]
    pages = [path.stat().st_mtime for path in site.rglob("*.html")]
    return bool(pages) and min(pages) > max(sources)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not TOOL.exists():
        pytest.skip("make docs was not called")
    if is_new(BUILT):
        return BUILT
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [TOOL, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_navigation():
    pages = [*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "bench" / "README.md"]
    for page in pages:
        assert re.search(rf"[ \[]{page.relative_to(ROOT).as_posix()}\b", SETTINGS), page


def test_every_public_name_is_in_the_reference():
    for name in {*repro.__all__} - {"callbacks"} | {"callbacks.ReluHealth", "Audit", "Diagnosis"}:
        assert f"\n## `{name}`\n" in REFERENCE, name


@pytest.mark.long
def test_the_docstrings_are_in_the_site(site):
    page = (site / "docs" / "reference.html").read_text(encoding="utf-8")
    for function in ("training.fit.fit_seeds", "mnist_relu.experiment.experiment"):
        assert f'id="repro.{function}"' in page
    assert "<!-- :::" not in page
    assert ":::" not in page


def test_the_report_is_in_the_site_as_it_is(site):
    report = Path("results", "index.html")
    assert (site / report).read_bytes() == (ROOT / report).read_bytes()
    front = (site / "index.html").read_text(encoding="utf-8")
    assert {"results/index.html"} == set(re.findall(r'href="(results/(?:index\.html)?)"', front))


def test_nothing_names_another_host_to_load_from(site):
    loads = r"""(?:\bsrc=|<link[^>]*href=|url\()["']?(?:https?:)?//|@import\s+(?!\{)"""
    files = [path for form in ("html", "css") for path in site.rglob(f"*.{form}")]
    assert len(files) > 40
    for path in files:
        assert not re.findall(loads, path.read_text(encoding="utf-8")), path


@pytest.mark.slow
def test_it_opens_and_searches_without_a_server(site, browser):
    """From a folder, at a phone's width, in light and dark."""
    page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme="dark")
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    for name in OPENED:
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.click("label[for=__search]:visible")
    page.type(".md-search__input", "dead units")  # key by key, which it listens to
    page.wait_for_selector(".md-search-result__item")
    page.close()
    assert [url for url in fetched if not url.startswith(("file:", "data:", "blob:"))] == []
