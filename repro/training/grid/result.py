"""The result of `fit_grid`: one tidy frame, and a `SeedsFit` for each cell."""

from dataclasses import dataclass
from typing import Any

import keras
import pandas as pd

from repro.training.grid.settings import Settings, equal, nearest, shown
from repro.training.result import SeedsFit

SHOWN = 12  # values of a setting in a message


@dataclass(frozen=True, repr=False)
class GridFit:
    """The result of `fit_grid`: the history of all cells, and their fits.

    Attributes:
        frame: one row per cell, seed and epoch: a column for each setting, then `seed`, `epoch`
            and the entries of Keras' history, as in `SeedsFit.frame`.
        settings: each cell's, in the order of the frame.
        fits: each cell's `SeedsFit`, in that order.

    Examples:
        `grid` as in `fit_grid`:

        >>> grid.frame.groupby(["learning_rate", "units"]).size().tolist()
        [8, 8, 8, 8]
        >>> grid.settings[1]
        {'learning_rate': 0.01, 'units': 4}
    """

    frame: pd.DataFrame
    settings: list[Settings]
    fits: list[SeedsFit]

    @property
    def one_at_a_time(self) -> str | None:
        """The reason that some seeds were trained one at a time; None if there were none."""
        return next((fit.one_at_a_time for fit in self.fits if fit.one_at_a_time), None)

    @property
    def one_process(self) -> str | None:
        """The reason that this process trained in place of others; None if it did not."""
        return next((fit.one_process for fit in self.fits if fit.one_process), None)

    def fit(self, **settings: Any) -> SeedsFit:
        """Return a cell's fit, which predicts, evaluates, resumes and is saved by itself.

        Args:
            settings: the cell's; those of a single value may be left out.

        Raises:
            TypeError: if settings are missing, or there are no such.
            KeyError: if there is no such cell.

        Examples:
            >>> grid.fit(learning_rate=0.01, units=4).seeds
            [0, 1, 2, 3]
        """
        return self.fits[self._place(settings)]

    def model(self, seed: int, **settings: Any) -> keras.Model:
        """Return the trained model of a seed and a cell; raises as `fit` does.

        Examples:
            >>> grid.model(seed=3, learning_rate=0.01, units=4).count_params()
            17
        """
        return self.fit(**settings).model(seed)

    def summary(self) -> pd.DataFrame:
        """Return one row per cell and metric: the settings, then as `SeedsFit.summary` has it.

        Examples:
            >>> grid.summary().columns.tolist()[:4]
            ['learning_rate', 'units', 'metric', 'mean']
        """
        return with_settings(self.settings, [fit.summary().reset_index() for fit in self.fits])

    def __repr__(self) -> str:
        """Say what was trained."""
        names = ", ".join(self.settings[0])
        return f"<GridFit: {len(self.fits)} cells of {names}, {len(self.fits[0].seeds)} seeds each>"

    def _place(self, settings: Settings) -> int:
        values = {name: [cell[name] for cell in self.settings] for name in self.settings[0]}
        if unknown := sorted(set(settings) - set(values)):
            raise TypeError(
                f"the grid has no {', '.join(unknown)}{nearest(unknown, values)}; "
                f"it has {', '.join(values)}"
            )
        vary = [n for n, own in values.items() if not all(equal(own[0], v) for v in own)]
        if missing := [name for name in vary if name not in settings]:
            raise TypeError(f"which cell? give {', '.join(missing)}, too")
        for place, cell in enumerate(self.settings):
            if all(equal(cell[name], value) for name, value in settings.items()):
                return place
        known = "; ".join(f"{name}: {_in_a_row(values[name])}" for name in settings)
        raise KeyError(f"no cell of {settings}; the grid has {known}")


def _in_a_row(values: list[Any]) -> str:
    texts = list(dict.fromkeys(f"{value!r:.40}" for value in values))
    rest = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + rest


def with_settings(cells: list[Settings], frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the cells' frames as one, with a column a setting in front.

    Keras may log what is called as a setting, such as a learning rate that callbacks change.
    """
    parts = []
    for cell, frame in zip(cells, frames, strict=True):
        columns = {name: [shown(value)] * len(frame) for name, value in cell.items()}
        own = frame.reset_index(drop=True).rename(columns={n: f"logged_{n}" for n in cell})
        parts.append(pd.concat([pd.DataFrame(columns), own], axis=1))
    return pd.concat(parts, ignore_index=True)
