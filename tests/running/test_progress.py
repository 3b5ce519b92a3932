"""Several displays are told as one, and a display shows only what it overrides."""

from repro.running.progress import Displays, Progress
from repro.study.plan import Block


class Noted(Progress):
    def __init__(self):
        self.told = []

    def finished(self, block, runs):
        self.told.append(block.variant)

    def crashed(self, block, error):
        self.told.append(str(error))


def test_every_display_is_told_what_it_overrides():
    first, second = Noted(), Noted()
    displays = Displays(first, second, Progress())
    block = Block("relu", {})
    displays.started(block)
    displays.stopping()
    displays.finished(block, {})
    displays.crashed(block, ValueError("no memory"))
    assert first.told == second.told == ["relu", "no memory"]
