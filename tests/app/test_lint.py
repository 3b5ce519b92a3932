"""Every study keeps every rule; each rule finds what breaks it, and says so in a line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from repro.app.cli.main import main
from repro.app.lint import (
    arms,
    code,
    estimands,
    forms,
    imports,
    lint,
    numbers,
    pages,
    results,
    sentences,
    study,
)
from repro.app.lint.lint import CHECKS, problems
from repro.app.lint.problem import Repository
from repro.app.lint.spoken import said_in_digits, said_in_words
from repro.study.folder import study_names
from repro.study.models import Claim, Grid
from repro.study.schema import load_study

ROOT = Path(__file__).parents[2]
NAME = "truth_table"
OTHERS = [check for check in CHECKS if check not in imports.CHECKS]  # these: test_walls.py
UNFORMATTED = "fmt:" + " skip"  # in two parts: tests keep this rule, too


@pytest.mark.long
@pytest.mark.parametrize("check", OTHERS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", study_names())
def test_every_study_keeps_every_rule(name, check):
    assert list(map(str, check(load_study(name), Repository(ROOT)))) == []


@pytest.fixture
def repository(tmp_path):
    """Return a repository that holds what belongs to one study, to be broken."""
    for folder in ("experiments", "repro", "tests", "results"):
        (tmp_path / folder).mkdir()
    for folder in ("repro", "tests", "results"):
        ignore = shutil.ignore_patterns("__pycache__", ".store*")
        shutil.copytree(ROOT / folder / NAME, tmp_path / folder / NAME, ignore=ignore)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "experiments" / f"{NAME}.toml", tmp_path / "experiments")
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Repository(tmp_path)


def changed(**fields):
    return load_study(NAME).model_copy(update=fields)


def said(check, repository, loaded=None):
    problems = list(map(str, check(loaded or load_study(NAME), repository)))
    assert all("\n" not in line for line in problems)
    return "\n".join(problems)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", b"\xff"),
        (f"docs/threads/{NAME}.md", b"\xff"),
        (f"tests/{NAME}/test_it.py", b"def ("),
    ],
)
def test_a_text_that_can_not_be_read_is_named(repository, name, content):
    (repository.root / name).write_bytes(content)
    assert said(code.texts_can_be_read, repository).startswith(f"{name}: can't be read: ")


NO_FILE = {
    "a named pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("kind", NO_FILE)
@pytest.mark.parametrize("name", ["README.md", f"tests/{NAME}/test_it.py"])
def test_a_text_that_is_no_file_is_named_and_not_waited_for(repository, name, kind):
    path = repository.root / name
    path.unlink(missing_ok=True)
    NO_FILE[kind](path)
    (only,) = problems(NAME, repository)
    assert str(only) == f"{name}: can't be read: is {kind}, not a file; mend that first"


def test_a_check_that_takes_too_long_is_told_and_the_others_go_on(repository, monkeypatch):
    def too_long(*_):
        yield subprocess.run(["sleep", "60"], timeout=0.01, check=False)

    monkeypatch.setattr(lint, "CHECKS", (too_long, code.tests_are_there))
    shutil.rmtree(repository.root / "tests" / NAME)
    slow, other = map(str, problems(NAME, repository))
    assert slow.startswith(f"repro/{NAME}: too_long could not be looked at (Command")
    assert "holds no test" in other


def test_a_ledger_of_any_bytes_is_another_than_that_of_the_tables(repository):
    (repository.results(NAME) / "README.md").write_bytes(b"\xff")
    assert "is not what the tables say" in said(results.ledger_is_that_of_the_tables, repository)


def test_a_study_without_claims_of_ours_or_the_threads_is_found(repository):
    found = said(study.thread_and_we_claim, repository, changed(claims={}))
    assert 'add one with made_by = "us"' in found
    assert 'add one with made_by = "question"' in found


def test_a_thread_that_is_not_told_is_found(repository):
    thread = load_study(NAME).thread.model_copy(update={"licence": " "})
    found = said(study.thread_is_told, repository, changed(thread=thread))
    assert 'thread.licence is empty; say it, or "not stated"' in found


def test_a_number_that_only_the_prose_has_is_found(repository):
    report = load_study(NAME).report.model_copy(update={"answer": "It takes 12,345 steps."})
    found = said(study.prose_has_no_new_number, repository, changed(report=report))
    assert "12,345 is in no title, label or claim; cite a claim" in found


def test_names_that_are_one_in_latex_are_found(repository):
    variant = load_study(NAME).variants["relu_true"]
    variants = {"relu_true": variant, "reluTrue": variant}
    found = said(study.names_differ_in_latex, repository, changed(variants=variants))
    assert "relu_true / mean_abs_error and truth_table / reluTrue" in found


def test_a_study_that_no_work_names_is_found(repository):
    found = said(study.work_stands_behind, repository, changed(name="nobody"))
    assert "no work names nobody; add the name" in found


def test_walls_that_are_climbed_are_found(repository):
    folder = repository.root / "repro" / NAME
    for name, line in (
        ("engine", "from repro.findings.verdicts import judge"),
        ("posted", "import pandas"),
        ("loop", "from repro.truth_table.posted import X"),
    ):
        with (folder / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    assert "engine.py: imports repro.findings;" in said(imports.thread_keeps_its_walls, repository)
    posted = said(imports.posted_code_needs_numpy_alone, repository)
    assert "posted.py: imports pandas; posted code imports numpy alone" in posted
    loop = said(imports.compiled_loop_stands_in_one_file, repository)
    assert "loop.py: imports repro.truth_table.posted;" in loop


@pytest.mark.parametrize("name", ["importlib.import_module('repro.data')", "eval('1')"])
def test_an_import_that_identity_can_not_follow_is_found(repository, name):
    path = repository.root / "repro" / NAME / "engine.py"
    path.write_text(f"import importlib\n\nRATE = {name}\n", encoding="utf-8")
    found = said(imports.imports_are_statements, repository)
    assert found.startswith(f"repro/{NAME}/engine.py:3: calls ")


def test_an_import_that_takes_long_is_found(tmp_path):
    (tmp_path / "slow.py").write_text("import numba\n")
    assert imports.heavy_imports("slow", tmp_path) == ["numba"]
    (tmp_path / "quick.py").write_text("import json\n")
    assert imports.heavy_imports("quick", tmp_path) == []


def test_a_mark_that_is_left_is_found_with_its_line(repository):
    page = repository.page(NAME)
    page.write_text("# Title\n\nTODO: say more\n", encoding="utf-8")
    assert said(code.no_mark_is_left, repository) == (
        f"docs/threads/{NAME}.md:3: has the mark TODO; fill it in and delete the mark"
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("given = 1\n", "the name 'given' says nothing by itself"),
        ("print_all(1, 2, 3, 4, 5)\n", "print_all is called with 5 positional arguments"),
        ("def long():\n" + "    x = 1\n" * 40, "long has 41 lines without its docstring"),
        ('"""Who is there."""\n', "the docstring begins with 'Who'"),
        (f"x = 1  # {UNFORMATTED}\n", f"has '{UNFORMATTED}'"),
    ],
)
def test_style_that_is_not_the_houses_is_found(repository, text, mistake):
    (repository.root / "repro" / NAME / "more.py").write_text(text, encoding="utf-8")
    assert f"repro/{NAME}/more.py:1: {mistake}" in said(code.style_is_that_of_the_house, repository)


def test_what_ruff_finds_is_passed_on(repository):
    pytest.importorskip("ruff")
    path = repository.root / "repro" / NAME / "more.py"
    path.write_text("import os\nx = {  }\n", encoding="utf-8")
    found = said(code.ruff_finds_nothing, repository)
    assert "F401" in found
    assert "run python -m ruff format" in found


def test_a_thread_without_tests_is_found(repository):
    shutil.rmtree(repository.root / "tests" / NAME)
    assert "holds no test; write one" in said(code.tests_are_there, repository)


def test_pages_that_lack_the_study_are_found(repository):
    repository.page(NAME).unlink()
    for name in ("README.md", "docs/supply-chain.md"):
        (repository.root / name).write_text("", encoding="utf-8")
    found = said(pages.page_is_there_and_linked, repository)
    assert f"docs/threads/{NAME}.md: is not there" in found
    assert f"has no link to docs/threads/{NAME}.md" in found
    assert f"add the row: | the thread of `{NAME}` | CC BY-SA 3.0 |" in said(
        pages.licence_is_listed, repository
    )


def test_results_of_another_study_are_found(repository):
    more = changed(seeds=1001)
    assert "has not the runs that the study has" in said(
        results.tables_are_of_the_study, repository, more
    )
    fewer = changed(claims=dict(list(load_study(NAME).claims.items())[1:]))
    assert f"run python -m repro verdicts {NAME}" in said(
        results.tables_are_of_the_study, repository, fewer
    )
    (repository.results(NAME) / "mechanism.png").unlink()
    assert "mechanism.png: is not there; run python -m repro figures" in said(
        results.figures_are_there, repository
    )
    (repository.results(NAME) / "claims.csv").unlink()
    assert "claims.csv: is not there; run" in said(results.tables_are_of_the_study, repository)


def test_the_command_says_what_it_found_by_its_status(repository):
    result = CliRunner().invoke(main, ["lint", "truth_tabel"])
    assert result.exit_code == 2
    assert "no study is named 'truth_tabel'" in result.output


def test_a_study_that_can_not_be_read_is_said_to_be_that(tmp_path):
    for folder in ("repro", "experiments", "docs"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    path = tmp_path / "experiments" / f"{NAME}.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('metric = "mean_abs_error"', 'metric = "error"', 1))
    done = subprocess.run(
        [sys.executable, "-m", "repro", "lint", NAME],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert f"experiments/{NAME}.toml: metric: no metric is named 'error'" in done.stdout
    assert "mend that first" in done.stdout


def asking(**fields):
    """Return the study with one claim, about the share of its runs or a mean of theirs."""
    described = {
        "made_by": "us",
        "says": "It is so.",
        "test": "above",
        "variant": "relu_true",
        "metric": "learned",
        "bound": 0.5,
    }
    return changed(claims={"it": Claim(**described | fields)})


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"bound": 1.0}, "claims.it: can't hold: 0 to 1 is possible, above 1 is needed"),
        ({"test": "below", "bound": 2.0}, "can't be refuted: all that is possible, 0 to 1"),
        (
            {"test": "less", "reference": "relu_true", "variant": "sigmoid_posted", "bound": -0.1},
            "can't hold beside 0: 0 to 1 is possible, below -0.1 is needed",
        ),
        (
            {"test": "greater", "reference": "relu_posted", "bound": 0.0},
            "its two variants give one number in every pair of runs",
        ),
        ({"share_above": 0.5, "bound": 0.99999}, "1000 runs can't make it hold, even if all"),
        ({"fixed_after": "0:1000"}, "no run is left to judge it on"),
    ],
)
def test_a_claim_whose_answer_is_fixed_is_found(repository, fields, wrong):
    found = said(estimands.claims_ask_what_is_open, repository, asking(**fields))
    assert f"{wrong}" in found
    assert "ask what the runs can answer" in found


def test_a_claim_that_is_open_passes(repository):
    assert not said(estimands.claims_ask_what_is_open, repository, asking())


def edit_runs(repository, change):
    path = repository.results(NAME) / "runs.csv"
    runs = pd.read_csv(path, low_memory=False)  # a column has one type, however long it is
    change(runs)
    runs.to_csv(path, index=False)


def test_a_metric_that_never_moves_is_found(repository):
    edit_runs(repository, lambda runs: runs.insert(0, "learned", runs.pop("learned") * 0.0))
    found = said(estimands.claims_ask_what_is_open, repository, asking())
    assert "learned has one value in all runs of the study" in found


def test_a_reference_that_never_moves_is_found(repository):
    def stop(runs):
        runs.loc[runs.variant == "sigmoid_posted", "mean_abs_error"] = 1 / 12

    edit_runs(repository, stop)
    fields = {"test": "less", "reference": "sigmoid_posted", "metric": "mean_abs_error"}
    found = said(estimands.claims_ask_what_is_open, repository, asking(**fields, bound=0.0))
    assert "its reference is 0.08333 in all runs" in found


def test_a_result_of_a_diverged_run_is_found(repository):
    def diverge(runs):
        runs.loc[(runs.variant == "relu_true") & (runs.seed == 3), "status"] = "diverged"

    edit_runs(repository, diverge)
    found = said(estimands.diverged_runs_have_no_result, repository)
    assert "relu_true, seed 3, diverged and has mean_abs_error" in found


def test_a_finding_without_evidence_is_found(repository):
    page = repository.page(NAME)
    *_, claim = load_study(NAME).claims
    page.write_text(
        f"# A page\n\n## What was found\n\n- **It works.** In 9 of 10 runs (`{claim}`). Seen in\n"
        "  `relu_true.learned`. All others fail, see `nothing`.\n\n## Assumed\n\nNothing.\n"
    )
    found = said(pages.findings_name_their_evidence, repository)
    assert found.startswith(f"docs/threads/{NAME}.md: names no evidence: All others fail, see")
    assert "end it with a claim's id or a measurement" in found
    assert "\n" not in found


def test_a_sentence_of_the_readmes_answer_without_evidence_is_found(repository):
    assert said(pages.answer_names_its_evidence, repository) == ""
    path = repository.root / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(" (`floor_relu_output`)", ""), encoding="utf-8")
    found = said(pages.answer_names_its_evidence, repository)
    assert found.startswith("README.md: names no evidence: Without biases its")
    assert found.count("\n") == 0


def test_a_sentence_of_the_report_without_evidence_is_found(repository):
    report = load_study(NAME).report.model_copy(update={"answer": "It is the rate."})
    found = said(pages.report_names_its_evidence, repository, changed(report=report))
    assert "report: cites no claim: It is the rate.; cite one that says it" in found


def comparing(**fields):
    """Return the study with one claim, about two variants that differ in two parameters."""
    described = {
        "made_by": "us",
        "says": "ReLU everywhere and the right gradient beat sigmoid everywhere.",
        "test": "less",
        "variant": "relu_posted",
        "reference": "sigmoid_posted",
        "metric": "mean_abs_error",
    }
    return changed(claims={"it": Claim(**described | fields)})


BOTH = {"hidden_activation": "ReLU everywhere", "output_activation": "ReLU everywhere"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"changes": {"hidden_activation": "ReLU"}}, "its variants differ in output_activation"),
        ({"changes": BOTH | {"bias": "ReLU"}}, "changes has bias, which is no second difference"),
        ({"changes": BOTH | {"output_activation": "linear"}}, 'says nowhere "linear" for output_'),
        ({"variant": "relu_true", "changes": BOTH}, "its variants differ in backpropagation, too"),
        ({"variant": "sigmoid_bias", "changes": {"bias": "ReLU"}}, "changes has bias"),
    ],
)
def test_a_difference_that_a_claim_does_not_say_is_found(repository, fields, wrong):
    assert f"claims.it: {wrong}" in said(
        arms.every_difference_is_said, repository, comparing(**fields)
    )


def test_a_claim_that_says_all_differences_passes(repository):
    for fields in (
        {"changes": BOTH},
        {"variant": "relu_true", "changes": BOTH | {"backpropagation": "the right gradient"}},
        {"variant": "sigmoid_bias"},
    ):
        assert not said(arms.every_difference_is_said, repository, comparing(**fields))


def at_the_best_rate(seeds):
    """Return the study with a claim on two arms at their best rates, and a grid of one of them."""
    best = comparing(says="At the best rate of each it is lower.", variant="relu_rate_0_1")
    of_the_arm = load_study(NAME).variants["relu_rate_0_1"].parameters
    grid = Grid(seeds=seeds, parameters=of_the_arm, vary={"learning_rate": (1.0, 0.1, 0.01)})
    return best.model_copy(update={"grids": {"rates": grid}})


def test_a_best_rate_that_no_grid_was_searched_for_is_found(repository):
    found = said(arms.best_rates_were_found, repository, at_the_best_rate("5000:5002"))
    assert 'says "best rate", and no grid has the rates that sigmoid_posted was chosen' in found
    assert found.count("\n") == 0
    found = said(arms.best_rates_were_found, repository, at_the_best_rate("999:1001"))
    assert "no grid has the rates that relu_rate_0_1 was chosen from" in found  # judged on 999


def test_a_best_rate_that_another_one_beats_is_found(repository):
    runs = pd.read_csv(repository.results(NAME) / "runs.csv", low_memory=False)
    two = runs[runs.variant == "relu_rate_0_1"][:2]
    cells = [
        two.assign(variant=f"rates@learning_rate={rate}", mean_abs_error=error)
        for rate, error in ((1.0, 0.3), (0.1, 0.2), (0.01, 0.1))
    ]
    pd.concat([runs, *cells]).to_csv(repository.results(NAME) / "runs.csv", index=False)
    found = said(arms.best_rates_were_found, repository, at_the_best_rate("5000:5002"))
    assert 'says "best rate", and 0.01 does better than relu_rate_0_1 in a grid' in found


def test_two_tolerances_of_one_metric_are_found(repository):
    number = {"test": "within", "reference": None, "target": 0.1}
    claims = {
        key: comparing(**number, bound=bound).claims["it"]
        for key, bound in (("a", 0.01), ("b", 0.01), ("c", 0.02))
    }
    found = said(arms.one_tolerance_a_metric, repository, changed(claims=claims))
    assert found.count("\n") == 0
    assert "claims.c: allows 0.02 of mean_abs_error, another claim 0.01; give both one" in found


def other_test(**fields):
    """Return the study with a claim changed that is judged on 1,000 seeds."""
    claims = load_study(NAME).claims
    claim = claims["relu_dies_at_once"].model_copy(update=fields)
    return changed(claims=claims | {"relu_dies_at_once": claim})


@pytest.mark.parametrize(
    "fields",
    [{"bound": 0.9}, {"metric": "learned"}, {"share_above": 0.5}, {"test": "below"}],
    ids=str,
)
def test_a_bound_that_moved_after_a_look_is_found(repository, fields):
    """Without a history the tables say what was claimed."""
    found = said(forms.changed_claims_have_fresh_seeds, repository, other_test(**fields))
    assert "claims.relu_dies_at_once: its test was another one, where seeds 0 to 999" in found
    assert 'name these in fixed_after ("0:1000"), and run others' in found
    fresh = other_test(**fields, fixed_after="0:1000")
    assert said(forms.changed_claims_have_fresh_seeds, repository, fresh) == ""


def test_other_words_and_variants_that_are_new_are_no_look(repository):
    for fields in ({"says": "It dies."}, {"variant": "relu_of_tomorrow"}):
        assert not said(forms.changed_claims_have_fresh_seeds, repository, other_test(**fields))


def test_a_cell_whose_parameter_has_another_name_now_is_no_other_test(repository):
    path, variant = repository.results(NAME) / "claims.csv", "relu_posted"
    claims = pd.read_csv(path)
    claims.loc[claims.claim == "relu_dies_at_once", "variant"] = f"{variant}@width=2,rate=1"
    claims.to_csv(path, index=False)
    study = other_test(variant=f"{variant}@units=2,rate=1")
    assert said(forms.changed_claims_have_fresh_seeds, repository, study)
    study = study.model_copy(update={"renamed": {"width": "units"}})
    assert said(forms.changed_claims_have_fresh_seeds, repository, study) == ""


def test_a_bound_that_moved_commits_ago_is_found(repository):
    def git(*arguments):
        author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *author, *arguments], cwd=repository.root, check=True)

    git("init", "-q")
    git("add", "experiments", "results")
    git("commit", "-q", "-m", "First")
    path = repository.results(NAME) / "claims.csv"
    claims = pd.read_csv(path)
    claims.loc[claims.claim == "relu_dies_at_once", "bound"] = 0.9
    claims.to_csv(path, index=False)
    git("commit", "-q", "-a", "-m", "Second")
    found = said(forms.changed_claims_have_fresh_seeds, repository, other_test(bound=0.9))
    assert "its test was another one in " in found


def test_a_margin_that_nothing_could_leave_is_found(repository):
    """Sigmoid's errors are below 0.0011, with and without biases."""
    fields = {"variant": "sigmoid_bias", "reference": "sigmoid_posted", "metric": "mean_abs_error"}
    wide = asking(**fields, test="equivalent", bound=0.01)
    found = said(estimands.claims_ask_what_is_open, repository, wide)
    assert "its margin, 0.01, is wider than any number of its variants" in found
    narrow = asking(**fields, test="equivalent", bound=0.0001)
    assert said(estimands.claims_ask_what_is_open, repository, narrow) == ""


