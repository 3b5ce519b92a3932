"""Checks of settings that several experiments share."""


def check_positive(**values: float) -> None:
    """Raise ValueError, naming it, for a value that is not above zero."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
