"""The settings of thread 001; `repro.relu_at_zero.experiment` says what the words mean."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from repro.relu_at_zero.posted import DERIVATIVE, Repair
from repro.training.checks import check_positive

PrecisionName = Literal["float64", "float32", "float16"]
Choice = Literal["zero", "half", "one"]
Activation = Literal["relu", "sigmoid"]
Backward = Literal["multiply", "assign", "left_out", "sigmoid"]
AtKink = Literal["multiply", "assign"]
Inputs = Literal["gaussian", "zero_sample", "integers"]
Bias = Literal["column", "zero_start", "none"]
Engine = Literal["compiled", "keras"]
Biases = Literal["uniform", "zeros", "dead_first"]


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """The parameters of the experiment `snippet`; the defaults are the thread's.

    Raises:
        ValueError: as the experiment does.
    """

    precision: PrecisionName = "float64"
    activation: Activation = "relu"
    at_zero: Choice = "one"
    backward: Backward = "multiply"
    lacking: Repair = "none"
    inputs: Inputs = "gaussian"
    bias: Bias = "column"
    kink: float = 0.0
    shared_data: bool = False
    engine: Engine = "compiled"
    steps: int = 200
    learning_rate: float = 0.002

    @property
    def logged(self) -> NDArray[np.int64]:
        """The steps that are looked at: the first, a quarter, the last."""
        return np.unique([1, -(-self.steps // 4), self.steps])

    @property
    def derivative(self) -> float:
        """ReLU'(0)."""
        return DERIVATIVE[self.at_zero]

    @property
    def has_kink(self) -> bool:
        """True if the derivative at zero plays a part."""
        return self.activation == "relu" and self.backward in ("multiply", "assign")

    @property
    def is_posted(self) -> bool:
        """True if a repair is lacking without which the snippet can stop."""
        return self.lacking not in ("none", "seed_first")

    def __post_init__(self) -> None:
        check_positive(steps=self.steps, learning_rate=self.learning_rate)
        choices = (self.precision, self.inputs, self.bias, self.activation, self.shared_data)
        posted = ("float64", "gaussian", "column", "relu", False)
        if self.is_posted and (*choices, self.engine) != (*posted, "compiled"):
            raise ValueError(
                f'lacking = "{self.lacking}" runs the posted lines, which have no precision, '
                "inputs, bias, activation, shared_data or engine to choose: leave these out"
            )
        if self.lacking == "seed_first" and self.shared_data:
            raise ValueError(
                'lacking = "seed_first" draws new data in every run: leave out shared_data'
            )
        if self.engine == "keras" and (not self.shared_data or self.backward != "multiply"):
            raise ValueError('engine "keras" needs shared_data = true and backward = "multiply"')
        if self.activation == "sigmoid" and self.backward in ("assign", "sigmoid"):
            raise ValueError(
                f'backward = "{self.backward}" is for activation = "relu": leave one of them out'
            )
        if not self.has_kink and (self.at_zero, self.kink) != ("one", 0.0):
            raise ValueError(
                "without ReLU's derivative there is none at zero: leave out at_zero and kink"
            )


@dataclass(frozen=True, kw_only=True)
class MnistMlp:
    """The parameters of the experiment `mnist_mlp`; the defaults are a network of the paper.

    Raises:
        ValueError: for a size that is not positive.
    """

    data: str = "mnist"
    precision: PrecisionName = "float64"
    at_zero: Choice = "one"
    backward: AtKink = "multiply"
    hidden_layers: int = 3
    hidden_units: int = 256
    biases: Biases = "uniform"
    batch_size: int = 256
    accumulated: bool = False

    @property
    def widths(self) -> list[int]:
        """Units of each layer, from the inputs to the outputs."""
        return [784, *[self.hidden_units] * self.hidden_layers, 10]

    def __post_init__(self) -> None:
        check_positive(
            hidden_layers=self.hidden_layers,
            hidden_units=self.hidden_units,
            batch_size=self.batch_size,
        )