def test_an_open_claim_that_no_count_could_decide_is_found(repository):
    """A claim on a flag, whose few fresh runs leave it open among the others that are."""
    few = {"test": "below", "metric": "learned", "bound": 0.05, "fixed_after": "0:920"}
    assert said(estimands.claims_ask_what_is_open, repository, asking(**few)) == ""  # it alone
    claims = repository.results(NAME) / "claims.csv"
    table = pd.read_csv(claims)
    table.loc[:2, "verdict"] = "inconclusive"
    table.to_csv(claims, index=False)
    found = said(estimands.claims_ask_what_is_open, repository, asking(**few))
    assert "claims.it: 80 runs can't make it hold, even if all agree" in found
    more = few | {"fixed_after": "0:500"}
    assert said(estimands.claims_ask_what_is_open, repository, asking(**more)) == ""


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"bound": 0.95}, "0.95, its bound"),
        ({"bound": 0.05, "says": "It is so in 6 % of the runs."}, "0.05, its bound"),
        ({"metric": "mean_abs_error", "share_below": 0.3}, "0.3, its limit"),
        ({"test": "within", "target": 0.1, "bound": 0.05, "says": "5 %."}, "0.1, its target"),
        ({"published": (3, 4), "test": "within", "says": "50 %."}, "0.75, its published share"),
        ({"test": "recovers", "reference": "relu_bias", "bound": 0.02}, "0.02, its bound"),
        ({"test": "greater", "reference": "relu_bias", "bound": 0.5}, "0.5, its bound"),
        ({"metric": "mean_abs_error"}, "0.5, its bound"),
    ],
)
def test_a_number_of_the_test_that_the_sentence_keeps_back_is_found(repository, fields, wrong):
    found = said(sentences.sentences_say_their_numbers, repository, asking(**fields))
    assert f"claims.it: its sentence does not say {wrong}; say it" in found


