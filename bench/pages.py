"""Pages of the documentation that hold tables made by a program."""


def splice(text: str, name: str, block: str) -> str:
    """Return the text with what stands between `<!-- ledger NAME -->` and `<!-- end -->` replaced.

    Raises:
        ValueError: if the text has no such marks.
    """
    start, end = f"<!-- ledger {name} -->\n", "<!-- end -->"
    head, mark, rest = text.partition(start)
    _, closing, tail = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"no {start.strip()} … {end} in the text")
    return f"{head}{start}{block}\n{end}{tail}"
