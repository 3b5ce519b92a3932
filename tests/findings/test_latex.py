"""What is exported for an article compiles, says what the tables say, is the same every time.

Slow: the macros of all studies, not of some; two exports beside each other; a TeX without extras;
other engines.
"""

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest
from click.testing import CliRunner

from repro.app.cli.main import main
from repro.findings import figures, summary, units
from repro.findings.latex.article import article
from repro.findings.latex.files import latex_files, macros
from repro.findings.latex.pdf import pdf_figures
from repro.findings.latex.tex import ABSENT, escape, macro, number, p_value, places
from repro.findings.verdicts import judge
from repro.store.tables import read_table
from repro.study.errors import StudyError
from repro.study.experiments import find_mechanism, metric_kinds
from repro.study.folder import study_names
from repro.study.models import Study
from repro.study.schema import load_study

ROOT = Path(__file__).parents[2]
# each special character between letters, so that ligatures and swallowed arguments show
NASTY = r"""a#b$c%d&e~f_g^h\i{j}k<l>m|n"o`p[q]r*s--t@u/v"""
COSTS = "$5 to $6 < 7, _x_ {y}"
UNICODE = "ação, naïve, λ ≤ 2×10⁻³ …"
CHINESE = "使用relu"


def tables(name):
    return [
        read_table(ROOT / "results" / name / f"{kind}.csv") for kind in ("runs", "curves", "claims")
    ]


KINDS = {"score": "number"}


def made_up():
    """A study whose texts have every character that TeX treats as special, and its tables."""
    study = Study.model_validate(
        {
            "name": "made_up_1",
            "title": NASTY,
            "question": f"{UNICODE} {CHINESE}?",
            "seeds": 3,
            "metric": "score",
            "better": "higher",
            "thread": {"title": CHINESE, "language": "zh", "source": "999", "licence": "none"},
            "variants": {
                "plain_2": {"label": COSTS, "group": "as posted", "quoted": -0.5},
                "100%": {"label": "[x] *y* -- 'z'", "group": "fix of ours"},
            },
            "claims": {
                "better?": {
                    "made_by": "us",
                    "says": f"=1+1 {NASTY} {CHINESE}",
                    "test": "greater",
                    "variant": "plain_2",
                    "reference": "100%",
                    "metric": "score",
                }
            },
        }
    )
    rows = [
        {"variant": variant, "seed": seed, "score": base + seed / 10, "status": "ok"}
        for variant, base in (("plain_2", -1.0), ("100%", 0.5))
        for seed in range(3)
    ]
    runs = pd.DataFrame(rows)
    curves = pd.concat([runs.assign(epoch=epoch) for epoch in (1, 2)])
    return study, (runs, curves, judge(runs, study.claims, better="higher", kinds=KINDS))


@pytest.fixture(autouse=True)
def threadless(monkeypatch):
    """The made-up study has no thread, and so no drawing of a mechanism."""
    monkeypatch.setattr(
        figures, "find_mechanism", lambda name: None if "made_up" in name else find_mechanism(name)
    )
    for module in (summary, units):
        monkeypatch.setattr(
            module, "metric_kinds", lambda name: KINDS if "made_up" in name else metric_kinds(name)
        )