@pytest.mark.parametrize(
    ("sentence", "fields"),
    [
        ("Most runs learn.", {}),
        ("It learns.", {"bound": 0.5}),
        ("With nearly every seed it learns.", {"bound": 0.95}),
        ("More than one seed in twenty learns.", {"bound": 0.05}),
        ("Its error is 0.10, within 5 points.", {"test": "within", "target": 0.1, "bound": 0.05}),
        ("It is lower.", {"test": "less", "reference": "relu_bias", "bound": 0.0}),
    ],
)
def test_a_sentence_that_says_its_numbers_passes(repository, sentence, fields):
    claim = asking(says=sentence, **fields)
    assert said(sentences.sentences_say_their_numbers, repository, claim) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("93.4 %", 0.934),
        ("2 points", 0.02),
        ("x65,025", None),
        ("65,025 times", 65025),
        ("1e-9", 1e-9),
        ("below 1/6", 1 / 6),
        ("half a point", 0.005),
        ("by more than a point", 0.01),
        ("two thirds of them", 2 / 3),
        ("a ten-thousandth", 1e-4),
        ("nine in ten of them", 0.9),
        ("nineteen of twenty runs", 0.95),
        ("one input in a thousand", 0.001),
        ("every fifth run", 0.2),
        ("16-bit numbers of 2024", 2024),
    ],
)
def test_numbers_are_read_as_they_are_said(text, number):
    values = [one.value for one in (*said_in_digits(text), *said_in_words(text))]
    assert values == ([] if number is None else [pytest.approx(number)])


