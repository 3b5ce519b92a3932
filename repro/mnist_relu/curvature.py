"""The curvature of thread 002's loss: the largest eigenvalue of its Gauss-Newton matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
TOLERANCE = 1e-2  # relative; the largest eigenvalue stands far apart, and converges in few products
BASIS = 6  # vectors that the method keeps


@dataclass(frozen=True)
class GaussNewton:
    """The Gauss-Newton matrix of the mean cross-entropy of a network with one hidden layer.

    It is the mean over images of J'HJ: J has the derivatives of the output layer's sums by all
    weights and biases, H is the second derivative of softmax cross-entropy by the sums. A step of
    gradient descent along its first eigenvector overshoots at rates above 2 over its largest
    eigenvalue. It is never built: only its product with a vector is.

    Attributes:
        x: inputs (n, features).
        hidden: activations (n, units).
        slopes: the activation's derivatives (n, units).
        output_kernel: the output layer's weights (units, 10).
        probabilities: the network's outputs (n, 10).
    """

    x: Array
    hidden: Array
    slopes: Array
    output_kernel: Array
    probabilities: Array

    @property
    def size(self) -> int:
        """The number of weights and biases."""
        units, outputs = self.output_kernel.shape
        return (self.x.shape[1] + 1) * units + (units + 1) * outputs

    def product(self, vector: Array) -> Array:
        """Return the matrix times a vector (size,)."""
        kernel, bias, output_kernel, output_bias = self._parts(vector.astype(self.x.dtype))
        change = self.slopes * (self.x @ kernel + bias)
        sums = change @ self.output_kernel + self.hidden @ output_kernel + output_bias
        p = self.probabilities
        pull = p * (sums - (p * sums).sum(axis=1, keepdims=True)) / len(p)
        back = self.slopes * (pull @ self.output_kernel.T)
        parts = (self.x.T @ back, back.sum(axis=0), self.hidden.T @ pull, pull.sum(axis=0))
        return np.concatenate([part.ravel() for part in parts])

    def largest_eigenvalue(self, tolerance: float = TOLERANCE) -> float:
        """Return the largest eigenvalue, by Lanczos' method.

        Args:
            tolerance: relative.
        """
        from scipy.sparse.linalg import LinearOperator, eigsh

        matrix = LinearOperator((self.size, self.size), matvec=self.product, dtype=self.x.dtype)
        start = np.ones(self.size, self.x.dtype)
        (value,) = eigsh(matrix, k=1, ncv=BASIS, v0=start, tol=tolerance, return_eigenvectors=False)
        return float(value)

    def _parts(self, vector: Array) -> tuple[Array, Array, Array, Array]:
        features, (units, outputs) = self.x.shape[1], self.output_kernel.shape
        ends = np.cumsum([features * units, units, units * outputs])
        kernel, bias, output_kernel, output_bias = np.split(vector, ends)
        return (
            kernel.reshape(features, units),
            bias,
            output_kernel.reshape(units, outputs),
            output_bias,
        )


def gauss_newton(
    x: Array,
    weights: list[Array],
    *,
    activation: str,
    leaky_slope: float = 0.0,
    gain: float = 1.0,
) -> GaussNewton:
    """Return the matrix at some weights.

    Args:
        x: inputs (n, features).
        weights: kernel and bias of the hidden layer, then of the output layer.
        activation: of the hidden layer.
        leaky_slope: below zero, of `leaky_relu`.
        gain: factor on the hidden activations before the output layer.
    """
    kernel, bias, output_kernel, output_bias = weights
    activated = _activate(x @ kernel + bias, activation, np.float32(leaky_slope))
    hidden, slopes = (np.float32(gain) * values for values in activated)
    sums = hidden @ output_kernel + output_bias
    exponentials = np.exp(sums - sums.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return GaussNewton(
        x=x,
        hidden=hidden,
        slopes=slopes,
        output_kernel=output_kernel,
        probabilities=probabilities,
    )


def _activate(z: Array, activation: str, leaky_slope: np.float32) -> tuple[Array, Array]:
    """Return activations and their derivatives."""
    match activation:
        case "sigmoid":
            half = np.tanh(z / 2)
            return (1 + half) / 2, (1 - half**2) / 4
        case "tanh":
            return np.tanh(z), 1 - np.tanh(z) ** 2
        case "leaky_relu":
            slopes = np.where(z > 0, np.float32(1), leaky_slope)
            return slopes * z, slopes
        case _:
            return np.maximum(z, 0), (z > 0).astype(z.dtype)
