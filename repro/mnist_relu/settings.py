"""The settings of thread 002; `repro.mnist_relu.experiment` says what the words mean."""

from dataclasses import dataclass, fields
from typing import Any, Literal

HiddenActivation = Literal["sigmoid", "relu", "leaky_relu", "tanh"]
OutputActivation = Literal["softmax", "relu"]
OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam"]
Initializer = Literal["glorot_uniform", "he_normal"]
Frozen = Literal["nothing", "hidden", "hidden_weights", "hidden_biases"]


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The images, and how the network gets them; the defaults are as posted."""

    data: str = "mnist"
    input_scale: float = 1.0
    standardize: bool = False


@dataclass(frozen=True, kw_only=True)
class Updates:
    """The optimizer, with what Keras would choose by itself; the defaults are Keras'."""

    optimizer: OptimizerName = "sgd"
    learning_rate: float = 0.01
    early_rate: float = 0.01
    early_epochs: int = 0
    momentum: float = 0.9
    rmsprop_rho: float = 0.9
    adam_beta_1: float = 0.9
    adam_beta_2: float = 0.999
    optimizer_epsilon: float = 1e-7
    gradient_clipnorm: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of the experiment; the defaults are the thread's sigmoid network.

    Raises:
        ValueError: as the experiment does.
    """

    pixels: Pixels = Pixels()
    updates: Updates = Updates()
    epochs: int = 15
    batch_size: int = 100
    steps_per_epoch: int = 0
    hidden_activation: HiddenActivation = "sigmoid"
    leaky_slope: float = 0.01
    output_activation: OutputActivation = "softmax"
    cross_entropy_epsilon: float = 1e-7
    hidden_units: int = 100
    first_layer_rate: float = 1.0
    first_layer_init: float = 1.0
    second_layer_rate: float = 1.0
    frozen: Frozen = "nothing"
    initializer: Initializer = "glorot_uniform"
    clip_output: bool = False
    batch_normalization: bool = False
    batchnorm_momentum: float = 0.99
    batchnorm_epsilon: float = 1e-3
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for layer in ("first", "second"):
            linear = self.updates.optimizer in ("sgd", "momentum")
            if getattr(self, f"{layer}_layer_rate") != 1 and not linear:
                raise ValueError(
                    f"{layer}_layer_rate needs optimizer sgd or momentum, "
                    f"got {self.updates.optimizer}"
                )


def make_settings(**parameters: Any) -> Settings:
    """Return the settings of an experiment's parameters, in their three groups."""

    def group(kind: type[Pixels | Updates | Settings]) -> dict[str, Any]:
        return {f.name: parameters[f.name] for f in fields(kind) if f.name in parameters}

    pixels, updates = Pixels(**group(Pixels)), Updates(**group(Updates))
    return Settings(pixels=pixels, updates=updates, **group(Settings))