def test_a_decided_claim_that_could_come_out_in_one_way_only_is_found(repository):
    """12 runs refute that at most one in twenty learns, and could never have shown it."""
    few = {"test": "below", "metric": "learned", "bound": 0.05, "fixed_after": "0:988"}
    found = said(estimands.claims_ask_what_is_open, repository, asking(**few))
    assert "claims.it: 12 runs can't make it hold, even if all agree" in found


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("So do biases alone.", "So do"),
        ("It does not learn.", "It"),
        ("With biases, too, it learns.", "too"),
        ("At this rate the same scaling hurts.", "the same scaling"),
        ("So many units are enough.", None),
        ("Itself it learns the same number.", None),
    ],
)
def test_a_sentence_that_leans_on_another_one_is_found(repository, sentence, words):
    found = said(sentences.sentences_stand_alone, repository, asking(says=sentence))
    assert found == "" if words is None else f'leans on another one: "{words}"' in found


def test_no_worse_without_a_margin_is_found(repository):
    words = {"says": "It does no worse.", "test": "less", "reference": "relu_bias"}
    found = said(sentences.no_worse_is_within_a_margin, repository, asking(**words))
    assert "claims.it: says \"no worse\", and its test 'less' asks for a difference" in found
    margin = asking(**words | {"test": "recovers"})
    assert said(sentences.no_worse_is_within_a_margin, repository, margin) == ""


