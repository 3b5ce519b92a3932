"""What is installed is pinned by hash; no code of ours turns data into code."""

import ast
import hashlib
import itertools
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "docs" / "site"
PEERS = ROOT / "bench" / "peers"
PAGE = (ROOT / "docs" / "supply-chain.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
OPTIONAL = PROJECT["optional-dependencies"]


def named(lines):
    """Return the packages that lines such as `numpy>=2.1` name."""
    return {re.split(r"[<>=\[]", line)[0] for line in lines} - {PROJECT["name"]}


# By the file that pins them.
DIRECT = {
    ROOT / "requirements.txt": named(itertools.chain(PROJECT["dependencies"], *OPTIONAL.values())),
    SITE / "requirements.txt": named(SETTINGS["dependency-groups"]["docs"]),
    PEERS / "requirements.txt": named(SETTINGS["dependency-groups"]["peers"]),
}

# Sends this process's own objects to processes that it has started itself.
ALLOWED = {"repro/training/jobs": ("joblib.externals.loky", "joblib.parallel")}
MODULES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"compile", "__import__", "os.system", "os.popen", "subprocess.getoutput"}
METHODS = {"eval", "exec", "read_pickle", "to_pickle", "load_model"}  # of whatever
FLAGS = {"shell", "allow_pickle"}


def dangers(source):
    """Yield what in a module could turn data into code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (name for name in names if name.split(".")[0] in MODULES)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS or name.split(".")[-1] in METHODS:
                yield name
            for keyword in node.keywords:
                if keyword.arg in FLAGS and getattr(keyword.value, "value", True):
                    yield keyword.arg


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "exec(text)",
        "builtins.eval(text)",
        "os.system(text)",
        "pd.read_pickle(path)",
        "keras.models.load_model(path)",
        "subprocess.run(text, shell=True)",
        "subprocess.run(text, shell=flag)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_dangers_are_seen(source):
    assert list(dangers(source))


@pytest.mark.parametrize("source", ["re.compile(text)", "np.load(path, allow_pickle=False)"])
def test_what_is_harmless_is_not(source):
    assert not list(dangers(source))


@pytest.mark.parametrize("room", ["repro", "bench"])
def test_no_module_turns_data_into_code(room):
    modules = list((ROOT / room).rglob("*.py"))
    assert modules
    for path in modules:
        folder = path.parent.relative_to(ROOT).as_posix()
        found = dangers(path.read_text(encoding="utf-8"))
        assert not [name for name in found if not name.startswith(ALLOWED.get(folder, "no:"))], path


@pytest.mark.parametrize("path", DIRECT, ids=lambda path: path.parent.name)
def test_every_requirement_has_a_version_and_hashes(path):
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    requirement = r"[a-z0-9._-]+==[0-9][^ ]*( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+ *"
    assert [line for line in lines if not re.fullmatch(requirement, line)] == []
    names = {line.split("==")[0] for line in lines}
    assert names >= {name.lower() for name in DIRECT[path]}


def test_the_page_names_the_licence_of_every_direct_dependency():
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("|")).lower()
    names = set().union(*DIRECT.values(), ["iframe-worker"])
    assert [name for name in names if name.lower() not in table] == []


def test_the_shim_is_the_published_one():
    """`docs/site/iframe-worker.js` is `shim/index.js` of version 1.0.4, as npm has it."""
    digest = hashlib.sha256((SITE / "iframe-worker.js").read_bytes()).hexdigest()
    assert f"`{digest}`" in PAGE
