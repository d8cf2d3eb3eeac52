"""The bytes of a file cut into lists of rows, whatever they are: CSV, JSON, a workbook, a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.aeds.importing.decoding import decode
from dispatch.aeds.importing.delimited import read_delimited
from dispatch.aeds.importing.documents import looks_like_json, read_document
from dispatch.aeds.importing.headings import headings_known, words_known
from dispatch.aeds.importing.html_tables import looks_like_html, read_tables
from dispatch.aeds.importing.mapping import headings_by_shape
from dispatch.aeds.importing.rows import SourceList, UnreadableFile
from dispatch.aeds.importing.workbooks import is_archive, read_workbook

# What begins so is no list; people try all the same, and a word of advice beats "no headings".
_NOT_LISTS: Sequence[tuple[bytes, str]] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls), or one with a password; save it as .xlsx without one, or as CSV"),
    (b"%PDF", "a PDF; ask for the list as a spreadsheet or CSV"),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"7z\xbc\xaf", "compressed (7-Zip); unpack it first"),
    (b"Rar!", "compressed (RAR); unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


@dataclass(frozen=True, slots=True)
class Tables:
    """The lists in a file, the encoding they were read in, and how many characters could not be read."""

    lists: tuple[SourceList, ...]
    encoding: str
    broken: int = 0


def tables_of(data: bytes) -> Tables:
    """The lists in a file. Raises `UnreadableFile` when there is none."""
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise UnreadableFile("the file is empty")
    for begin, what in _NOT_LISTS:
        if data.startswith(begin):
            raise UnreadableFile(f"the file is {what}")
    if is_archive(data):
        return Tables(tuple(read_workbook(data, headings_known, headings_by_shape)), "utf-8")
    decoded = decode(data, words_known)
    if looks_like_json(decoded.text):
        lists = [read_document(decoded.text)]
    elif looks_like_html(decoded.text):
        lists = read_tables(decoded.text, headings_known, headings_by_shape)
    else:
        lists = [read_delimited(decoded.text, headings_known, headings_by_shape)]
    return Tables(tuple(lists), decoded.encoding, decoded.broken)