def test_an_open_claim_that_prose_takes_for_decided_is_found(repository):
    def report(answer):
        return changed(report=load_study(NAME).report.model_copy(update={"answer": answer}))

    found = said(pages.open_claims_are_said_to_be_open, repository, report("So it is [it holds]."))
    assert found == ""
    lacking = report("So it is [it inconclusive].")
    found = said(pages.open_claims_are_said_to_be_open, repository, lacking)
    assert f"experiments/{NAME}.toml: leans on an open claim: So it is [it inconclusive]." in found
    undecided = report("Whether it is so stays open [it inconclusive].")
    assert said(pages.open_claims_are_said_to_be_open, repository, undecided) == ""


def test_an_open_claim_that_a_page_takes_for_decided_is_found(repository):
    table = pd.read_csv(repository.results(NAME) / "claims.csv")
    table.loc[table.claim == "relu_dies_at_once", "verdict"] = "inconclusive"
    table.to_csv(repository.results(NAME) / "claims.csv", index=False)
    found = said(pages.open_claims_are_said_to_be_open, repository)
    assert f"docs/threads/{NAME}.md: leans on an open claim: **At rate 1 the posted" in found


def test_a_number_that_the_evidence_has_not_is_found(repository):
    page = repository.page(NAME)
    text = page.read_text(encoding="utf-8")
    assert "With the right gradient it is 64.7 and 66.4 %" in text
    page.write_text(text.replace("64.7 and 66.4 %", "64.7 and 66.9 %"), encoding="utf-8")
    found = said(numbers.sentences_say_what_the_tables_have, repository)
    assert found.startswith(f"docs/threads/{NAME}.md: 66.9 % is no number of relu_true.constant")
    assert found.endswith("correct it, or name the claim or the measurement that has it")
    assert found.count("\n") == 0


