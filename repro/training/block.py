"""A block: seeds that train at once, and the graphs that train and evaluate them."""

from collections.abc import Sequence
from threading import Event

import keras
import tensorflow as tf

from repro.training import fusible
from repro.training.building import State
from repro.training.feeding.arrays import Arrays
from repro.training.feeding.batches import Batches
from repro.training.feeding.reading import Reader
from repro.training.fused import FusedSeeds, Logs
from repro.training.generators import Generators
from repro.training.job import Job, short_job
from repro.training.passes import ArrayPass, BatchPass
from repro.training.step import averages


class NotFused(Exception):
    """The reason that seeds can't be trained at once."""


class Block:
    """Seeds that train at once, with the graphs that train and evaluate them.

    Args:
        job: what to train.
        models: one a seed.
        reader: of a data set that another block has begun to read; None: from the beginning.

    Raises:
        NotFused: if a graph depends on more than the seeds' variables and the data.
    """

    def __init__(self, job: Job, models: Sequence[keras.Model], reader: Reader | None = None):
        self.job = job
        self.reader = reader
        if reader is None and isinstance(job.data, Batches):
            self.reader = job.data.reader(anew=not job.callbacks)
        job.blueprint.make_metrics(models[0])
        self.seeds = FusedSeeds(models)
        generators = Generators.at_present()
        try:
            self._build()
        except NotFused:
            raise
        except Exception:
            if not self.seeds.step.is_plain:
                raise
            self.seeds = FusedSeeds(models, gradients_at_once=True)
            self._build()
        if generator := generators.drawn_from():  # the graph holds one seed's numbers as constants
            raise NotFused(f"its graph holds numbers that are drawn from {generator}")

    def _build(self) -> None:
        job = self.job
        self._train = self._pass(job.data, job.batch_size, training=True)
        self._test = None
        if job.validation is not None:
            size = job.validation_batch_size
            self._test = self._pass(job.validation, size, training=False)

    def take(self, job: Job) -> None:
        """Train another job of the same graphs, on arrays of the same shapes."""
        self.job = job
        for run, data in ((self._train, job.data), (self._test, job.validation)):
            if isinstance(run, ArrayPass) and isinstance(data, Arrays):
                run.take(data)

    def train(self, seeds: Sequence[int], epoch: int, stop: Event | None = None) -> Logs:
        """Train one epoch, counted from 0; return each metric's values, shape (seeds, …).

        Raises:
            InterruptedError: once `stop` is set.
        """
        if isinstance(self._train, BatchPass):
            return self._train.run()
        return self._train.run(self.job.orders(seeds, epoch), stop=stop)

    def test(self) -> Logs:
        """Evaluate on the validation data; the names begin with `val_`."""
        if isinstance(self._test, ArrayPass):
            logs = self._test.run(steps=self.job.validation_steps)
        else:
            logs = self._test.run()  # type: ignore[union-attr]  # asked for with validation data
        return {f"val_{name}": values for name, values in logs.items()}

    def finished(self) -> list[State]:
        """Return each seed's state, its weights averaged where the optimizer says so."""
        if averages(self.seeds.step.model.optimizer):
            tf.function(self.seeds.finalize, autograph=False)()
        return self.seeds.state()

    def first_steps(self, seeds: Sequence[int]) -> tuple[Logs, list[Job]]:
        """Take the first steps, training and evaluating: a full batch, and the last one.

        Returns:
            Their logs, and for each seed the job by which `fit` takes the same steps.
        """
        job, test = self.job, self._test
        orders = None if isinstance(job.data, Batches) else [job.order(seed, 1) for seed in seeds]
        logs, data = self._train.first_steps(orders)
        epochs = 1
        if isinstance(job.data, Arrays) and job.data.n <= job.batch_size:
            epochs, (logs, data) = 2, self._train.first_steps(orders)
        validation: Arrays | Batches | None = None
        if test is not None:
            tested, (validation,) = test.first_steps()
            logs |= {f"val_{name}": values for name, values in tested.items()}
        jobs = [short_job(job, piece, validation, epochs) for piece in data]
        return logs, jobs if len(jobs) > 1 else jobs * len(seeds)

    def _pass(self, data: Arrays | Batches, size: int, *, training: bool) -> ArrayPass | BatchPass:
        if isinstance(data, Batches):
            reader = (self.reader if training else None) or Reader(
                data.adapter(data.fed(anew=not self.job.callbacks)),
                data.steps,
                goes_on=False,
                looked_at=data.opened.look() if data.is_python else None,
            )
            run: ArrayPass | BatchPass = BatchPass(self.seeds, reader, training=training)
        else:
            shared = not training or self.job.shares_batches
            run = ArrayPass(
                self.seeds, data, batch_size=size, training=training, batch_is_shared=shared
            )
        if reason := fusible.why_graph_not_fused(run.graph, self.seeds):
            raise NotFused(reason)
        return run
