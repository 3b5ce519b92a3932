"""What is cited: valid, complete, in step with the package; of a thread only what it states."""

import re
import subprocess
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cffconvert import Citation
from click.testing import CliRunner

import repro
from repro.app.cli.main import main
from repro.findings.citation import bibtex, package_reference, plain, references, thread_reference
from repro.findings.judged import read_judged
from repro.findings.sentence import sentence
from repro.study.folder import RESULTS, study_names
from repro.study.schema import load_study

ROOT = Path(__file__).parents[2]
CFF = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
STUDIES = [load_study(name) for name in study_names()]


def cite(*arguments):
    return CliRunner().invoke(main, ["cite", *arguments])


def test_the_citation_file_is_valid():
    Citation(CFF).validate()
    with pytest.raises(Exception, match="title"):
        Citation(re.sub("^title.*\n", "", CFF, flags=re.M)).validate()


def test_the_citation_file_says_what_the_package_says():
    cff = Citation(CFF).cffobj
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = package_reference()
    assert cff["version"] == repro.__version__ == project["version"]
    assert f"Version {repro.__version__}" in package.note
    assert cff["license"] == project["license"]
    assert cff["title"] == package.title
    assert cff["keywords"] == project["keywords"]
    (author,) = cff["authors"]
    assert package.author == (f"{{{author['name']}}}",)
    copyright_line = f"Copyright (c) {package.year} {author['name']}"
    assert copyright_line in (ROOT / "LICENSE").read_text(encoding="utf-8")
    threads = {f"Thread of {s.name}": s.thread.link for s in STUDIES}
    urls = {name: url for name, url in project["urls"].items() if name.startswith("Thread of ")}
    assert urls
    assert urls.items() <= threads.items()


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_thread_is_cited_with_what_it_states_and_what_it_does_not(study):
    text = plain(thread_reference(study))
    assert study.thread.title in text
    not_stated = re.search(r"Not stated: ([a-z, ]+)", text)
    missing = not_stated[1].split(", ") if not_stated else []
    assert ("link" in missing) == (study.thread.link == "")
    assert ("licence" in missing) == (study.thread.licence == "not stated")
    assert ("date" in missing) == (study.thread.date is None)
    assert f"Document {study.thread.source}" in text


def test_a_thread_that_states_more_is_cited_with_more():
    (study,) = (study for study in STUDIES if study.name == "relu_at_zero")
    thread = study.thread.model_copy(update={"link": "https://example.org", "licence": "CC BY 4.0"})
    text = plain(thread_reference(study.model_copy(update={"thread": thread})))
    assert "https://example.org" in text
    assert "Licence: CC BY 4.0" in text
    assert "Not stated: author." in text


HOSTILE = r"} } { \input{/etc/passwd} \end{thebibliography} 100 % & $x$ ~ ^ _ #1 }"


def test_a_threads_words_are_text_in_bibtex(tmp_path, need):
    program = need("bibtex")
    (study,) = (study for study in STUDIES if study.name == "relu_at_zero")
    words = {"title": HOSTILE, "people": (HOSTILE,), "licence": HOSTILE, "source": HOSTILE}
    study = study.model_copy(update={"thread": study.thread.model_copy(update=words)})
    entries = references([study])
    read = read_by_bibtex(program, entries, "plain", tmp_path)
    assert read.returncode == 0, read.stdout
    cited = (tmp_path / "all.bbl").read_text(encoding="utf-8")
    assert cited.count("\\bibitem") == len(entries)
    assert "\\input" not in cited
    assert cited.count("\\end{thebibliography}") == 1
    assert cited.count("{") == cited.count("}")


def test_names_restrict_what_is_printed():
    printed = cite("mnist_relu", "--format", "bibtex").output
    keys = re.findall(r"^@[a-z]+\{(\w+),$", printed, flags=re.M)
    assert {"repro_relu", "thread_mnist_relu", "lecun1998efficient", "holm1979simple"} <= set(keys)
    assert not {"thread_truth_table", "bertoin2021numerical"} & set(keys)
    assert "thread_truth_table" in cite("--format", "bibtex").output