def test_a_number_of_the_readmes_answer_that_its_evidence_has_not_is_found(repository):
    readme = repository.root / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(text.replace("99.6 %", "98.6 %"), encoding="utf-8")
    found = said(numbers.sentences_say_what_the_tables_have, repository)
    assert found.startswith("README.md: 98.6 % is no number of sigmoid_output_bias_learns")


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("| 0.436 |", "| 0.463 |", "0.463 is no number of relu_true."),
        ("0.00071–0.00101", "0.00071–0.00111", "0.00111 is no number of sigmoid_posted."),
        ("of 2,000 seeds (`sig", "of 2,100 seeds (`sig", "2,100 is no number of sigmoid_r"),
    ],
    ids=["a cell", "the end of a span", "another section"],
)
def test_a_number_outside_the_findings_is_held_to_what_is_named(repository, old, new, wrong):
    page = repository.page(NAME)
    text = page.read_text(encoding="utf-8")
    assert text.count(old) == 1
    page.write_text(text.replace(old, new), encoding="utf-8")
    found = said(numbers.sentences_say_what_the_tables_have, repository)
    assert found.startswith(f"docs/threads/{NAME}.md: {wrong}")
    assert found.count("\n") == 0


def with_finding(repository, sentence):
    page = repository.page(NAME)
    head, heading, rest = page.read_text(encoding="utf-8").partition("\n## What was found\n")
    page.write_text(f"{head}{heading}\n- {sentence}\n{rest}", encoding="utf-8")


def test_a_decided_claim_that_a_page_calls_open_is_found(repository):
    check = pages.claims_said_to_be_open_are
    assert said(check, repository) == ""
    with_finding(repository, "Whether it stays dead is undecided (`relu_stays_dead`).")
    found = said(check, repository)
    assert f"docs/threads/{NAME}.md: calls a decided claim open: Whether it stays dead" in found
    table = repository.results(NAME) / "claims.csv"
    claims = pd.read_csv(table)
    claims.loc[claims.claim == "relu_stays_dead", "verdict"] = "inconclusive"
    claims.to_csv(table, index=False)
    assert said(check, repository) == ""


@pytest.mark.parametrize("whom", ["every run", "all networks", "no seed"])
def test_what_is_said_of_all_runs_and_true_of_most_is_found(repository, whom):
    check = numbers.sentences_say_what_the_tables_have
    with_finding(repository, f"It does so in {whom} (`floor_relu_output`).")
    assert said(check, repository) == ""
    with_finding(repository, f"It dies at once in {whom} (`relu_dies_at_once`).")
    found = said(check, repository)
    assert found.startswith(f'docs/threads/{NAME}.md: "{whom}" is said of relu_dies_at_once,')
    assert found.count("\n") == 0
