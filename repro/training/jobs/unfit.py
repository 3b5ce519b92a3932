"""The reason for which another process does not train; it can be sent."""


class Unfit(Exception):
    """Another process can't train what this one would; the message says why."""
