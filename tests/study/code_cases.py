"""Roundabout ways to reach a number: a tiny package each, and an edit that changes the number.

Each case has the source of `kit.thread` first, and of other modules by name; then the module that
is edited, and what becomes what.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """A package of a few modules, and an edit that changes what `kit.thread.experiment` gives."""

    thread: str
    modules: dict[str, str]
    edited: str
    before: str
    after: str


TWO = "def one(s):\n    return 1\n\n\ndef two(s):\n    return 2\n"
CHECK = "def check(seeds):\n    if len(seeds) > 3:\n        raise ValueError(seeds)\n"
RATE = "RATE = 1\n"
RETURNS_1 = "def train(s):\n    return 1\n"
CALLS_TRAIN = "\n\ndef experiment(s):\n    return train(s)\n"
CASES = {
    "checked in a function that is called where errors are caught": Case(
        "from kit.tool import check\n\n\ndef inner(s):\n    check(s)\n    return 1\n\n\n"
        "def experiment(s):\n    try:\n        return inner(s)\n    except ValueError:\n"
        "        return 0\n",
        {"tool": CHECK},
        "tool",
        "> 3",
        "> 1",
    ),
    "checked in a function that is handed to one that catches": Case(
        "from kit.tool import check\n\n\ndef inner(s):\n    check(s)\n    return 1\n\n\n"
        "def attempt(f, s):\n    try:\n        return f(s)\n    except ValueError:\n"
        "        return 0\n\n\ndef experiment(s):\n    return attempt(inner, s)\n",
        {"tool": CHECK},
        "tool",
        "> 3",
        "> 1",
    ),
    "a method that checks, of an object that is made elsewhere": Case(
        "from kit.tool import check\n\n\nclass Tool:\n    def use(self, s):\n"
        "        check(s)\n\n\ndef experiment(s):\n    tool = Tool()\n    try:\n"
        "        tool.use(s)\n    except ValueError:\n        return 0\n    return 1\n",
        {"tool": CHECK},
        "tool",
        "> 3",
        "> 1",
    ),
    "swallowed by a context manager of our own": Case(
        "from kit.tool import check\n\n\nclass Quiet:\n    def __enter__(self):\n"
        "        return self\n\n    def __exit__(self, *error):\n        return True\n\n\n"
        "def experiment(s):\n    with Quiet():\n        check(s)\n        return 1\n    return 0\n",
        {"tool": CHECK},
        "tool",
        "> 3",
        "> 1",
    ),
    "a number that an exception carries": Case(
        "class Done(Exception):\n    pass\n\n\ndef inner(s):\n    raise Done(s[0] + 1)\n\n\n"
        "def experiment(s):\n    try:\n        inner(s)\n    except Done as done:\n"
        "        return done.args[0]\n",
        {},
        "thread",
        "+ 1",
        "+ 2",
    ),
    "what an exception class computes": Case(
        "from kit.tool import Done\n\n\ndef inner(s):\n    raise Done\n\n\n"
        "def experiment(s):\n    try:\n        inner(s)\n    except Exception as done:\n"
        "        return done.rate\n",
        {"tool": "class Done(Exception):\n    rate = 1\n"},
        "tool",
        "rate = 1",
        "rate = 2",
    ),
    "names of functions swapped, found by name": Case(
        "from kit import tool\n\n\ndef experiment(s, kind='one'):\n"
        "    return getattr(tool, kind)(s)\n",
        {"tool": TWO},
        "tool",
        TWO,
        TWO.replace("one", "x").replace("two", "one").replace("x", "two"),
    ),
    "names of functions swapped, kept by __name__": Case(
        "from kit.tool import one, two\n\nKINDS = {f.__name__: f for f in (one, two)}\n\n\n"
        "def experiment(s, kind='one'):\n    return KINDS.get(kind, len)(s)\n",
        {"tool": TWO},
        "tool",
        TWO,
        "def two(s):\n    return 1\n\n\ndef one(s):\n    return 2\n",
    ),
    "a function's name, registered by a decorator": Case(
        "import kit.tool\nfrom kit.registry import KINDS\n\n\ndef experiment(s):\n"
        "    return KINDS['one'](s)\n",
        {
            "registry": "KINDS = {}\n\n\ndef kind(f):\n    KINDS[f.__name__] = f\n    return f\n",
            "tool": "from kit.registry import kind\n\n\n@kind\ndef one(s):\n    return 1\n\n\n"
            "@kind\ndef two(s):\n    return 2\n",
        },
        "tool",
        "def one(s):\n    return 1\n\n\n@kind\ndef two",
        "def two(s):\n    return 1\n\n\n@kind\ndef one",
    ),
    "a subclass's name, registered by its base": Case(
        "import kit.tool\nfrom kit.base import Base\n\n\ndef experiment(s):\n"
        "    return Base.kinds['One'].rate\n",
        {
            "base": "class Base:\n    kinds = {}\n\n    def __init_subclass__(cls):\n"
            "        cls.kinds[cls.__name__] = cls\n",
            "tool": "from kit.base import Base\n\n\nclass One(Base):\n    rate = 1\n\n\n"
            "class Two(Base):\n    rate = 2\n",
        },
        "tool",
        "class One(Base):\n    rate = 1\n\n\nclass Two",
        "class Two(Base):\n    rate = 1\n\n\nclass One",
    ),
    "a submodule of a package that is handed on": Case(
        "import kit.tool\n\n\ndef experiment(s):\n    k = kit\n    return k.tool.train(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
    "a submodule by getattr": Case(
        "import kit.tool\n\n\ndef experiment(s):\n    return getattr(kit, 'to' + 'ol').train(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
    "the module's own names, by sys.modules": Case(
        "import sys\n\n\ndef one(s):\n    return 1\n\n\ndef experiment(s, kind='one'):\n"
        "    return getattr(sys.modules[__name__], kind)(s)\n",
        {},
        "thread",
        "return 1",
        "return 2",
    ),
    "the module's own names, by vars": Case(
        "def one(s):\n    return 1\n\n\nKINDS = vars()\n\n\ndef experiment(s, kind='one'):\n"
        "    return KINDS[kind](s)\n",
        {},
        "thread",
        "return 1",
        "return 2",
    ),
    "a function's globals": Case(
        "from kit.tool import train\n\n\ndef experiment(s):\n"
        "    return train.__globals__['RATE']\n",
        {"tool": f"{RATE}\n\n{RETURNS_1}"},
        "tool",
        "RATE = 1",
        "RATE = 2",
    ),
    "a loaded module by a computed name": Case(
        "import sys\n\nimport kit.tool\n\n\ndef experiment(s):\n"
        "    return sys.modules['.'.join(['kit', 'tool'])].train(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
    "star after star that lists its names": Case(
        "from kit.tool import *\nfrom kit.other import *\n" + CALLS_TRAIN,
        {"tool": RETURNS_1, "other": "__all__ = ['x']\nx = 1\n\n\ndef train(s):\n    return 5\n"},
        "tool",
        "return 1",
        "return 2",
    ),
    "what a star leaves out becomes part of it": Case(
        "from kit.tool import *\nfrom kit.other import *\n" + CALLS_TRAIN,
        {"tool": RETURNS_1, "other": "__all__ = ['x']\nx = 1\n\n\ndef train(s):\n    return 5\n"},
        "other",
        "['x']",
        "['x', 'train']",
    ),
    "either of two stars": Case(
        "try:\n    from kit.tool import *\nexcept ImportError:\n    from kit.other import *\n"
        + CALLS_TRAIN,
        {"tool": RETURNS_1, "other": "def train(s):\n    return 5\n"},
        "tool",
        "return 1",
        "return 2",
    ),
    "used before it is imported again": Case(
        "from kit.tool import train as f\n\nwork = f\nfrom kit.other import train as f\n\n\n"
        "def experiment(s):\n    return work(s)\n",
        {"tool": RETURNS_1, "other": "def train(s):\n    return 5\n"},
        "tool",
        "return 1",
        "return 2",
    ),
    "used before it is bound again": Case(
        "a = 1\nb = a\na = 2\n\n\ndef experiment(s):\n    return b\n",
        {},
        "thread",
        "b = a\na = 2\n",
        "a = 2\nb = a\n",
    ),
    "taken of a table before it is changed": Case(
        "TABLE = {'a': 1}\nrate = TABLE['a']\nTABLE['a'] = 2\n\n\ndef experiment(s):\n"
        "    return rate\n",
        {},
        "thread",
        "rate = TABLE['a']\nTABLE['a'] = 2\n",
        "TABLE['a'] = 2\nrate = TABLE['a']\n",
    ),
    "a table changed before and after an import": Case(
        "from kit.base import TABLE\nimport kit.tool\n\nTABLE['a'] = 1\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {"base": "TABLE = {}\n", "tool": "from kit.base import TABLE\n\nTABLE['a'] = 2\n"},
        "thread",
        "import kit.tool\n\nTABLE['a'] = 1\n",
        "TABLE['a'] = 1\nimport kit.tool\n",
    ),
    "a table that another module adds to in place": Case(
        "import kit.tool\nfrom kit.base import TABLE\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {"base": "TABLE = {}\n", "tool": "from kit.base import TABLE\n\nTABLE |= {'a': 1}\n"},
        "tool",
        "'a': 1",
        "'a': 2",
    ),
    "a table that is changed in a tuple of targets": Case(
        "import kit.tool\nfrom kit.base import TABLE\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {"base": "TABLE = {}\n", "tool": "from kit.base import TABLE\n\nx, TABLE['a'] = 1, 1\n"},
        "tool",
        "= 1, 1",
        "= 1, 2",
    ),
    "a table that a class's body changes": Case(
        "import kit.tool\nfrom kit.base import TABLE\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {
            "base": "TABLE = {}\n",
            "tool": "from kit.base import TABLE\n\n\nclass Setup:\n    TABLE['a'] = 1\n",
        },
        "tool",
        "= 1",
        "= 2",
    ),
    "a call in a default": Case(
        "import kit.tool\nfrom kit.base import TABLE\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {
            "base": "TABLE = {}\n",
            "tool": "from kit.base import TABLE\n\n\n"
            "def unused(x=TABLE.setdefault('a', 1)):\n    return x\n",
        },
        "tool",
        "'a', 1",
        "'a', 2",
    ),
    "a call that is named like one that does nothing": Case(
        "import kit.tool\nfrom kit.base import TABLE\n\n\ndef experiment(s):\n"
        "    return TABLE['a']\n",
        {
            "base": "TABLE = {}\n\n\ndef set(name, value):\n    TABLE[name] = value\n",
            "tool": "from kit import base\n\n_ = base.set('a', 1)\n",
        },
        "tool",
        "'a', 1",
        "'a', 2",
    ),
    "a decorator that is named like one that does nothing": Case(
        "import kit.tool\nfrom kit.base import KINDS\n\n\ndef experiment(s):\n"
        "    return KINDS[0](s)\n",
        {
            "base": "KINDS = []\n\n\ndef property(f):\n    KINDS.append(f)\n    return f\n",
            "tool": "from kit.base import property\n\n\n@property\n" + RETURNS_1,
        },
        "tool",
        "return 1",
        "return 2",
    ),
    "a hint that a base class reads": Case(
        "from kit.tool import Base\n\n\nclass Settings(Base):\n    rate: int\n\n\n"
        "def experiment(s):\n    return Settings().read(2.5)\n",
        {
            "tool": "class Base:\n    def read(self, value):\n"
            "        return self.__annotations__['rate'](value)\n"
        },
        "thread",
        "rate: int",
        "rate: float",
    ),
    "a hint that a decorator reads": Case(
        "from functools import singledispatch\n\n\n@singledispatch\ndef work(s):\n"
        "    return 0\n\n\n"
        "@work.register\ndef _(s: list):\n    return 1\n\n\ndef experiment(s):\n"
        "    return work(s)\n",
        {},
        "thread",
        "s: list",
        "s: dict",
    ),
    "a hint that is looked up": Case(
        "from typing import get_type_hints\n\n\ndef work(s) -> int:\n    return 2.5\n\n\n"
        "def experiment(s):\n    return get_type_hints(work)['return'](work(s))\n",
        {},
        "thread",
        "-> int",
        "-> float",
    ),
    "a hint that makes a field none": Case(
        "from dataclasses import dataclass, fields\nfrom typing import ClassVar\n\n\n@dataclass\n"
        "class Settings:\n    rate: int = 1\n    other: int = 2\n\n\ndef experiment(s):\n"
        "    return len(fields(Settings))\n",
        {},
        "thread",
        "other: int",
        "other: ClassVar[int]",
    ),
    "a docstring that is read": Case(
        "def work():\n    'abc'\n\n\ndef experiment(s):\n    return len(work.__doc__)\n",
        {},
        "thread",
        "'abc'",
        "'abcd'",
    ),
    "names in a class's imports": Case(
        "class Kinds:\n    from kit.tool import one, two\n\n\ndef experiment(s):\n"
        "    return Kinds.one(s)\n",
        {"tool": TWO},
        "thread",
        "import one, two",
        "import one as two, two as one",
    ),
    "a lazy package that computes names": Case(
        "from kit import train\n" + CALLS_TRAIN,
        {
            "__init__": "def __getattr__(name):\n    from importlib import import_module\n\n"
            "    if name != 'train':\n        raise AttributeError(name)\n"
            "    return getattr(import_module('kit.' + 'to' + 'ol'), name)\n",
            "tool": RETURNS_1,
        },
        "tool",
        "return 1",
        "return 2",
    ),
    "a package's modules, walked through": Case(
        "import pkgutil\nfrom importlib.util import module_from_spec\n\nimport kit\n\n\n"
        "def experiment(s):\n"
        "    found = [m for m in pkgutil.iter_modules(kit.__path__) if m.name == 'to' + 'ol']\n"
        "    spec = found[0].module_finder.find_spec('to' + 'ol')\n"
        "    module = module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n"
        "    return module.train(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
    "a module that is found by a computed name": Case(
        "import pkgutil\n\n\ndef experiment(s):\n"
        "    return pkgutil.resolve_name('ki' + 't.tool:train')(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
    "a data file below the package's folder": Case(
        "from pathlib import Path\n\nimport kit\n\n\ndef experiment(s, kind='fast'):\n"
        "    return float((Path(kit.__file__).parent / f'{kind}.txt').read_text())\n",
        {"fast.txt": "1\n"},
        "fast.txt",
        "1",
        "2",
    ),
    "a data file in a folder above": Case(
        "from pathlib import Path\n\nfrom kit.sub.tool import train\n" + CALLS_TRAIN,
        {
            "sub/tool": "from pathlib import Path\n\n\ndef train(s, kind='fast'):\n"
            "    return float((Path(__file__).parents[1] / f'{kind}.txt').read_text())\n",
            "fast.txt": "1\n",
        },
        "fast.txt",
        "1",
        "2",
    ),
    "a data file as a package's resource": Case(
        "from importlib.resources import files\n\n\ndef experiment(s, kind='fast'):\n"
        "    return float(files('kit').joinpath(f'{kind}.txt').read_text())\n",
        {"fast.txt": "1\n"},
        "fast.txt",
        "1",
        "2",
    ),
    "a data file by a pattern": Case(
        "from pathlib import Path\n\nimport kit\n\n\ndef experiment(s):\n"
        "    return float(next(Path(kit.__path__[0]).glob('*.txt')).read_text())\n",
        {"fast.txt": "1\n"},
        "fast.txt",
        "1",
        "2",
    ),
    "an iterator that a check uses up": Case(
        "from kit.tool import check\n\n\ndef experiment(s):\n    draws = iter(s)\n"
        "    check(draws)\n    return sum(draws)\n",
        {
            "tool": "def check(seeds):\n    for seed in seeds:\n        if seed < 0:\n"
            "            raise ValueError(seed)\n        break\n"
        },
        "tool",
        "        break\n",
        "",
    ),
    "a global that a function binds": Case(
        "from kit import tool\n\n\ndef experiment(s):\n    tool.start()\n    return tool.get()\n",
        {"tool": "def start():\n    global RATE\n    RATE = 1\n\n\ndef get():\n    return RATE\n"},
        "tool",
        "RATE = 1",
        "RATE = 2",
    ),
    "the rest of a match": Case(
        "from kit.base import rest\n\n\ndef experiment(s):\n    match {'a': 1, 'b': 2}:\n"
        "        case {'a': a, **rest}:\n            return len(rest) + a\n",
        {"base": "rest = 1\n"},
        "thread",
        "+ a",
        "- a",
    ),
    "two re-exports": Case(
        "from kit.a import RATE as r\n\n\ndef experiment(s):\n    return r\n",
        {"a": "from kit.b import *\n", "b": "from .base import RATE\n", "base": RATE},
        "base",
        "RATE = 1",
        "RATE = 2",
    ),
    "patched when imported": Case(
        "import kit.patch\nfrom kit.tool import train\n" + CALLS_TRAIN,
        {"tool": RETURNS_1, "patch": "import kit.tool\n\nkit.tool.train = lambda s: 3\n"},
        "patch",
        "3",
        "4",
    ),
    "a lambda in a table": Case(
        "from kit.tool import KINDS\n\n\ndef experiment(s, kind='a'):\n    return KINDS[kind](s)\n",
        {"tool": "KINDS = {'a': lambda s, x=1: x}\n"},
        "tool",
        "x=1",
        "x=2",
    ),
    "a property of a class of a base elsewhere": Case(
        "from kit.tool import Base\n\n\nclass Own(Base):\n    pass\n\n\ndef experiment(s):\n"
        "    return Own().rate\n",
        {"tool": "class Base:\n    @property\n    def rate(self):\n        return 1\n"},
        "tool",
        "return 1",
        "return 2",
    ),
    "partial, walrus and a comprehension": Case(
        "from functools import partial\n\nfrom kit.tool import add\n\nwork = partial(add, 1)\n"
        "\n\ndef experiment(s):\n    return sum(y for x in s if (y := work(x)))\n",
        {"tool": "def add(a, b):\n    return a + b\n"},
        "tool",
        "a + b",
        "a - b",
    ),
    "awaited": Case(
        # driven by hand: other tests of this process may have an event loop running
        "from kit.tool import train\n\n\ndef experiment(s):\n    try:\n"
        "        train(s).send(None)\n    except StopIteration as end:\n        return end.value\n",
        {"tool": f"async {RETURNS_1}"},
        "tool",
        "return 1",
        "return 2",
    ),
    "a number by its text": Case(
        "from kit.base import RATE\n\n\ndef experiment(s):\n    return len(f'{RATE:>{RATE}}')\n",
        {"base": RATE},
        "base",
        "RATE = 1",
        "RATE = 22",
    ),
    "in a module of a kind that is on no list": Case(
        "from kit.base import KINDS\nimport kit.plugins\n\n\ndef experiment(s):\n"
        "    return KINDS[0].rate\n",
        {
            "base": "KINDS = []\n\n\nclass Error:\n    def __init_subclass__(cls):\n"
            "        KINDS.append(cls)\n",
            "plugins": "from kit.base import Error\n\n\nclass One(Error):\n    rate = 1\n",
        },
        "plugins",
        "rate = 1",
        "rate = 2",
    ),
    "a class that is called like its base": Case(
        "from kit.tool import Base\n\n\nclass Base(Base):\n    pass\n\n\ndef experiment(s):\n"
        "    return Base.rate\n",
        {"tool": "class Base:\n    rate = 1\n"},
        "tool",
        "rate = 1",
        "rate = 2",
    ),
    "a submodule of the package's own import": Case(
        "from . import tool as t\n\nwork = [t][0].train\n\n\ndef experiment(s):\n"
        "    return work(s)\n",
        {"tool": RETURNS_1},
        "tool",
        "return 1",
        "return 2",
    ),
}