def compiled(folder, engine, files):
    """Compile `article.tex`; return the PDF's text, without white space or line breaks."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    command = [engine, "article.tex"]
    if "tectonic" not in engine:
        command[1:1] = ["-interaction=nonstopmode", "-halt-on-error"]
    run = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    return folder / "article.pdf"


def text_of(pdf, program):
    done = subprocess.run([program, "-raw", pdf, "-"], capture_output=True, timeout=60, check=True)
    return re.sub(r"\s", "", done.stdout.decode())


@pytest.mark.long
def test_an_article_from_committed_results_compiles(tmp_path, need):
    engine = need("pdflatex", "tectonic")
    study = load_study("mnist_relu")
    files = latex_files(study, *tables("mnist_relu"))
    pdf = compiled(tmp_path, engine, files | {"article.tex": article([study], files)})
    text = text_of(pdf, need("pdftotext"))
    assert "ReLUagainstsigmoidonrawMNISTpixels" in text
    relu = (
        tables("mnist_relu")[-1].set_index("claim").loc["hidden_relu_is_a_guess"]
    )  # on the same mean
    ours = f"{relu.estimate:.4f}[{relu.ci_low:.4f},{relu.ci_high:.4f}]{relu.n}"
    assert f"ReLU,rawpixelsasposted0.5,0.55{ours}" in text  # the table of variants
    assert "TheReLUnetworkoverfits" in text.replace("-", "")  # the table of claims
    assert "imagesthatnounitsees" in text  # a figure


@pytest.mark.slow
def test_a_minimal_tex_is_enough(tmp_path, need):
    engine = need("pdflatex")
    study = load_study("mnist_relu")
    files = latex_files(study, *tables("mnist_relu"))
    minimal = article([study], files)
    for package in (b"lmodern.sty", b"type1ec.sty"):  # as if neither were installed
        assert package in minimal
        minimal = minimal.replace(package, b"not-installed.sty")
    pdf = compiled(tmp_path, engine, files | {"article.tex": minimal})
    assert "TheReLUnetworkoverfits" in text_of(pdf, need("pdftotext")).replace("-", "")
    fonts = subprocess.run([need("pdffonts"), pdf], capture_output=True, text=True, check=True)
    assert "Type 3" not in fonts.stdout  # no bitmaps
    assert "LMRoman" not in fonts.stdout


def test_the_article_says_how_often_to_run_latex():
    study, _ = made_up()
    assert b"Run LaTeX twice" in article([study], [])


def test_the_article_begins_with_the_picture_that_answers_and_ends_with_the_long_table():
    study = load_study("mnist_relu")
    tex = article([study], ["mnist_relu/runs.pdf", "mnist_relu/fixes.pdf"])
    parts = (b"fixes.pdf}", b"runs.pdf}", b"/variants}", rb"\clearpage", b"/claims}")
    places = [tex.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.long
@pytest.mark.parametrize(
    "engine",
    ["pdflatex", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lualatex", "xelatex"))],
)
def test_every_special_character_survives(engine, tmp_path, need):
    program = need(engine)
    study, its_tables = made_up()
    files = latex_files(study, *its_tables)
    pdf = compiled(tmp_path, program, files | {"article.tex": article([study], files)})
    text = text_of(pdf, need("pdftotext"))
    assert text.count(NASTY) >= 3  # heading, caption, claim
    assert COSTS.replace(" ", "") in text
    assert "[x]*y*--" in text
    assert "λ≤2×10" in normalize("NFKC", text)  # fonts for formulas have letters of their own
    assert "ação" in text
    if engine == "pdflatex":
        assert "[U+4F7F][U+7528]relu" in text


def test_special_characters_survive_in_figures(tmp_path, need):
    study, (runs, curves, _) = made_up()
    (tmp_path / "runs.pdf").write_bytes(pdf_figures(study, runs, curves)["runs.pdf"])
    text = text_of(tmp_path / "runs.pdf", need("pdftotext"))
    # braces are drawn, but from a font of symbols, which gives other characters back
    assert COSTS.replace(" ", "").removesuffix("{y}") in text
    assert "[x]*y*--" in text


def test_fonts_are_embedded_and_none_is_type_3(tmp_path, need):
    study, (runs, curves, _) = made_up()
    (tmp_path / "runs.pdf").write_bytes(pdf_figures(study, runs, curves)["runs.pdf"])
    shown = subprocess.run(
        [need("pdffonts"), tmp_path / "runs.pdf"], capture_output=True, text=True, check=True
    )
    fonts = shown.stdout.splitlines()[2:]
    assert any("Cmr10" in font for font in fonts)
    assert all("TrueType" in font and "yes yes" in font for font in fonts)


@pytest.mark.slow
def test_the_export_is_the_same_bytes_every_time_and_touches_no_file_of_others(tmp_path):
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        (folder / "article.tex").write_text("mine, too")
        subprocess.run(
            [sys.executable, "-m", "repro", "export", "relu_at_zero", "--latex", folder],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=120,
        )
        assert (folder / "notes.txt").read_text() == "mine"
        assert (folder / "article.tex").read_text() == "mine, too"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        written.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert Path("relu_at_zero/mechanism.pdf") in written[0]


def test_a_wrong_name_is_refused_and_nothing_is_written(tmp_path):
    done = CliRunner().invoke(main, ["export", "four_layer", "--latex", str(tmp_path / "new")])
    assert done.exit_code == 2
    assert "no study or results folder is named 'four_layer'" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "studies",
    [["four_layers", "mnist_relu"], pytest.param(study_names(), marks=pytest.mark.slow)],
    ids=["some", "all"],
)
def test_macros_hold_what_the_tables_say_and_no_name_is_given_twice(studies):
    names = []
    for name in studies:
        runs, _, claims = tables(name)
        held = macros(load_study(name), runs, claims)
        names += held
        for row in claims.itertuples():
            _, tex = held[macro(name, "claim", row.claim, "estimate")]
            if math.isnan(row.estimate):
                assert tex == ABSENT
                continue
            rounding = max(0.005 * (row.ci_high - row.ci_low), 5e-3 * abs(row.estimate))
            assert abs(value_of(tex) - row.estimate) <= rounding * 1.0001, row.claim
            assert held[macro(name, "claim", row.claim, "verdict")][1] == row.verdict
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)


def value_of(tex):
    mantissa, exponent = re.fullmatch(
        r"(?:\\ensuremath\{)?(-?[\d.]+)(?:\\times10\^\{(-?\d+)\})?\}?", tex
    ).groups()
    return float(mantissa) * 10 ** int(exponent or 0)


def test_names_that_would_collide_are_an_error_that_names_both():
    study, (runs, _, claims) = made_up()
    label = study.variants["plain_2"].model_copy(update={"label": "the same"})
    twice = study.model_copy(update={"variants": study.variants | {"plain2": label}})
    with pytest.raises(StudyError, match=r"both made_up_1 / plain_2 .* and made_up_1 / plain2"):
        macros(twice, runs, claims)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("mnist_relu", "relu_raw", "test_accuracy"), "mnistReluReluRawTestAccuracy"),
        (("a", "rate_100th"), "aRateOneZeroZeroTh"),
        (("a", "100%"), "aOneZeroZeroPercentSign"),
        (("a", "x=-1"), "aXEqualsSignHyphenMinusOne"),
        (("a", "é"), "aLatinSmallLetterEWithAcute"),
    ],
)
def test_macro_names_are_letters(parts, name):
    assert macro(*parts) == name


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.939876, 0.939486, 0.940316, "0.939876"),  # the interval is 0.000830 wide
        (0.567747, 0.527457, 0.602914, "0.5677"),
        (-0.37213, -0.41399, -0.33696, r"\ensuremath{-0.3721}"),
        (123.232, 118.763, 127.437, "123.23"),
        (12347.0, 11000.0, 14000.0, "12350"),
        (-0.00001, -0.1, 0.1, "0.000"),
        (0.098, 0.098, 0.098, "0.098"),
        (1.0, 0.996, 1.0, "1.00000"),
        (2.3456e-16, 1e-16, 4e-16, r"\ensuremath{2.35\times10^{-16}}"),
        (0.0823843, 0.0823838, 0.0823846, "0.082384300"),
        (0.12345, math.nan, math.nan, "0.123"),
        (5.0, math.nan, math.nan, "5"),
        (math.nan, math.nan, math.nan, "--"),
        (math.inf, math.nan, math.nan, r"\ensuremath{\infty}"),
        (-math.inf, math.nan, math.nan, r"\ensuremath{-\infty}"),
    ],
)
def test_a_number_has_the_digits_that_its_interval_warrants(value, low, high, shown):
    assert number(value, places(low, high)) == shown


def test_p_values():
    assert p_value(0.0082) == r"\ensuremath{=0.0082}"
    assert p_value(0.0082, relation="") == r"\ensuremath{0.0082}"
    assert p_value(3e-300) == r"\ensuremath{<0.0001}"
    assert p_value(math.nan) == "--"


def test_lines_and_ligatures_do_not_change_a_text():
    assert escape("a\n\nb\tc") == "a b c"
    assert escape("a--b, c-d ''e") == r"a-{\kern0pt}-b, c-d '{\kern0pt}'e"
    assert escape("x\x07y") == "xy"
