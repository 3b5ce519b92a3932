"""The digest of code: it sees every change of meaning behind any form of import, and no other."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import repro
from repro.study.code import code_digest
from repro.study.code.canonical import Canonical
from repro.study.folder import study_names

PACKAGE = Path(repro.__file__).parent
THREAD = """
{imported}


def experiment(seeds, rate=0.1):
    return {call}(seeds, rate)
"""
TOOL = '''"""A tool."""

from kit.deep import STEPS, unused


def check(seeds: list[int]) -> None:
    """Check."""
    if not seeds:
        raise ValueError(f"no seeds in {seeds}")


def train(seeds: list[int], rate: float) -> float:
    """Train."""
    check(seeds)
    return sum(seeds) * rate * STEPS
'''
DEEP = "STEPS = 3\n\n\ndef unused():\n    return 1\n"
LAZY = """
_HOME = {"train": "kit.tool"}


def __getattr__(name):
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
"""
FORMS = {
    "from module": ("from kit.tool import train", "train"),
    "from module, renamed": ("from kit.tool import train as t", "t"),
    "module": ("import kit.tool", "kit.tool.train"),
    "module, renamed": ("import kit.tool as tool", "tool.train"),
    "module from package": ("from kit import tool", "tool.train"),
    "relative": ("from .tool import train", "train"),
    "relative module": ("from . import tool", "tool.train"),
    "star": ("from kit.tool import *", "train"),
    "lazy package": ("from kit import train", "train"),
    "package": ("import kit", "kit.train"),
    "in parts": ("from kit import tool\n\nwork = tool.train", "work"),
    "module handed on": ("from kit import tool\n\nwork = getattr(tool, 'train')", "work"),
    "by name": ("import importlib\n\nwork = importlib.import_module('kit.tool').train", "work"),
    "by relative name": (
        "def work(*a):\n    from importlib import import_module as get\n\n"
        "    return get('.tool', 'kit').train(*a)",
        "work",
    ),
    "by a name that is kept": (
        "from importlib import import_module as get\n\nNAME = 'kit.tool'\nwork = get(NAME).train",
        "work",
    ),
    "by a name that is put together": (
        "from importlib import import_module\n\nPLACE = 'tool'\n"
        "work = import_module(f'kit.{PLACE}').train",
        "work",
    ),
    "among the loaded modules": (
        "import sys\n\nimport kit.tool\n\nwork = sys.modules['kit.tool'].train",
        "work",
    ),
    "of the module's own names": ("from kit.tool import train", "globals()['train']"),
    "of a module's names": ("from kit import tool", "tool.__dict__['train']"),
    "in a text that is run": ("import kit.tool", "eval('kit.tool.train')"),
    "star, after another": ("from kit.other import *\nfrom kit.tool import *", "train"),
    "star, over a definition": ("train = None\nfrom kit.tool import *", "train"),
    "by the built-in": ("work = __import__('kit.tool').tool.train", "work"),
    "inside": ("def work(*a):\n    from kit.tool import train\n\n    return train(*a)", "work"),
    "inside, relative": (
        "def work(*a):\n    from . import tool\n\n    return tool.train(*a)",
        "work",
    ),
    "tried": (
        "try:\n    from kit.tool import train\nexcept ImportError:\n    train = None",
        "train",
    ),
    "shadowed elsewhere": (
        "from kit.tool import train\n\nmany = [train for train in ()]",
        "train",
    ),
}


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "kit")


def make_package(folder, form="from module", lazy=LAZY):
    folder.mkdir()
    imported, call = FORMS[form]
    (folder / "__init__.py").write_text(lazy)
    (folder / "thread.py").write_text(THREAD.format(imported=imported, call=call))
    (folder / "tool.py").write_text(TOOL)
    (folder / "deep.py").write_text(DEEP)
    (folder / "other.py").write_text("train = None\n")
    return folder


def digest(package):
    return code_digest(["kit.thread:experiment"], package)


def edit(package, module, before, after):
    path = package / f"{module}.py"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_constant_is_seen_behind_every_form_of_import(form, tmp_path):
    package = make_package(tmp_path / "kit", form)
    before = digest(package)
    edit(package, "deep", "STEPS = 3", "STEPS = 4")
    assert digest(package) != before


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("tool", "* rate", "+ rate"),
        ("tool", "sum(seeds)", "max(seeds)"),
        ("tool", '"""A tool."""', "import numpy\n\nnumpy.seterr(all='raise')"),
        ("deep", "STEPS = 3", "STEPS = 3\nSTEPS += 1"),
        ("deep", "STEPS = 3", "STEPS = 3.0"),
        ("thread", "rate=0.1", "rate=0.2"),
        ("tool", "    check(seeds)\n", "    seeds.pop()\n"),
        ("tool", "    if not seeds:\n", "    seeds.sort()\n    if not seeds:\n"),
        ("tool", "    check(seeds)\n", "    seeds = check(seeds)\n"),
        ("tool", "check(seeds)\n", "check(seeds.pop())\n"),
        ("thread", "return train", "import kit.effect\n\n    return train"),
        ("tool", "sum(seeds)", "(lambda draw=max: draw(seeds))()"),
        ("tool", "def train", "train = None\n\n\ndef train"),
        ("tool", '"""A tool."""', "import numpy\n\n_ = numpy.random.seed(3)"),
        ("tool", "    check(seeds)\n", "    print(rate := 3)\n"),
        ("__init__", "_HOME = {", "import random\n\nrandom.seed(1)\n_HOME = {"),
    ],
)
def test_a_change_of_meaning_is_another_digest(package, module, before, after):
    (package / "effect.py").write_text("import os\n\nos.environ['RATE'] = '1'\n")
    first = digest(package)
    edit(package, module, before, after)
    assert digest(package) != first


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("tool", "    check(seeds)\n", "    # a comment\n    check(seeds)\n\n"),
        ("tool", '"""Train."""', '"""Train\n\n    well.\n    """'),
        ("tool", "seeds: list[int], rate: float) -> float", "seeds, rate: 'Number')"),
        ("tool", "no seeds in {seeds}", "no seeds at all"),
        ("tool", "if not seeds", "if len(seeds) == 0"),
        ("tool", "    check(seeds)\n", ""),
        ("tool", "    check(seeds)\n", "    import warnings\n    warnings.warn('slow')\n"),
        ("tool", "def train", "def other():\n    return check\n\n\ndef train"),
        ("deep", "return 1", "return 2"),
        ("deep", "STEPS = 3", "STEPS: int = 3"),
        ("deep", "STEPS = 3", "from typing import cast\n\nSTEPS = cast('Number', 3)"),
        ("deep", "STEPS = 3", "...\nSTEPS = 3"),
        (
            "tool",
            "def train",
            "import typing\n\n\n@typing.overload\ndef train(seeds: int) -> int: ...\ndef train",
        ),
        (
            "tool",
            "sum(seeds) * rate * STEPS",
            "(\n        sum(seeds) * rate\n        * STEPS\n    )",
        ),
        ("thread", "def experiment", "if __name__ == '__main__':\n    run()\n\n\ndef experiment"),
        ("deep", "STEPS = 3", "class OddError(ValueError):\n    pass\n\n\nSTEPS = 3"),
        (
            "deep",
            "STEPS = 3",
            "class Unused:\n    steps: int = 2\n\n    @property\n    def work(self) -> int:\n"
            "        return self.steps\n\n\nSTEPS = 3",
        ),
    ],
)
def test_what_touches_no_number_is_not_in_it(package, module, before, after):
    first = digest(package)
    edit(package, module, before, after)
    assert digest(package) == first


HIDDEN = {
    "registered": (
        "import kit.deep\nfrom kit.registry import KINDS",
        "def work(*a):\n    return KINDS['double'](*a)",
        "return 2",
        "return 3",
    ),
    "bound again": (
        "from functools import partial\n\nfrom kit.deep import double as work",
        "work = partial(work)",
        "return 2",
        "return 3",
    ),
    "either of two": (
        "",
        "def work(*a):\n    if a:\n        from kit.deep import double as f\n    else:\n"
        "        from kit.tool import train as f\n    return f(*a)",
        "return 2",
        "return 3",
    ),
    "in a class": (
        "",
        "class Holder:\n    from kit.deep import double\n\n\nwork = Holder.double",
        "return 2",
        "return 3",
    ),
    "of the same name in a class": (
        "from kit.deep import double",
        "class Holder:\n    double = staticmethod(double)\n\n\nwork = Holder.double",
        "return 2",
        "return 3",
    ),
    "suppressed": (
        "from contextlib import suppress\n\nfrom kit.deep import check",
        "def work(seeds, rate):\n    with suppress(ValueError):\n        check(seeds)\n"
        "        return 1\n    return 0",
        "> 3",
        "> 4",
    ),
    "raised to be caught": (
        "from kit.deep import refuse",
        "def work(seeds, rate):\n    refuse(seeds)\n    return 1",
        "> 5",
        "> 6",
    ),
    "caught": (
        "from kit.deep import check",
        "def work(seeds, rate):\n    try:\n        check(seeds)\n    except ValueError:\n"
        "        return 0\n    return 1",
        "> 3",
        "> 4",
    ),
}
REGISTRY = """KINDS = {}


