"""The settings of thread 004; `repro.four_layers.experiment` says what the words mean."""

from dataclasses import dataclass
from typing import Literal

from repro.four_layers.posted import WIDTHS
from repro.training.checks import check_positive

HiddenActivation = Literal["sigmoid", "relu", "leaky_relu", "maxout"]
OutputActivation = Literal["sigmoid", "relu", "leaky_relu", "linear"]
Backpropagation = Literal["posted", "output_mended", "hidden_mended", "true"]
Loss = Literal["squared", "cross_entropy"]
Initializer = Literal["book", "he_normal"]
Engine = Literal["compiled", "keras"]

PIECES = 2  # linear pieces of a maxout unit


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters of the experiment; the defaults are the thread's ReLU network.

    Raises:
        ValueError: as the experiment does.
    """

    data: str = "mnist"
    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    leaky_slope: float = 0.01
    backpropagation: Backpropagation = "posted"
    loss: Loss = "squared"
    initializer: Initializer = "book"
    bias: bool = False
    learning_rate: float = 0.1
    momentum: float = 0.0
    images: int = 60_000
    epochs: int = 1
    learned_above: float = 0.5
    twin: float = 0.0
    engine: Engine = "compiled"

    @property
    def activations(self) -> tuple[str, str, str]:
        """The name of each layer's activation."""
        return self.hidden_activation, self.hidden_activation, self.output_activation

    @property
    def columns(self) -> list[int]:
        """The number of weighted sums of each layer."""
        pieces = PIECES if self.hidden_activation == "maxout" else 1
        return [WIDTHS[1] * pieces, WIDTHS[2] * pieces, WIDTHS[3]]

    @property
    def mended(self) -> tuple[bool, bool]:
        """Flags: errors carry the second hidden layer's derivative, and the output's."""
        choice = self.backpropagation
        return choice in ("hidden_mended", "true"), choice in ("output_mended", "true")

    def __post_init__(self) -> None:
        check_positive(images=self.images, epochs=self.epochs, learning_rate=self.learning_rate)
        if self.loss == "cross_entropy" and self.output_activation != "sigmoid":
            raise ValueError('loss "cross_entropy" needs output_activation = "sigmoid"')
        if self.engine == "keras" and self.backpropagation != "true":
            raise ValueError('engine "keras" needs backpropagation = "true"')
        if self.engine == "keras" and self.twin:
            raise ValueError('engine "keras" trains no twin')
