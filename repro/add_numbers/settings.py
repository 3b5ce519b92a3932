"""The settings of thread 003; `repro.add_numbers.experiment` says what the words mean."""

from dataclasses import dataclass
from itertools import count
from typing import Literal

from repro.training.checks import check_positive
from repro.training.loops.logged import logged_steps

HiddenActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh"]
OutputActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "linear"]
Initializer = Literal["normal", "he_normal"]
UnitSigns = Literal["drawn", "flipped"]
BiasInitializer = Literal["normal", "zeros"]
BiasUpdate = Literal["posted", "gradient"]
ErrorWeights = Literal["updated", "current"]
Engine = Literal["compiled", "keras"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of the experiment; the defaults are the thread's ReLU network.

    Raises:
        ValueError: as the experiment does.
    """

    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    leaky_slope: float = 0.01
    hidden_units: int = 4
    hidden_layers: int = 2
    initializer: Initializer = "normal"
    unit_signs: UnitSigns = "drawn"
    bias_initializer: BiasInitializer = "normal"
    bias_update: BiasUpdate = "posted"
    error_weights: ErrorWeights = "updated"
    target_scale: float = 1.0
    learning_rate: float = 0.01
    hidden_rate_factor: float = 1.0
    momentum: float = 0.0
    epochs: int = 5000
    engine: Engine = "compiled"

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, then the units of each layer."""
        return (2, *[self.hidden_units] * self.hidden_layers, 1)

    @property
    def activations(self) -> tuple[str, ...]:
        """The name of each layer's activation."""
        return (*[self.hidden_activation] * self.hidden_layers, self.output_activation)

    @property
    def logged(self) -> list[int]:
        """The epochs that are looked at: 1, 3, 10, 30, 100, ..., and the last."""
        return logged_steps((step * 10**i for i in count() for step in (1, 3)), self.epochs)

    def __post_init__(self) -> None:
        check_positive(epochs=self.epochs)
        needed = ("gradient", "current", 1.0)
        chosen = (self.bias_update, self.error_weights, self.hidden_rate_factor)
        if self.engine == "keras" and chosen != needed:
            raise ValueError(
                'engine "keras" needs bias_update "gradient", error_weights "current" and '
                f"hidden_rate_factor 1, got {chosen}"
            )