def kind(name):
    def register(function):
        KINDS[name] = function
        return function

    return register
"""
REGISTERED = """from kit.registry import kind


@kind("double")
def double(*a):
    return 2


def check(seeds):
    if len(seeds) > 3:
        raise ValueError(seeds)


def refuse(seeds):
    if len(seeds) > 5:
        raise Refused(seeds)


class Refused(ValueError):
    pass
"""


@pytest.mark.parametrize("way", HIDDEN)
def test_code_that_is_reached_in_a_roundabout_way_counts(way, package):
    imported, work, before, after = HIDDEN[way]
    (package / "registry.py").write_text(REGISTRY)
    (package / "deep.py").write_text(f"STEPS = 3\n\nunused = None\n\n\n{REGISTERED}")
    source = f"{imported}\n\n\n{work}\n"
    (package / "thread.py").write_text(THREAD.format(imported=source, call="work"))
    first = digest(package)
    edit(package, "deep", before, after)
    assert digest(package) != first


def test_a_package_that_imports_a_module_of_its_own(package):
    (package / "sub").mkdir()
    (package / "sub" / "__init__.py").write_text("from kit.sub import work\n")
    (package / "sub" / "work.py").write_text("def f(*a):\n    return 2\n")
    imported = "from kit.sub import work"
    (package / "thread.py").write_text(THREAD.format(imported=imported, call="work.f"))
    first = digest(package)
    edit(package, "sub/work", "return 2", "return 3")
    assert digest(package) != first


def test_a_renamed_module_a_moved_and_a_renamed_definition_are_the_same(package, tmp_path):
    first = digest(package)
    edit(package, "thread", "from kit.tool import train", "from kit.inner.other import descend")
    edit(package, "thread", "return train", "return descend")
    (package / "inner").mkdir()
    (package / "tool.py").rename(package / "inner" / "other.py")
    (package / "deep.py").unlink()
    edit(package, "inner/other", "from kit.deep import STEPS, unused\n", "STEPS = 3\n")
    edit(package, "inner/other", "def train", "def descend")
    assert digest(package) == first


READS = {
    "beside the module": "open(__file__.replace('thread.py', 'rates' + '.csv')).read()",
    "by its name": "open('kit/tables/rates.csv').read()",
    "as a resource": "importlib.resources.files('kit').joinpath('tables', 'rates.csv').read_text()",
}


@pytest.mark.parametrize("way", READS)
def test_a_data_file_that_is_read_counts(way, package):
    path = package / ("rates.csv" if way == "beside the module" else "tables/rates.csv")
    path.parent.mkdir(exist_ok=True)
    path.write_text("rate\n0.1\n")
    work = f"import importlib.resources\n\n\ndef work(*a):\n    return {READS[way]}"
    (package / "thread.py").write_text(THREAD.format(imported=work, call="work"))
    first = digest(package)
    path.write_text("rate\n0.2\n")
    assert digest(package) != first


def test_definitions_that_use_each_other_are_followed_once(package):
    edit(
        package,
        "deep",
        "STEPS = 3",
        "def even(n):\n    return n == 0 or odd(n - 1)\n\n\n"
        "def odd(n):\n    return n and even(n - 1)\n\n\nSTEPS = even(4)",
    )
    first = digest(package)
    edit(package, "deep", "return n and", "return n or")
    assert digest(package) != first


SYNTAX = """
def experiment(a, /, b=1, *c, d=2, **e):
    x = f"{a!r:>{b}} {b + 1:.2f} {'q'} {{}}" "tail", f"{a:{b}.{b}f}{a=}", f"", "" f"{a}" ""
    match a:
        case {"k": [1, *rest], **o} | [1] as z if z:
            pass
        case int(real=3) | None:
            return -1.5e-7j
    try:
        pass
    except* ValueError as error:
        raise
    lambda q, *r: (q := r)
    return x[1:2, ..., ::3], b"\\x00", 1_000, 1e400, -0.0, "\\ud800", 0x10, {**e}, {*c}, a[*b]


