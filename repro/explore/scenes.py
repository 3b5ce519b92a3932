"""The scenes of the page, one a thread, as `scenes.toml` describes them."""

import json
import re
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from repro.findings.wording import words

FILE = Path(__file__).parent / "scenes.toml"


FORMS = {  # how a state is said; the page fills in what is in braces
    "python": """from repro.THREAD import experiment
{before}
runs, curves = experiment(
    seeds=range({seeds}),
DATA{lines})
""",
    "command": "python -m repro sweep THREAD {words}{horizon} --seeds {seeds}DATA\n",
    "toml": """[variants.mine_{title}]
label = "from the page"
group = "fix of ours"
seeds = {seeds}
parameters = {{pairs}}
""",
}


def _number(value: Any) -> Any:
    """Return the number that a text such as 1/255 is, since TOML has no fractions."""
    is_fraction = isinstance(value, str) and re.fullmatch(r"\d+/\d+", value)
    return float(Fraction(value)) if is_fraction else value


Number = Annotated[float, BeforeValidator(_number)]
Flag = Literal["born", "dead", "lit", "differs"]


class Part(BaseModel):
    """A part of a scene's description: checked, and not to be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Control(Part):
    """A parameter that can be set: numbers make a slider, words a list, false and true a box.

    Attributes:
        name: the parameter's, in the experiment.
        choices: its values; a number may be a fraction, "1/255".
        texts: what is shown for a value, where that is not its own text.
        steps_between: how many numbers stand between two of the words, which stand for 0 to 1;
            these make a slider, too.
    """

    name: str
    label: str
    choices: list[bool | int | float | str]
    texts: dict[str, str] = {}
    steps_between: int = 0

    @property
    def kind(self) -> str:
        """Its form on the page."""
        if isinstance(self.choices[0], bool):
            return "box"
        return "list" if isinstance(self.values[-1], str) and not self.steps_between else "slider"

    @property
    def values(self) -> list[Any]:
        """All values, as the page and the experiment have them."""
        pace = self.steps_between + 1
        last = (len(self.choices) - 1) * pace
        return [i / last if i % pace else _number(self.choices[i // pace]) for i in range(last + 1)]

    def written(self, value: Any) -> dict[str, str]:
        """Return a value as Python and TOML have it, a fraction as one where that is exact."""
        choice = next((one for one in self.choices if _number(one) == value), value)
        python = str(choice) if choice != _number(choice) else json.dumps(value)
        return {
            "python": {"true": "True", "false": "False"}.get(python, python),
            "toml": json.dumps(choice),
        }

    def text(self, value: Any) -> str:
        """Return what is shown for a value."""
        written = next((one for one in self.choices if _number(one) == value), value)
        return self.texts.get(str(written)) or _text(written)


class Tick(Part):
    """A value on the axis; 0 of a logarithmic one stands apart."""

    value: float
    text: str


class Axis(Part):
    """The axis of the picture; `none`: what has no logarithm stands apart, at the left."""

    label: str
    low: float
    high: float
    log: bool = False
    none: bool = False
    ticks: list[Tick]


class Mark(Part):
    """A line at a value; `settings`: the settings that it holds for, if not for all."""

    value: Number
    label: str
    settings: dict[str, list[Any]] = {}


class State(Part):
    """A state of a network that gives its dot a colour."""

    flag: Flag
    label: str


class Grid(Part):
    """A committed sweep that is shown as a map, and the parameters along its sides."""

    name: str
    x: str
    y: str


class PageOnly(Part):
    """A parameter whose numbers the experiment lacks, and what makes it take them in Python."""

    name: str
    python: str
    remark: str


class Scene(Part):
    """A scene of the page.

    Attributes:
        hint: what to look for.
        sentence: what is told of the networks; {a+b} counts those that are both, {mean} is a
            percentage.
        learned: between which values a network has learned.
        horizon: the parameter that says how long a network trains.
        unit: name of a step.
        steps_each: steps of each of the horizon's units.
        first: the number of the step that is the first.
        looks: the steps that networks are looked at, below the last, which always is.
        settings: what differs at first from the study's own settings.
        smaller: parameters in which the page's networks are smaller than any of the study's.
        beside: the settings of a second network for each seed, to compare with.
        seeds: how many one can ask for; and how many it is at first.
        wave: how many networks a worker trains side by side.
        alive: what a dot is that is in none of the states.
        states: the first that a network is in gives its dot a colour.
        digits: it trains on the images that the page carries.
        note: what is smaller here than in the study.
        other: how the study's run of a seed is another than the page's.
    """

    hint: str
    sentence: str
    learned: tuple[float, float] = (0, 0)
    horizon: str
    unit: str
    steps_each: int = 1
    first: int = 0
    looks: list[int]
    settings: dict[str, Any] = {}
    smaller: list[str] = []
    beside: dict[str, Any] | None = None
    seeds: list[int] = [20, 100, 200, 500, 1000]
    seeds_at_first: int = 100
    wave: int = 1000
    alive: str
    states: list[State]
    axis: Axis
    marks: list[Mark] = []
    controls: list[Control]
    grid: Grid | None = None
    page_only: PageOnly | None = None
    digits: bool = False
    note: str = ""
    other: str = ""

    @property
    def all_controls(self) -> list[Control]:
        """The controls, and that of the number of seeds."""
        seeds = Control(name="seeds", label="Seeds", choices=[*self.seeds])
        return [*self.controls, seeds]

    @property
    def names_posted(self) -> bool:
        """True if a choice is said to be as posted, which needs to be explained."""
        texts = (text for control in self.controls for text in control.texts.values())
        return any("as posted" in text for text in texts)

    def control(self, name: str) -> Control:
        """Return the control of a parameter."""
        return next(control for control in self.controls if control.name == name)

    @property
    def free(self) -> list[str]:
        """The parameters in which a study's variant may differ from the page and still be shown."""
        return [self.horizon, *self.smaller]

    def data(self, name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the page's script needs of it."""
        shown = {"hint", "controls", "alive", "seeds", "note", "other", "seeds_at_first", "grid"}
        return self.model_dump(exclude=shown) | {
            "name": name,
            "defaults": defaults,
            "forms": [[place, _fill(form, name, self.digits)] for place, form in FORMS.items()],
            "settings": {**defaults, **self.settings, "seeds": self.seeds_at_first},
            "controls": [
                {
                    "name": control.name,
                    "values": control.values,
                    "texts": [control.text(value) for value in control.values],
                    "written": [control.written(value) for value in control.values],
                }
                for control in self.all_controls
            ],
        }


@cache
def load_scenes() -> dict[str, Scene]:
    """Return the scenes by the names of their threads, in the order of the page."""
    described = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Scene.model_validate(scene) for name, scene in described.items()}


def _fill(form: str, thread: str, digits: bool) -> str:
    """Return a form of a thread, which may need to be told the page's data."""
    data = '    data="mnist5k",\n' if "\nDATA" in form else " --data mnist5k"
    return form.replace("THREAD", thread).replace("DATA", data if digits else "")


def _text(value: Any) -> str:
    """Return a value of a parameter as a text, short: 1e-7, 0.003, 65,025, 1/65,025."""
    if isinstance(value, str):
        return re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", words(value))
    return f"{value:.0e}".replace("e-0", "e-") if 0 < value < 1e-3 else f"{value:,}"
