"""Any valid study reads back as written; any mutation of one is refused, its key named."""

import re

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.app.cli import main as cli
from repro.app.cli.main import main, study_command
from repro.study import folder, schema
from repro.study.errors import StudyError
from repro.study.folder import read_tables, studies_folder
from repro.study.schema import read_study

SOUND = (studies_folder() / "mnist_relu.toml").read_text(encoding="utf-8")
unhurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

shown = st.characters(blacklist_categories=["Cs", "Cc", "Cf", "Zl", "Zp"])
labels = st.text(shown, min_size=1, max_size=34).filter(str.strip)
words = st.text(shown, max_size=40)
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
METRICS = ("test_accuracy", "train_loss", "dead_fraction")


@st.composite
def studies(draw):
    """A study of mnist_relu as nested dictionaries."""
    variants = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    activation = st.sampled_from(["relu", "sigmoid", "tanh"])
    scale = st.sampled_from([1.0, 0.5, "1/255"])
    variant = st.fixed_dictionaries(
        {"label": labels, "group": st.just("as posted")},
        optional={
            "quoted": st.floats(0, 1) | st.lists(st.floats(0, 1), max_size=3),
            "seeds": st.integers(1, 9),
            "parameters": st.fixed_dictionaries(
                {}, optional={"hidden_activation": activation, "input_scale": scale}
            ),
        },
    )
    claim = st.fixed_dictionaries(
        {
            "made_by": st.sampled_from(["question", "answer", "comment", "us"]),
            "says": words,
            "test": st.sampled_from(["above", "below"]),
            "variant": st.sampled_from(variants),
            "metric": st.sampled_from(METRICS),
            "bound": st.floats(allow_nan=False, allow_infinity=False),
        }
    )
    return {
        "name": "mnist_relu",
        "title": draw(words),
        "question": draw(words),
        "seeds": draw(st.integers(1, 100_000)),
        "metric": draw(st.sampled_from(METRICS)),
        "better": draw(st.sampled_from(["higher", "lower"])),
        "thread": {"title": draw(words), "language": "pt", "source": "002", "licence": "CC"},
        "fixed": {"epochs": draw(st.integers(1, 50))},
        "variants": {name: draw(variant) for name in variants},
        "claims": draw(st.dictionaries(names, claim, max_size=2)),
    }


def toml(value):
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + re.sub(r"[^ !#-\[\]-~]", lambda c: f"\\U{ord(c[0]):08x}", value) + '"'
    return repr(value)


def read(directory, content):
    path = directory / "mnist_relu.toml"
    text = "\n".join(f"{toml(key)} = {toml(value)}" for key, value in content.items())
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def has(model, content):
    """Whether a model, or a value of one, holds what the content says."""
    if isinstance(content, dict):
        of = model if isinstance(model, dict) else vars(model)
        return all(has(of[key], value) for key, value in content.items())
    return list(model) == content if isinstance(content, list) else model == content


@given(content=studies())
@unhurried
def test_a_valid_study_reads_back_as_written(tmp_path, content):
    assert has(read(tmp_path, content), content)


def paths(content, *above):
    """Yield the path of every key."""
    for key, value in content.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, *above, key)


OTHER_TYPE = {str: [7, True, {}], int: ["7", 7.5, True, []], float: ["7", True, {}], dict: [7, "x"]}


@given(content=studies(), data=st.data())
@unhurried
def test_a_value_of_another_type_is_refused_by_its_key(tmp_path, content, data):
    path = data.draw(st.sampled_from(list(paths(content))))
    *above, key = path
    parent = content
    for step in above:
        parent = parent[step]
    kind = type(parent[key])
    if kind is list or "parameters" in above or key == "input_scale":
        return
    parent[key] = data.draw(st.sampled_from(OTHER_TYPE[kind]))
    with pytest.raises(StudyError, match=rf"mnist_relu\.toml: .*{re.escape(key)}"):
        read(tmp_path, content)


@given(content=studies(), data=st.data(), key=names.filter(lambda name: len(name) > 9))
@unhurried
def test_an_unknown_key_is_refused_by_its_name(tmp_path, content, data, key):
    tables = [(), ("thread",), ("fixed",), *(("variants", name) for name in content["variants"])]
    parent = content
    for step in data.draw(st.sampled_from(tables)):
        parent = parent[step]
    parent[key] = 1
    with pytest.raises(StudyError, match=rf"{key}: Extra inputs"):
        read(tmp_path, content)


@pytest.mark.parametrize("character", ["\r", "\x00", "\x1b", "\x7f", "\x9b", "\x0b"])
@given(content=studies(), data=st.data())
@unhurried
def test_a_control_character_is_refused_by_its_key(tmp_path, character, content, data):
    *above, key = data.draw(st.sampled_from(list(paths(content))))
    parent = content
    for step in above:
        parent = parent[step]
    if isinstance(parent[key], str):
        parent[key] += character
    else:
        parent[f"{key}{character}"] = parent.pop(key)
    with pytest.raises(StudyError) as refusal:
        read(tmp_path, content)
    assert key in str(refusal.value)
    assert f"the control character {character!r}" in str(refusal.value)


