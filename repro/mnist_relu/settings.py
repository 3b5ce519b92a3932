"""The settings of thread 002; `repro.mnist_relu.experiment` says what the words mean."""

from dataclasses import dataclass
from typing import Literal

HiddenActivation = Literal["sigmoid", "relu", "leaky_relu", "tanh"]
OutputActivation = Literal["softmax", "relu"]
Optimizer = Literal["sgd", "momentum", "rmsprop", "adam"]
Initializer = Literal["glorot_uniform", "he_normal"]


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The images, and how the network gets them; the defaults are as posted."""

    data: str = "mnist"
    input_scale: float = 1.0
    standardize: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of the experiment; the defaults are the thread's sigmoid network.

    Raises:
        ValueError: as the experiment does.
    """

    pixels: Pixels = Pixels()
    epochs: int = 15
    batch_size: int = 100
    hidden_activation: HiddenActivation = "sigmoid"
    output_activation: OutputActivation = "softmax"
    hidden_units: int = 100
    optimizer: Optimizer = "sgd"
    learning_rate: float = 0.01
    first_layer_rate: float = 1.0
    first_layer_init: float = 1.0
    initializer: Initializer = "glorot_uniform"
    clip_output: bool = False
    batch_normalization: bool = False
    dropout: float = 0.0
    gradient_clipnorm: float = 0.0

    def __post_init__(self) -> None:
        if self.first_layer_rate != 1 and self.optimizer not in ("sgd", "momentum"):
            raise ValueError(
                f"first_layer_rate needs optimizer sgd or momentum, got {self.optimizer}"
            )
