"""The contenders: each trains all seeds of a task and returns the stacked weights and biases."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.peers.task import BATCH, RATE, UNITS, Array, Task, build

Weights = tuple[Array, Array, Array, Array]  # w1, b1, w2, b2, each stacked over seeds


def keras_fit(task: Task) -> Weights:
    """`keras.Model.fit`, a seed after the other, on the backend that KERAS_BACKEND says."""
    trained = []
    for seed in range(task.seeds):
        model = build()
        zeros = [np.zeros(n, "float32") for n in (UNITS, task.w2.shape[-1])]
        model.set_weights([task.w1[seed], zeros[0], task.w2[seed], zeros[1]])
        y = task.one_hot()
        for order in task.orders[seed]:
            model.fit(task.images[order], y[order], batch_size=BATCH, shuffle=False, verbose=0)
        trained.append(model.get_weights())
    return _stacked(trained)


def fit_seeds(task: Task, **jobs: Any) -> Weights:
    """`repro.fit_seeds`; its seeds give the task's first weights and orders by themselves."""
    import repro

    seeds, y = range(task.seeds), task.one_hot()
    options = {"epochs": task.epochs, "batch_size": BATCH, "verbose": 0, **jobs}
    fit = repro.fit_seeds(build, task.images, y, seeds=seeds, **options)
    return _stacked([fit.trained[seed].state[:4] for seed in seeds])


def torch_vmap(task: Task) -> Weights:
    """`torch.func`: stacked modules, their gradients mapped over seeds, a step a call."""
    import torch
    from torch import func, nn

    modules = [nn.Sequential(nn.Linear(784, UNITS), nn.ReLU(), nn.Linear(UNITS, 10))] * task.seeds
    parameters, _ = func.stack_module_state(modules)
    first = (task.w1, np.zeros((task.seeds, UNITS)), task.w2, np.zeros((task.seeds, 10)))
    shaped = (first[0].transpose(0, 2, 1), first[1], first[2].transpose(0, 2, 1), first[3])
    stacked = {
        name: torch.tensor(np.ascontiguousarray(value), dtype=torch.float32)
        for name, value in zip(parameters, shaped, strict=True)
    }
    images, digits = torch.from_numpy(task.images), torch.from_numpy(task.digits).long()

    def loss(own: Any, x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(func.functional_call(modules[0], own, (x,)), y)

    gradient = func.vmap(func.grad(loss))
    with torch.no_grad():
        for chosen in torch.from_numpy(task.batches()).long():
            change = gradient(stacked, images[chosen], digits[chosen])
            for name, value in stacked.items():
                value.sub_(change[name], alpha=RATE)
    w1, b1, w2, b2 = (value.numpy() for value in stacked.values())
    return w1.transpose(0, 2, 1), b1, w2.transpose(0, 2, 1), b2


def jax_vmap(task: Task) -> Weights:
    """JAX: all steps in one `scan`, mapped over seeds, compiled at once."""
    import jax
    import jax.numpy as jnp

    images, digits = jnp.asarray(task.images), jnp.asarray(task.digits)

    def loss(weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = weights
        logits = jnp.maximum(x @ w1 + b1, 0) @ w2 + b2
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()

    def train(weights: Any, batches: Any) -> Any:
        def step(own: Any, chosen: Any) -> Any:
            change = jax.grad(loss)(own, images[chosen], digits[chosen])
            return [w - RATE * g for w, g in zip(own, change, strict=True)], None

        return jax.lax.scan(step, weights, batches)[0]

    zeros = [jnp.zeros((task.seeds, n)) for n in (UNITS, 10)]
    first = [jnp.asarray(task.w1), zeros[0], jnp.asarray(task.w2), zeros[1]]
    batches = jnp.asarray(task.orders.reshape(task.seeds, -1, BATCH))
    w1, b1, w2, b2 = map(np.asarray, jax.jit(jax.vmap(train))(first, batches))
    return w1, b1, w2, b2


def scikit_learn(task: Task) -> Weights:
    """`MLPClassifier`, a seed after the other; weights and orders are its own."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    trained = []
    for seed in range(task.seeds):
        model = MLPClassifier(
            UNITS,
            solver="sgd",
            momentum=0,
            alpha=0,
            learning_rate_init=RATE,
            batch_size=BATCH,
            max_iter=task.epochs,
            n_iter_no_change=task.epochs + 1,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops when it is told to
            model.fit(task.images, task.digits)
        trained.append([*zip(model.coefs_, model.intercepts_, strict=True)])
    return _stacked([[a for pair in own for a in pair] for own in trained])


CONTENDERS: dict[str, Callable[[Task], Weights]] = {
    "keras.Model.fit": keras_fit,
    "keras.Model.fit on JAX": keras_fit,
    "scikit-learn's MLPClassifier": scikit_learn,
    "torch.func vmap": torch_vmap,
    "JAX vmap and scan": jax_vmap,
    "fit_seeds, n_jobs=1": lambda task: fit_seeds(task, n_jobs=1),
    "fit_seeds, n_jobs=2": lambda task: fit_seeds(task, n_jobs=2),
}


def _stacked(trained: list[list[Array]]) -> Weights:
    w1, b1, w2, b2 = (np.stack(parts) for parts in zip(*trained, strict=True))
    return w1, b1, w2, b2