class Holder(list, metaclass=type):
    x: int = 3
    y: "str"

    async def work(self):
        async with self as one, self:
            return [n async for n in await one], super().work() @ self
"""
DIGESTS = """
import sys
from pathlib import Path

root, package, *studies = sys.argv[1:]
sys.path.insert(0, root)
from repro.study.code import code_digest

print(code_digest(["kit.thread:experiment", "kit.thread:Holder"], Path(package)))
for study in studies:
    print(code_digest([f"repro.{study}:experiment"], Path(root, "repro")))
"""


def pythons():
    """Return the supported Pythons of this machine, those that are on no path among them."""
    kept = (".pyenv/versions/3.1[123]*/bin/python", ".local/share/uv/python/*3.1[123]*/bin/python3")
    on_path = (shutil.which(f"python3.{minor}") for minor in (11, 12, 13))
    off_path = (path for pattern in kept for path in map(str, Path.home().glob(pattern)))
    return [sys.executable, *filter(None, on_path), *off_path]


@pytest.mark.long
def test_every_supported_python_gives_one_digest(package):
    """The code that makes digests needs the standard library alone, to run anywhere."""
    (package / "thread.py").write_text(SYNTAX)
    found = {}
    for python in pythons():
        call = [python, "-c", DIGESTS, str(PACKAGE.parent), str(package), *study_names()]
        done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode == 0:  # a name on the path may have no Python behind it
            found[python] = done.stdout.split()
    assert sys.executable in found
    assert len(set(map(tuple, found.values()))) == 1, found


def test_an_empty_piece_of_a_text_is_none():
    """Python 3.12 parses `f"{a:{b}}"` with one, the others without."""
    text = ast.parse('f"{a:{b}}"', mode="eval").body
    pieces = [p for p in text.values[0].format_spec.values if isinstance(p, ast.FormattedValue)]
    with_one = ast.JoinedStr([*pieces, ast.Constant("")])
    assert canonical(with_one) == canonical(ast.JoinedStr(pieces))


def canonical(expression):
    writer = Canonical(
        "kit",
        find=lambda *_: None,
        find_import=lambda *_: None,
        write=str,
        write_mentioned=lambda _: "",
        write_sources=str,
        write_files=str,
        is_check=lambda _: False,
        may_swallow=lambda _: False,
        is_guarded=False,
        counts_checks=False,
    )
    return writer.definition(ast.Expr(expression))
