"""The report as a reader has it: one file, in a browser, with mouse, keyboard, or no script.

Slow: axe on the whole page, at other widths and colours.
"""

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.app.cli.main import main
from repro.findings.report.chapter import make_chapter
from repro.findings.report.page import render
from repro.store.results import read_results
from repro.store.tables import read_table, write_table
from repro.study.errors import StudyError
from repro.study.folder import study_names
from repro.study.models import CITED_VERDICT
from repro.study.schema import load_study
from tests.forged import forge_digests

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "results"
CLAIMS = "[data-claims] >> "
CURVES = "#mnist_relu [data-curves] "
WHOLE = [("light", 1280), ("dark", 1280), ("dark", 390)]
AXE = [
    ("chapter", "dark", 390),
    *(pytest.param("report", *look, marks=pytest.mark.slow) for look in WHOLE),
]


def chapter_of(study):
    """Return a study's chapter, of the committed tables."""
    return make_chapter(study, read_results(RESULTS / study.name))


@pytest.fixture(scope="module")
def chapters():
    return {name: chapter_of(load_study(name)) for name in study_names()}


@pytest.fixture(scope="module")
def report(chapters, tmp_path_factory):
    """The page; `tests/app/test_folders.py` has the command that writes it."""
    return written(chapters.values(), tmp_path_factory)


@pytest.fixture(scope="module")
def chapter(chapters, tmp_path_factory):
    """A page of one chapter, which has a part of each kind."""
    return written([chapters["mnist_relu"]], tmp_path_factory)


def written(chapters, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render(list(chapters)), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser):
    contexts = []

    def open_page(file, **options):
        context = browser.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page, chapter):
    """The page of one chapter, which opens sooner than the whole."""
    return open_page(chapter)


@pytest.fixture
def whole(open_page, report):
    return open_page(report)


@pytest.mark.long
def test_it_is_the_committed_page(report):
    assert report.read_bytes() == (RESULTS / "index.html").read_bytes()


def test_it_is_small_enough_to_send(report):
    assert report.stat().st_size < 6_000_000


def test_the_pages_that_it_links_to_lie_beside_it(report):
    linked = re.findall(r'href="(?!#|https?:|data:)([^"#]+)', report.read_text())
    assert "explore.html" in linked
    assert [name for name in linked if not (RESULTS / name).is_file()] == []


PROSE = (
    "No fix [maxout_recovers refuted]. A fix [maxout_recovers_rate_10th refuted]."
    " Open [relu_output_loses_digits holds]. Named [keras_agrees]."
)


@pytest.mark.parametrize("seeds", [1, 5, 6])
def test_few_seeds_are_shown_without_an_interval(seeds):
    results = read_results(RESULTS / "mnist_relu")
    runs = results.runs[(results.runs.seed < seeds) & ~results.runs.variant.str.contains("@")]
    page = render([make_chapter(load_study("mnist_relu"), replace(results, runs=runs))])
    picture = page.partition("Across: ")[2].partition("</figcaption>")[0]
    assert ("95&nbsp;% interval" in picture) == ('band-of-reference" x' in page) == (seeds > 5)


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ({"mean_abs_error": 0.01}, "no more than 0.01 from that mean, or beyond it"),
        ({}, "that reach that mean"),
    ],
)
def test_what_has_recovered_is_said_and_drawn_with_its_margin(margins, said):
    study = load_study("truth_table")
    study = study.model_copy(update={"margins": margins})
    page = render([chapter_of(study)])
    assert said in page.partition("<i>Recovered</i>")[2].partition("</figcaption>")[0]
    assert ('class="threshold"' in page) == bool(margins)


@pytest.fixture(scope="module")
def strange():
    """A page of a study with wicked texts, an address, and prose of its own."""
    study = load_study("four_layers")
    wicked = '<script>alert("x")</script>'
    variant = study.variants["relu_posted"].model_copy(update={"label": wicked})
    thread = {"title": wicked, "licence": "<b>none</b>"}
    thread |= {"link": "https://example.org/4?a=1&b=2"}
    report = {"figure": f'" onload="x()">{wicked}', "lead": "", "mechanism": "", "answer": PROSE}
    changes = {
        "thread": study.thread.model_copy(update=thread),
        "variants": {**study.variants, "relu_posted": variant},
        "report": study.report.model_copy(update=report),
    }
    return render([chapter_of(study.model_copy(update=changes))])


def test_what_threads_say_is_shown_not_run(strange):
    text = strange
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)" in text
    assert text.count("<script") == 1
    assert "<b>none" not in text
    assert 'onload="x()' not in text


def test_a_thread_with_an_address_is_linked(strange):
    assert '<a href="https://example.org/4?a=1&amp;b=2"' in strange
    assert "gives no address" not in strange


def test_a_missing_table_is_named(tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["report"])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: no study has tables in results/ here; run one first: python -m")
    assert list((tmp_path / "results").iterdir()) == []


