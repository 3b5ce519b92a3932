"""The commands of `python -m repro`, one a module, each named `command`; loaded when asked for."""
