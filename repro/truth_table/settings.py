"""The settings of thread 000; `repro.truth_table.experiment` says what the words mean."""

from dataclasses import dataclass
from typing import Literal

from repro.training.checks import check_positive
from repro.training.loops.logged import logged_steps

HiddenActivation = Literal["sigmoid", "relu", "leaky_relu"]
OutputActivation = Literal["sigmoid", "relu", "leaky_relu", "linear"]
Backpropagation = Literal["posted", "verbatim", "answer", "answer_returned", "true"]
Initializer = Literal["uniform", "he_normal"]
Engine = Literal["compiled", "numpy", "keras"]

SCHEDULE = (1, 2, 10, 100, 1_000, 10_000, 100_000)
TRAINS: dict[str, tuple[str, ...]] = {  # which backpropagation an engine can train with
    "compiled": ("posted", "true"),
    "numpy": ("posted", "verbatim", "answer", "answer_returned"),
    "keras": ("true",),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of the experiment; the defaults are the thread's sigmoid network.

    Raises:
        ValueError: as the experiment does.
    """

    hidden_activation: HiddenActivation = "sigmoid"
    output_activation: OutputActivation = "sigmoid"
    leaky_slope: float = 0.01
    backpropagation: Backpropagation = "posted"
    bias: bool = False
    learning_rate: float = 1.0
    initializer: Initializer = "uniform"
    iterations: int = 500_000
    learned_below: float = 0.05
    every_step: bool = False
    engine: Engine = "compiled"

    @property
    def logged(self) -> list[int]:
        """The steps that are looked at."""
        if self.every_step:
            return list(range(1, self.iterations + 1))
        return logged_steps(SCHEDULE, self.iterations)

    def slope(self, name: str) -> float:
        """Return the slope below zero of an activation function that is not the sigmoid."""
        return {"relu": 0.0, "leaky_relu": self.leaky_slope, "linear": 1.0}[name]

    def __post_init__(self) -> None:
        check_positive(learning_rate=self.learning_rate, iterations=self.iterations)
        if self.backpropagation not in TRAINS[self.engine]:
            engines = [engine for engine, known in TRAINS.items() if self.backpropagation in known]
            raise ValueError(
                f'engine "{self.engine}" can\'t train with backpropagation '
                f'"{self.backpropagation}", which needs {" or ".join(engines)}'
            )
        names = {self.hidden_activation, self.output_activation}
        if self.backpropagation != "true" and (foreign := names - {"sigmoid", "relu"}):
            raise ValueError(
                f'the thread has no {", ".join(sorted(foreign))}: give backpropagation = "true", '
                f'not "{self.backpropagation}"'
            )
        if self.backpropagation.startswith("answer") and "relu" not in names:
            raise ValueError(f'backpropagation "{self.backpropagation}" needs a layer with relu')