def test_claims_of_another_study_are_refused():
    study = load_study("four_layers")
    claims = {key: claim for key, claim in study.claims.items() if key != "keras_agrees"}
    with pytest.raises(StudyError, match="run python -m repro verdicts four_layers"):
        chapter_of(study.model_copy(update={"claims": claims}))


def test_a_studys_lead_stands_only_while_its_claims_do(chapters, tmp_path):
    study = load_study("truth_table")
    assert ("claim", "floor_relu_output", "holds") in chapters["truth_table"].lead
    folder = tmp_path / study.name
    shutil.copytree(RESULTS / study.name, folder, ignore=shutil.ignore_patterns(".*", "*.png"))
    claims = read_table(folder / "claims.csv")
    claims.loc[claims["claim"] == "floor_relu_output", "verdict"] = "inconclusive"
    write_table(claims, folder / "claims.csv")
    forge_digests(folder)
    assert make_chapter(study, read_results(folder)).lead == []


def test_every_committed_lead_stands(chapters):
    for chapter in chapters.values():
        assert bool(chapter.lead) == bool(chapter.study.report.lead), chapter.study.name


@pytest.mark.parametrize("name", study_names())
def test_no_sentence_leans_on_another_verdict_than_its_claim_has(name):
    report = load_study(name).report
    verdicts = read_table(RESULTS / name / "claims.csv").set_index("claim").verdict
    prose = " ".join(f"{report.lead} {report.answer} {report.mechanism}".split())
    for claim, verdict in re.findall(CITED_VERDICT, prose):
        assert verdicts[claim] == verdict, claim


def test_a_mark_judges_the_sentence_and_not_the_claim(strange):
    marks = re.findall(r'<a class="cite[^>]*href="#four_layers-(\w+)"[^>]*>(.)<', strange)
    assert set(marks) == {
        ("maxout_recovers", "✓"),  # the sentence says, as the runs do, that it does not
        ("maxout_recovers_rate_10th", "✕"),
        ("relu_output_loses_digits", "?"),
        ("keras_agrees", "§"),
    }


@pytest.mark.long
def test_nothing_is_asked_of_anybody_and_nothing_complains(whole, report):
    whole.wait_for_timeout(100)
    assert whole.said == []
    assert {url for url in whole.asked if not url.startswith("data:")} == {report.as_uri()}


def test_no_other_script_runs_and_nothing_can_be_loaded(page):
    page.evaluate(
        """() => {
            window.refused = [];
            addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            const picture = document.createElement("img");
            picture.src = "https://example.invalid/x.png";
            document.body.append(script, picture);
        }"""
    )
    page.wait_for_function("refused.length === 2")
    assert sorted(page.evaluate("refused")) == ["img-src", "script-src-elem"]
    assert page.evaluate("window.ran") is None


def rows(page):
    shown = page.locator(f"{CLAIMS} tbody tr:visible")
    return shown.evaluate_all("rows => rows.map(r => [r.dataset.verdict, r.dataset.maker])")


def test_claims_are_filtered_with_the_mouse(page):
    everything = rows(page)
    page.locator(f"{CLAIMS} input[value=holds]").uncheck()
    page.locator(f"{CLAIMS} input[value=us]").uncheck()
    shown = rows(page)
    assert shown == [row for row in everything if row[0] != "holds" and row[1] != "us"]
    assert 0 < len(shown) < len(everything)
    status = page.locator(f"{CLAIMS} [role=status]").inner_text()
    assert status == f"{len(shown)} of {len(everything)} claims"


