"""Where runs come from: the changes of code that they were carried over."""

from repro.store.provenance import Adoption, steps_to


def adoption(before, after, day):
    date = f"2026-01-{day:02}T00:00:00+00:00"
    return Adoption(code_before=before * 64, code_after=after * 64, sample="all", date=date)


def test_all_changes_that_led_to_the_code_are_told_in_order():
    first, second, third = adoption("a", "b", 1), adoption("b", "c", 2), adoption("c", "d", 3)
    elsewhere = adoption("a", "e", 2)
    told = steps_to("d" * 64, [third, first, elsewhere, second])
    assert told == [first, second, third]
    assert steps_to("b" * 64, [third, first, elsewhere, second]) == [first]
