"""Names of the tables, the study files and the results folders as readers see them."""

import pandas as pd

LANGUAGES = {"en": "English", "pt": "Portuguese", "zh": "Chinese"}
NO_VERDICT = "not judged"  # of a claim that quotes a number for other data than the runs had
CAPTIONS = {  # of the figures in a results folder
    "fixes": "the failing network, its reference as a line, and the fixes by what they recover",
    "runs": "every run, or the share of runs that do; in groups, the best first",
    "learning_curves": "the variants that matter as training goes on: medians over seeds, and the "
    "middle 80\N{NO-BREAK SPACE}%",
    "mechanism": "why",
}


def words(name: str) -> str:
    """Return the name of a column, a parameter or a thread as words."""
    return name.replace("_", " ")


def counted(count: int, noun: str) -> str:
    """Return how many of something there are, in words.

    Examples:
        >>> from repro.findings.wording import counted
        >>> counted(1, "epoch"), counted(3, "epoch"), counted(1728, "run")
        ('1 epoch', '3 epochs', '1,728 runs')
    """
    return f"{count:,} {plural(noun, count)}"


def plural(noun: str, count: int) -> str:
    """Return a noun as it stands behind a count."""
    return noun if count == 1 else f"{noun}s"


def language(code: str) -> str:
    """Return a language's English name, or its code where it is not known."""
    return LANGUAGES.get(code, code)


def verdict_name(verdict: object) -> str:
    """Return a cell of the claims table as text; it is empty or NaN if there is no verdict."""
    return NO_VERDICT if pd.isna(verdict) or not verdict else str(verdict)