@given(data=st.data())
@unhurried
def test_no_text_gives_a_traceback(tmp_path, data):
    start = data.draw(st.integers(0, len(SOUND)))
    length = data.draw(st.integers(0, 60))
    inserted = data.draw(st.binary(max_size=20) | words.map(str.encode))
    damaged = SOUND[:start].encode() + inserted + SOUND[start + length :].encode()
    path = tmp_path / "mnist_relu.toml"
    path.write_bytes(damaged)
    try:
        read_study(path)
    except StudyError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("content", [b"title = [", b"x = 1", b"\xff", b"a = " + b"[" * 10**5, None])
def test_a_broken_study_breaks_no_list_and_no_help(tmp_path, monkeypatch, content):
    for module in (cli, folder, schema):
        monkeypatch.setattr(module, "studies_folder", lambda: tmp_path)
    (tmp_path / "add_numbers.toml").write_text(SOUND.replace("mnist_relu", "add_numbers"))
    path = tmp_path / "mnist_relu.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    listed = CliRunner().invoke(main, [])
    assert listed.exit_code == 0
    assert "mnist_relu   (no title can be read)" in listed.output
    helped = CliRunner().invoke(study_command("mnist_relu"), ["--help"])
    assert "(no question can be read)" in helped.output
    run = CliRunner().invoke(study_command("mnist_relu"), [])
    assert run.exit_code == 2
    assert f"Error: {path}" in run.output


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "[" * 5000, "\ufeff", "a.b" * 20_000])
def test_text_that_breaks_parsers_is_refused(tmp_path, text):
    path = tmp_path / "mnist_relu.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="not a TOML file"):
        read_study(path)


@pytest.mark.parametrize(
    "text",
    [
        f"[{'.'.join(['a'] * 5000)}]",
        f"x = {'{a=' * 300}1{'}' * 300}",
        f"x = {'[' * 300}{']' * 300}",
    ],
)
def test_tables_in_tables_without_end_are_refused(tmp_path, text):
    path = tmp_path / "mnist_relu.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="nested more deeply than any study"):
        read_study(path)


LONG = ["a"] * 100
KEYS = {
    "a heading": f"[{'.'.join(LONG)}]",
    "spaced": f"{' . '.join(LONG)} = 1",
    "quoted": ".".join(['"a b"', "'c.d'", "e-1"] * 30) + " = 1",
    "in a table of a line": f"x = {{ {'.'.join(LONG)} = 1 }}",
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_many_parts_is_refused_before_it_is_read(tmp_path, monkeypatch, kind):
    """The time to read it would grow by the square of its parts; for `--help`, too."""
    path = tmp_path / "mnist_relu.toml"
    path.write_text(SOUND + KEYS[kind], encoding="utf-8")
    monkeypatch.setattr(folder, "tomllib", None)
    monkeypatch.setattr(cli, "studies_folder", lambda: tmp_path)
    with pytest.raises(StudyError, match="nested more deeply than any study"):
        read_study(path)
    assert study_command("mnist_relu").help.startswith("(no question can be read)")


@pytest.mark.parametrize("text", [", ".join(["0.001"] * 5000), f'"{"a b. " * 5000}"'])
def test_many_points_are_no_long_key(tmp_path, text):
    path = tmp_path / "mnist_relu.toml"
    path.write_text(f"x = [{text}]", encoding="utf-8")
    assert len(read_tables(path)["x"]) in (1, 5000)


def claims(count):
    return "".join(
        f'\n[claims.wrong{i}]\nmade_by = "us"\nsays = "x"\ntest = "above"\n'
        f'variant = "nobody{i}"\nmetric = "test_accuracy"\n'
        for i in range(count)
    )


@pytest.mark.parametrize("wrong", [claims(5000), "".join(f"\nlabel{i} = 1" for i in range(30_000))])
def test_of_thousands_of_mistakes_the_first_are_told_at_once(tmp_path, wrong):
    path = tmp_path / "mnist_relu.toml"
    path.write_text(SOUND + wrong, encoding="utf-8")
    with pytest.raises(StudyError) as refusal:
        read_study(path)
    *_, last = lines = str(refusal.value).splitlines()
    assert (len(lines), last) == (21, f"{path}: there is more")


@pytest.mark.parametrize("label", [" ", "\u00a0", " \n "])
def test_a_label_of_which_nothing_is_seen_is_refused(tmp_path, label):
    path = tmp_path / "mnist_relu.toml"
    text = re.sub(r'label = "[^"]*"', lambda _: f"label = {toml(label)}", SOUND, count=1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"variants\.\w+\.label: "):
        read_study(path)