def test_claims_are_filtered_with_the_keyboard(page):
    everything = rows(page)
    first = page.locator(f"{CLAIMS} input[value=holds]")
    first.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.value")
    page.keyboard.press("Space")
    assert focused == "refuted"
    assert rows(page) == [row for row in everything if row[0] != "refuted"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_claims_are_searched(page):
    everything = rows(page)
    page.locator(f"{CLAIMS} input[type=search]").fill("Dropout KERAS")
    shown = page.locator(f"{CLAIMS} tbody tr:visible")
    assert 0 < shown.count() < len(everything)
    for text in shown.all_inner_texts():
        assert "dropout" in text.lower()
        assert "keras" in text.lower()


@pytest.mark.slow
def test_all_claims_are_searched_at_once(whole):
    page = whole
    page.get_by_label("Search all").fill("maxout")
    hits = page.locator("[data-finder] li a")
    assert hits.count() > 0
    hits.first.click()
    claim = page.locator(page.evaluate("location.hash"))
    assert "maxout" in claim.inner_text().lower()
    assert claim.is_visible()


def test_a_claim_has_a_link_that_is_copied(open_page, chapter):
    page = open_page(chapter, permissions=["clipboard-read", "clipboard-write"])
    anchor = page.locator("#mnist_relu-images_fall_silent .anchor")
    anchor.click()
    assert page.evaluate("location.hash") == "#mnist_relu-images_fall_silent"
    page.wait_for_selector("#mnist_relu-images_fall_silent .anchor[data-copied]")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("index.html#mnist_relu-images_fall_silent")


@pytest.mark.slow
def test_the_navigation_says_where_one_is(whole):
    page = whole
    current = page.locator(".bar a[aria-current]")
    for name in ("mnist_relu", "truth_table"):
        page.locator(f"#{name}-why").scroll_into_view_if_needed()
        page.evaluate(f"document.getElementById('{name}').scrollIntoView()")
        page.wait_for_function(
            "name => document.querySelector('.bar a[aria-current]')?.hash === `#${name}`", arg=name
        )
        assert current.count() == 1


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_first_screen_has_picture_answer_and_number(open_page, report, width, height):
    page = open_page(report, viewport={"width": width, "height": height})
    for part, share in ((".lead", 1.0), (".level b", 1.0), (".fixes tbody tr.fails", 1.0)):
        box = page.locator(f".masthead {part}").first.bounding_box()
        assert box["y"] + share * box["height"] <= height
    assert page.locator(".bar").bounding_box()["height"] <= 0.1 * height


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_names_of_lines_do_not_overlap(open_page, chapter, width):
    page = open_page(chapter, viewport={"width": width, "height": 800})
    boxes = page.locator(f"{CURVES} .name:not([hidden]) text").evaluate_all(
        "all => all.map(t => t.getBoundingClientRect()).map(b => [b.top, b.bottom, b.right])"
    )
    boxes.sort()
    assert len(boxes) == len(load_study("mnist_relu").report.curves)
    assert all(above[1] <= below[0] + 4 for above, below in itertools.pairwise(boxes))
    assert all(right <= width for _, _, right in boxes)


@pytest.mark.long
def test_a_phone_has_figures_of_its_own(open_page, report):
    sizes = "all => all.map(i => i.naturalWidth / i.naturalHeight)"
    for width, upright in ((360, True), (1280, False)):
        page = open_page(report, viewport={"width": width, "height": 800})
        shapes = page.locator(".picture img").evaluate_all(sizes)
        assert shapes
        assert all((shape < 1) == upright for shape in shapes)


def test_a_link_to_a_hidden_claim_shows_it(page):
    page.locator(f"{CLAIMS} input[value=us]").uncheck()
    assert not page.locator("#mnist_relu-images_fall_silent").is_visible()
    page.locator("#mnist_relu a[href='#mnist_relu-images_fall_silent']").first.click()
    assert page.locator("#mnist_relu-images_fall_silent").is_visible()


def curves(page):
    # a flat curve's box has no height, so that Playwright's own "visible" would leave it out
    shown = "all => all.filter(c => getComputedStyle(c).display !== 'none').map(c => c.id)"
    return page.locator(f"{CURVES} .curve").evaluate_all(shown)


def test_curves_are_switched_with_the_mouse(page):
    assert len(curves(page)) == len(load_study("mnist_relu").report.curves)
    page.get_by_role("checkbox", name="ReLU, raw, dropout 0.2").check()
    assert "mnist_relu-relu_raw_dropout" in curves(page)
    page.locator(f"{CURVES} [data-switch=none]").click()
    assert curves(page) == []
    page.locator(f"{CURVES} [data-switch=all]").click()
    assert len(curves(page)) == page.locator(f"{CURVES} input").count()


def test_curves_are_switched_with_the_keyboard(page):
    box = page.locator(f"{CURVES} input").first
    box.focus()
    assert page.locator(f"{CURVES} .curve.on").count() == 1
    page.keyboard.press("Space")
    assert not box.is_checked()
    assert "mnist_relu-sigmoid_raw" not in curves(page)
    page.keyboard.press("Space")
    assert "mnist_relu-sigmoid_raw" in curves(page)


def test_without_script_everything_is_there(open_page, chapter):
    page = open_page(chapter, java_script_enabled=False)
    for hidden in (".filters", f"{CURVES} input", f"{CURVES} button"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(f"{CURVES} .curve").first.is_visible()
    assert not re.search(r"<(tr|g)[^>]* hidden", page.content())


@pytest.mark.long
@pytest.mark.parametrize("width", [360, 700, 1280])
def test_nothing_is_wider_than_the_screen(open_page, report, width):
    page = open_page(report, viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cells = page.locator(".panel td.share, .panel td.limits").evaluate_all(
        "all => all.filter(td => td.clientWidth && td.scrollWidth > td.clientWidth + 1)"
        ".map(td => td.textContent)"
    )
    assert cells == []


@pytest.mark.long
@pytest.mark.parametrize(("shown", "scheme", "width"), AXE)
def test_axe_finds_no_serious_fault(open_page, request, shown, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    size = {"width": width, "height": 900}
    page = open_page(request.getfixturevalue(shown), color_scheme=scheme, viewport=size)
    violations = Axe().run(page).response["violations"]
    serious = [v for v in violations if v["impact"] in ("serious", "critical")]
    assert not serious, [(v["id"], v["nodes"][0]["html"][:200]) for v in serious]
