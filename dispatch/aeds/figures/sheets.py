"""Figures as a spreadsheet opens them: CSV by RFC 4180, in UTF-8 with a mark."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from dispatch.aeds.record import Readiness

# Without it, spreadsheets take the file for one in the machine's own encoding.
_MARK = "\ufeff"

# With these in front, spreadsheets take a cell for a formula, and run it: those of East Asia also the wide ones.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_STATES = tuple(each.value for each in Readiness if each is not Readiness.REMOVED)
_ORDERS = (
    "mean_time_to_detect_s",
    "mean_time_to_repair_s",
    "opened_orders",
    "closed_orders",
    "open_orders",
    "overdue_orders",
)
_FIGURES = ("devices", *_STATES, "uptime", *_ORDERS)


class Sheet(StrEnum):
    """The tables that there are."""

    OWNERS = "owners"
    DISTRICTS = "districts"
    CAUSES = "causes"
    DAYS = "days"


_COLUMNS: Mapping[Sheet, Sequence[str]] = {
    Sheet.OWNERS: ("name", "level", *_FIGURES, "owner_id"),
    Sheet.DISTRICTS: ("code", "name", *_FIGURES),
    Sheet.CAUSES: ("cause", *_ORDERS),
    Sheet.DAYS: ("day", "devices", "uptime", "opened", "closed", "overdue", "mean_time_to_repair_s"),
}


def sheet_of(figures: Mapping[str, Any], sheet: Sheet) -> bytes:
    """One table of figures as they are answered."""
    return written(_COLUMNS[sheet], figures[sheet.value])


def written(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """CSV with these columns. A state's column is taken from `by_state`; what is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        by_state = row.get("by_state", {})
        writer.writerow([_cell(by_state.get(name, 0) if name in _STATES else row.get(name)) for name in columns])
    return (_MARK + out.getvalue()).encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | int():
            return str(value)
        case float():
            return f"{value:.6g}" if abs(value) < 1 else f"{value:.1f}"
    text = str(value)
    # An apostrophe in front makes it text, and is not shown.
    return f"'{text}" if text.startswith(_FORMULA) else text
