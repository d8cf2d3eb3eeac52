"""What a data set is called that nobody named."""

from pathlib import PurePath


def source_of(filename: str | None) -> str:
    """The name of a data set by that of its file."""
    printable = "".join(each for each in filename or "" if each.isprintable())
    return PurePath(printable.replace("\\", "/")).stem[:200].strip() or "import"