def test_text_and_bibtex_are_printed_unless_one_is_asked_for():
    both = cite("add_numbers").output
    assert cite("add_numbers", "--format", "text").output in both
    assert cite("add_numbers", "--format", "bibtex").output in both
    assert "@misc" not in cite("add_numbers", "--format", "text").output


def test_chinese_titles_are_noted_where_there_are_some():
    note = "Titles in Chinese"
    assert note in cite("--format", "bibtex").output
    assert note not in cite("mnist_relu", "--format", "bibtex").output


def test_a_name_that_is_no_study_is_refused():
    result = cite("mnist")
    assert result.exit_code == 2
    assert "no study is named 'mnist'" in result.output


def test_works_name_studies_that_exist():
    named = [set(work.studies) for work in references(STUDIES).values()]
    assert set().union(*named) <= set(study_names())


def read_by_bibtex(program, entries, style, folder):
    blocks = "\n\n".join(bibtex(key, entry) for key, entry in entries.items())
    (folder / "all.bib").write_text(blocks, encoding="utf-8")
    aux = f"\\citation{{*}}\n\\bibstyle{{{style}}}\n\\bibdata{{all}}\n"
    (folder / "all.aux").write_text(aux, encoding="utf-8")
    return subprocess.run([program, "all"], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("style", ["plain", "abbrv"])
def test_bibtex_reads_every_entry_without_a_warning(style, tmp_path, need):
    program = need("bibtex")
    entries = references(STUDIES)
    read = read_by_bibtex(program, entries, style, tmp_path)
    unavoidable = {  # works whose year is not known
        line for line in read.stdout.splitlines() if "empty year in lecun_mnist" in line
    }
    warnings = {line for line in read.stdout.splitlines() if line.startswith("Warning")}
    assert read.returncode == 0, read.stdout
    assert warnings <= unavoidable
    cited = (tmp_path / "all.bbl").read_text(encoding="utf-8").count("\\bibitem")
    assert cited == len(entries)


@cache
def committed(name):
    return read_judged(load_study(name), RESULTS / name, anyway=True)


@pytest.mark.long
@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_cited_number_is_a_sentence_with_all_that_belongs_to_it(study):
    results = committed(study.name)
    runs = results.runs.groupby("variant")["seed"].nunique()
    for name in [*study.variants, *results.claims.claim]:
        said = sentence(study, name, results)
        assert "\N{NO-BREAK SPACE}" not in said
        assert said.count(f"; {results.provenance.package}, study {study.name}, code ") == 1
        assert re.search(r"[\d,]+ (seeds|runs); |\(all [\d,]+ (diverged|crashed); ", said), said
        limits = re.search(r"interval (\S+) … (\S+)( %| points)?[;)]", said)
        assert limits is None or limits[1] != limits[2], said
        if name in study.variants:
            assert f"{runs[name]:,}" in said or "diverged" in said


@pytest.mark.parametrize(
    ("study", "name", "says"),
    [
        ("mnist_relu", "relu_raw", r"test accuracy of “ReLU, raw pixels” is [\d.]+ % on average"),
        ("mnist_relu", "units_die_in_twelve_steps", r"holds \(estimate [\d.]+ %; 95 % interval"),
        ("relu_at_zero", "integers_one", r"Of the runs of “integers, 1”, [\d.]+ % have “differs”"),
        ("truth_table", "sigmoid_verbatim", r"has no mean abs error \(all [\d,]+ crashed; "),
    ],
)
def test_a_cited_number_has_its_unit(study, name, says):
    assert re.search(says, sentence(load_study(study), name, committed(study)))


def test_few_seeds_are_cited_with_their_extremes():
    study, results = load_study("mnist_relu"), committed("mnist_relu")
    runs = results.runs[(results.runs.variant == "relu_raw") & (results.runs.seed < 3)]
    said = sentence(study, "relu_raw", replace(results, runs=runs))
    assert "(least and greatest " in said
    assert "; 3 seeds; " in said
