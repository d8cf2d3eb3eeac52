"""What becomes of every row of real lists: `python -m tests.aeds.importing.account [FILE…]` prints a table.

Hours are counted by what a row says of them. *Told*: a time, days with times, or round the clock. *Words*: something
about hours without any time ("office hours", "not round the clock"), or a form left at 00:00 to 00:00 on every day;
nobody could tell from these when the device can be had. Both kinds that are not understood are reported row by row,
keep their words, and count as unknown hours, which are never open.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatch.aeds.importing.reading import read_list
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.importing.rows import UnreadableFile

REAL = Path(__file__).parents[4] / "shared" / "data" / "aed"
SUFFIXES = frozenset({".csv", ".json", ".geojson", ".xlsx", ".xls", ".html"})
# How a row is refused that has no valid coordinates: nothing can be taken from it.
WITHOUT_PLACE = (
    "missing",
    "not a number",
    "not a pair",
    "must be from",
    "both zero",
    "a pole",
    "out of range",
    "no coordinates",
)

_HEADINGS = (
    "file", "rows", "accounted", "with a place", "taken", "hours told", "understood", "(but exceptions)", "words only"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """One file in numbers."""

    name: str
    report: ImportReport

    @property
    def is_whole(self) -> bool:
        """Whether every row is accounted for, once."""
        left_out = {each.row for each in self.report.left_out}
        return self.report.rows == self.report.taken + len(left_out) == self.report.taken + len(self.report.left_out)

    @property
    def placed(self) -> int:
        """Rows with valid coordinates."""
        without = sum(1 for each in self.report.left_out if any(mark in each.reason for mark in WITHOUT_PLACE))
        return self.report.rows - without

    @property
    def taken_share(self) -> float:
        """How many of the rows with valid coordinates were taken; 1 for a list without any."""
        return self.report.taken / self.placed if self.placed else 1.0

    @property
    def hours_told(self) -> int:
        """Rows that say something about times."""
        return self.report.hours_understood + self.report.hours_not_understood

    @property
    def understood_share(self) -> float:
        """How many of those were understood; 1 for a list that tells of none."""
        return self.report.hours_understood / self.hours_told if self.hours_told else 1.0

    def cells(self) -> tuple[str, ...]:
        """The file's line of the table."""
        report = self.report
        return (
            self.name,
            str(report.rows),
            "100 %" if self.is_whole else "NOT ALL",
            str(self.placed),
            f"{100 * self.taken_share:.2f} %",
            str(self.hours_told),
            f"{100 * self.understood_share:.2f} %",
            str(report.hours_with_exceptions),
            str(report.hours_only_words),
        )


def account_of(path: Path) -> Account:
    """The account of one file. Raises `UnreadableFile`, `OSError`."""
    return Account(path.name, read_list(path.read_bytes(), source=path.stem).report)


def real_files() -> list[Path]:
    """The real lists, wherever in their folder."""
    return sorted(path for path in REAL.rglob("*") if path.suffix in SUFFIXES)


def table(accounts: Sequence[Account]) -> Iterator[str]:
    """The lines of the table."""
    rows = [_HEADINGS, *(account.cells() for account in accounts)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table of these files, or of the real lists; 1 when a row is not accounted for."""
    paths = [Path(each) for each in arguments] or real_files()
    accounts: list[Account] = []
    for path in paths:
        try:
            accounts.append(account_of(path))
        except (UnreadableFile, OSError) as error:
            print(f"{path.name}: {error}")
    for line in table(accounts):
        print(line)
    return 0 if all(account.is_whole for account in accounts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
