"""`python -m bench.scale_out`: runs a minute over 1 and 2 workers, and the cost of a block.

The study is thread 003's posted ReLU network, blocks of 250 seeds, on processes of this machine and
on a dask cluster over loopback; the clock starts when the first block is in, so that neither the
start of workers nor their compiling counts. What a block costs beside its training is timed apart.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pandas as pd
import psutil

from bench.contest import show
from repro.running.pool import Pool, make_pool
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block, Plan, make_plan
from repro.study.schema import load_study

STUDY, VARIANT = "add_numbers", "relu_posted"
RESULTS = Path(__file__).parent / "results" / "scale_out.csv"


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """Start a dask cluster on loopback; yield its scheduler's file and process."""
    file = folder / f"{workers}.json"
    dask = [sys.executable, "-m", "dask"]
    common = ["--scheduler-file", str(file), "--dashboard-address", "127.0.0.1:0"]
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *common],
        *[[*dask, "worker", "--nthreads", "1", "--no-nanny", *common]] * workers,
    ]
    started = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    try:
        while not file.exists():
            time.sleep(0.1)
        time.sleep(5)  # until all workers are there
        yield file, psutil.Process(started[0].pid)
    finally:
        for process in started:
            process.terminate()
            process.wait()


def plan(blocks: int, override: dict[str, Any] | None = None) -> Plan:
    """Return so many blocks of seeds."""
    study = load_study(STUDY)
    seeds = range(blocks * study.block)
    return make_plan(study, seeds=seeds, variants=[VARIANT], override=override)


def runs_per_minute(pool: Pool, blocks: int, warm: int) -> float:
    """Return the rate at which a pool's runs are stored, after the first `warm` blocks."""
    planned = plan(blocks + warm).blocks
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store, pool:
        for count, (block, result) in enumerate(pool.train(STUDY, None, planned), start=1):
            store.add(block, stored(result))
            if count == warm:
                start = time.perf_counter()
        return blocks * len(planned[0].seeds) * 60 / (time.perf_counter() - start)


def stored(result: list[StoredRun] | Exception) -> list[StoredRun]:
    """Return a block's runs; raise what it raised."""
    if isinstance(result, Exception):
        raise result
    return result


def block_seconds(file: Path, scheduler: psutil.Process, blocks: int) -> dict[str, float]:
    """Return the seconds that a block costs beside its training, by where.

    Blocks of one epoch on one worker. `round trip`: what a worker waits from one block to the
    next. The others are work for each block of all workers together: processor time of the driver
    and of the scheduler, and the driver's store, which waits for the disk.
    """
    planned = plan(blocks, {"epochs": 1}).blocks
    driver = psutil.Process()
    marks: list[tuple[float, float, float]] = []
    results: list[tuple[Block, list[StoredRun]]] = []
    with make_pool(scheduler_file=file) as pool:
        for block, result in pool.train(STUDY, None, planned):
            results.append((block, stored(result)))
            marks.append((time.perf_counter(), busy(driver), busy(scheduler)))
    trained = sum(run.seconds for _, runs in results[1:] for run in runs)
    total, own, hub = (b - a for a, b in zip(marks[0], marks[-1], strict=True))
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        start = time.perf_counter()
        for block, runs in results[1:]:
            store.add(block, runs)
        write = time.perf_counter() - start
    parts = {"round trip": total - trained, "driver": own, "scheduler": hub, "store": write}
    return {part: seconds / (len(results) - 1) for part, seconds in parts.items()}


def busy(process: psutil.Process) -> float:
    """Return the seconds of processor time that a process has taken."""
    times = process.cpu_times()
    return times.user + times.system


@click.command()
@click.option("--blocks", default=60, show_default=True, type=click.IntRange(min=10))
def main(blocks: int) -> None:
    """Time both kinds of workers and the driver's part; print and keep the table."""
    os.environ["KERAS_BACKEND"] = "tensorflow"  # part of the fingerprint that workers must share
    rows: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        for workers in (1, 2):
            rate = runs_per_minute(make_pool(workers), blocks, warm=2 * workers)
            rows.append((f"runs a minute, {workers} on this machine", rate))
            with cluster(workers, Path(name)) as (file, scheduler):
                pool = make_pool(scheduler_file=file)
                rate = runs_per_minute(pool, blocks, warm=2 * workers)
                rows.append((f"runs a minute, {workers} on dask", rate))
                if workers == 1:
                    parts = block_seconds(file, scheduler, blocks)
    rows += [(f"ms a block, {part}", 1000 * seconds) for part, seconds in parts.items()]
    rows.append(("blocks a second, at most", 1 / (parts["driver"] + parts["store"])))
    table = pd.DataFrame(rows, columns=["measured", "value"])
    table["value"] = [float(f"{value:.3g}") for value in table["value"]]
    table.to_csv(RESULTS, index=False)
    show(table)


if __name__ == "__main__":
    main()
