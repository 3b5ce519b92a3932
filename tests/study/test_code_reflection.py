"""The digest of code sees what is found by reflection: hints, docstrings, files, texts, imports."""

import pytest

from repro.study.code import code_digest

DEEP = "RATE = 2\n\n\ndef f(*a):\n    return RATE\n"
HINTS = {  # thread.py, and the change in it
    "of a pydantic model": (
        "from pydantic import BaseModel\n\n\nclass Rates(BaseModel):\n    rate: int\n\n\n"
        "def experiment(seeds):\n    return Rates(rate=seeds).rate\n",
        "rate: int",
        "rate: float",
    ),
    "of a call that is validated": (
        "import pydantic\n\n\n@pydantic.validate_call\ndef experiment(seeds: int):\n"
        "    return seeds\n",
        "seeds: int",
        "seeds: float",
    ),
    "by which a function is chosen": (
        "from functools import singledispatch\n\n\n@singledispatch\ndef experiment(seeds):\n"
        "    return 1\n\n\n@experiment.register\ndef _(seeds: int):\n    return 2\n",
        "seeds: int",
        "seeds: float",
    ),
    "that are asked for": (
        "class Rates:\n    rate: int\n\n\n"
        "def experiment(seeds):\n    return Rates.__annotations__['rate'](seeds)\n",
        "rate: int",
        "rate: float",
    ),
    "no hint but a docstring": (
        "def experiment(seeds):\n    '''2'''\n    return float(experiment.__doc__)\n",
        "'''2'''",
        "'''3'''",
    ),
}
IMPORTS = {  # thread.py, which leads to deep.py
    "an attribute of a package": (
        "import operator\n\nimport kit\nimport kit.deep\n\n\ndef experiment(seeds):\n"
        "    return operator.attrgetter('deep.RATE')(kit)\n"
    ),
    "the importing function, kept": (
        "import importlib\n\nget = importlib.import_module\n\n\ndef experiment(seeds):\n"
        "    return get('kit.' + seeds).f()\n"
    ),
    "the importing function, by its name": (
        "import importlib\n\n\ndef experiment(seeds):\n"
        "    return getattr(importlib, 'import_' + 'module')('kit.' + seeds).f()\n"
    ),
    "a file's module": (
        "import importlib.util\n\n\ndef experiment(seeds):\n"
        "    return importlib.util.spec_from_file_location('d', seeds).loader.load_module().f()\n"
    ),
    "another process": (
        "import subprocess\nimport sys\n\n\ndef experiment(seeds):\n"
        "    return subprocess.check_output([sys.executable, 'deep.py'], cwd='kit')\n"
    ),
    "a pickle": (
        "import pickle\n\n\ndef experiment(seeds):\n"
        "    return pickle.loads(b'ckit.deep\\nf\\n.')()\n"
    ),
    "a name that is located": (
        "from pydoc import locate\n\n\ndef experiment(seeds):\n    return locate(seeds)()\n"
    ),
    "a list of modules": (
        "import pkgutil\n\n\ndef experiment(seeds):\n"
        "    return pkgutil.resolve_name(seeds + ':f')()\n"
    ),
}
FILES = {  # thread.py's way to rates.json
    "of a folder that is named": "[p.read_text() for p in Path('kit').glob('*.json')]",
    "of this package": "[p.read_text() for p in files(__package__).iterdir()]",
    "of this module's package": "pkgutil.get_data(__name__, seeds)",
    "beside the source": "(Path(__spec__.origin).parent / seeds).read_text()",
    "beside a function's source": "Path(inspect.getfile(experiment)).with_name(seeds).read_text()",
    "beside another module": "Path(kit.deep.__file__).with_name(seeds).read_text()",
    "in a package": "(Path(kit.__path__[0]) / seeds).read_text()",
}
READING = """import inspect
import pkgutil
from importlib.resources import files
from pathlib import Path

import kit.deep


def experiment(seeds):
    return {}
"""
EFFECTS = {  # of importing deep.py, the change in it
    "in a default": ("def g(a=random.seed(2)):\n    pass\n", "seed(2)", "seed(3)"),
    "in a class": ("class G:\n    random.seed(2)\n", "seed(2)", "seed(3)"),
    "in an error's class": ("class GError(ValueError):\n    random.seed(2)\n", "(2)", "(3)"),
    "by a method like a plain function": ("y = random.range(2)\n", "(2)", "(3)"),
    "by a name that hides a plain function": (
        "from random import seed as int\n\ny = int(2)\n",
        "int(2)",
        "int(3)",
    ),
}


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "kit"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "deep.py").write_text(DEEP)
    (folder / "rates.json").write_text("2")
    return folder


def is_seen(package, name, before, after):
    """Return whether a change of a file is one of the digest."""
    first = code_digest(["kit.thread:experiment"], package)
    text = (package / name).read_text()
    assert before in text
    (package / name).write_text(text.replace(before, after))
    return code_digest(["kit.thread:experiment"], package) != first


@pytest.mark.parametrize("way", HINTS)
def test_a_hint_that_is_looked_at_counts(way, package):
    source, before, after = HINTS[way]
    (package / "thread.py").write_text(source)
    assert is_seen(package, "thread.py", before, after)


@pytest.mark.parametrize("way", IMPORTS)
def test_code_that_only_the_run_can_find_counts(way, package):
    (package / "thread.py").write_text(IMPORTS[way])
    assert is_seen(package, "deep.py", "RATE = 2", "RATE = 3")


@pytest.mark.parametrize("way", FILES)
def test_a_file_that_only_the_run_can_find_counts(way, package):
    (package / "thread.py").write_text(READING.format(FILES[way]))
    assert is_seen(package, "rates.json", "2", "3")


@pytest.mark.parametrize("way", EFFECTS)
def test_what_an_import_does_inside_other_statements_counts(way, package):
    source, before, after = EFFECTS[way]
    (package / "thread.py").write_text("import kit.deep\n\n\ndef experiment(seeds):\n    pass\n")
    (package / "deep.py").write_text(f"import random\n\n\n{source}")
    assert is_seen(package, "deep.py", before, after)


@pytest.mark.parametrize(("before", "after"), [("['RATE']", "[]"), ("RATE = 2", "_RATE = 2")])
def test_a_name_that_a_star_brings_no_more_counts(before, after, package):
    names = "__all__ = ['RATE']\n" if "[" in before else ""
    (package / "deep.py").write_text(f"{names}RATE = 2\n")
    source = "RATE = 1\nfrom kit.deep import *\n\n\ndef experiment(seeds):\n    return RATE\n"
    (package / "thread.py").write_text(source)
    assert is_seen(package, "deep.py", before, after)


@pytest.mark.parametrize(
    "source",
    [
        "from importlib.metadata import version\n\n\ndef experiment(seeds):\n    version('x')\n",
        "from importlib import import_module\n\n\ndef experiment(seeds):\n"
        "    return import_module('random').random()\n",
        "from functools import lru_cache\n\n\n@lru_cache(3)\n"
        "def experiment(seeds: int):\n    pass\n",
        "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Rates:\n"
        "    rate: int\n\n\ndef experiment(seeds: int):\n    return Rates(seeds)\n",
    ],
)
def test_code_that_finds_nothing_by_reflection_leaves_the_rest_aside(source, package):
    (package / "thread.py").write_text(source)
    assert not is_seen(package, "deep.py", "RATE = 2", "RATE = 3")
    hint = ": int" in source
    assert not (hint and is_seen(package, "thread.py", ": int", ": float"))
