"""`python -m bench`: hold every contest, or with `--check` compare with the committed ratios."""

import sys

import click
import pandas as pd

from bench.contest import BENCHES, RESULTS, held, run, show

SLOWER = 1.2


@click.command()
@click.argument("benches", nargs=-1, type=click.Choice(BENCHES))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a ratio fell by a fifth.")
def main(benches: tuple[str, ...], check: bool) -> None:
    """Time this package against what a user would do instead; all BENCHES by default."""
    names = benches or BENCHES
    if check:
        sys.exit(any([got_slower(name) for name in names]))  # noqa: C419  # all are to be named
    show(pd.concat([run(name) for name in names], keys=names, names=["bench"]).reset_index("bench"))


def got_slower(name: str) -> bool:
    """Say which contenders' ratios fell by more than a fifth from the committed ones."""
    committed = pd.read_csv(RESULTS / f"{name}.csv")
    pairs = committed.merge(held(name), on=["job", "contender"], suffixes=("", "_now"))
    slower = pairs[pairs.times_first > SLOWER * pairs.times_first_now]
    for row in slower.itertuples():
        click.echo(
            f"{name}, {row.job}: {row.contender} was {row.times_first} times the first contender, "
            f"now {row.times_first_now}"
        )
    click.echo(f"{name}: {len(slower)} of {len(pairs)} contenders got slower by more than a fifth")
    return bool(len(slower))


if __name__ == "__main__":
    main(prog_name="python -m bench")
