"""The folders of study files and results; light to import, for `--help`."""

from pathlib import Path

RESULTS = Path("results")  # in the folder that a command is called in
STUDY_BYTES = 2**20  # that a study file has at most


def studies_folder() -> Path:
    """Return `experiments/`: in a checkout beside the package, in an installation inside it."""
    package = Path(__file__).parent.parent
    beside = package.parent / "experiments"
    return beside if beside.is_dir() else package / "experiments"


def study_names() -> list[str]:
    """Return the names of all studies."""
    return sorted(path.stem for path in studies_folder().glob("*.toml"))
