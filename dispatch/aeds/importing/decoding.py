"""Which characters the bytes of a file stand for."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

# Enough to judge by; the whole file is decoded once the encoding is settled.
_SAMPLE_BYTES = 200_000
# A text is UTF-8 with some damage, rather than another encoding, while so few characters are broken.
_DAMAGE_TOLERATED = 0.02
_BROKEN = "\N{REPLACEMENT CHARACTER}"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
# What browsers read these as, because the pages are written so.
_AS_BROWSERS = {"euc-kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "iso-8859-1": "cp1252"}

_OF_TEXTS = ("utf-8", "gb", "big5", "cp949", "euc", "cp932", "shift", "iso8859", "cp125", "koi8")

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, the encoding it was read in, and how many characters could not be read."""

    text: str
    encoding: str
    broken: int


def decode(data: bytes, knows: Callable[[str], int]) -> Decoded:
    """Read bytes as text whatever they are encoded in. Never fails; what is damaged becomes U+FFFD.

    `knows` says how many words of a list's first lines are known as headings: the surest sign of the right encoding.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    declared = _declared_by_page(data)
    if declared is not None:
        return _decoded(data, declared)
    wide = _utf_16_without_mark(data)
    if wide is not None:
        return _decoded(data, wide)
    as_utf_8 = _decoded(data, "utf-8")
    if as_utf_8.broken == 0:
        return as_utf_8
    sample = data[:_SAMPLE_BYTES]
    characters = len(_NOT_ASCII.findall(as_utf_8.text)) or 1
    damaged_utf_8 = as_utf_8.broken / characters <= _DAMAGE_TOLERATED
    if damaged_utf_8:
        return as_utf_8
    return _decoded(data, max(_PLAUSIBILITY, key=lambda encoding: _plausibility(sample, encoding, knows)))


def _decoded(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    # What was lost before the file was written cannot be read in any encoding.
    lost_before = data.count(_BROKEN.encode()) if encoding.startswith("utf-8") else 0
    return Decoded(text, encoding, text.count(_BROKEN) - lost_before)


def _declared_by_page(data: bytes) -> str | None:
    """The encoding that a web page names, if it is a page and such an encoding is known."""
    begin = data[:4000].lstrip()
    named = _CHARSET.search(begin) if begin.startswith(b"<") else None
    if named is None:
        return None
    said = named[1].decode("ascii", errors="replace").lower()
    try:
        name = codecs.lookup(_AS_BROWSERS.get(said, said)).name
    except (LookupError, ValueError):
        return None
    # Python knows codecs that are none of texts, and some that never fail to fail.
    return name if name.startswith(_OF_TEXTS) else None


def _utf_16_without_mark(data: bytes) -> str | None:
    sample = data[:4000]
    if len(sample) < 4:  # noqa: PLR2004 - two characters say nothing
        return None
    # ASCII (commas, digits, line ends) has a zero in every second byte.
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < len(sample) / 10 or min(even, odd) > max(even, odd) / 10:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _everyday(encoding: str, leads: range, trails: range) -> Callable[[str], float]:
    """How much of the text is everyday characters: those that the standard put in these rows and columns.

    Kana do not count: they are in the Chinese standards too, but not in Chinese texts.
    """

    def share(text: str) -> float:
        found = "".join(_NOT_ASCII.findall(text))
        if not found:
            return 0.0
        pairs = (each.encode(encoding, errors="ignore") for each in found if not _is_kana(each))
        return sum(1 for pair in pairs if len(pair) == 2 and pair[0] in leads and pair[1] in trails) / len(found)  # noqa: PLR2004

    return share


def _is_kana(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff"


def _letters_among_letters(text: str) -> float:
    """How much of what is not ASCII stands alone, as accented letters do; ideographs misread come in clusters."""
    runs = _NOT_ASCII.findall(text)
    characters = sum(map(len, runs))
    alone = sum(1 for run in runs if len(run) == 1 and run.isalpha())
    return alone / characters if characters else 0.0


def _kana(text: str) -> float:
    found = "".join(_NOT_ASCII.findall(text))
    everyday = sum(
        1
        for character in found
        if "\u3040" <= character <= "\u30ff" or "\u3000" <= character <= "\u301f" or "\u4e00" <= character <= "\u9fff"
    )
    kana = sum(map(_is_kana, found))
    # Misread text has no hiragana and katakana to speak of; half-width katakana is what it turns into.
    return (everyday / len(found)) * min(1.0, 0.5 + 5 * kana / len(found)) if found else 0.0


def _hangul(text: str) -> float:
    found = "".join(_NOT_ASCII.findall(text))
    return sum(1 for character in found if "\uac00" <= character <= "\ud7a3") / len(found) if found else 0.0


# The first levels of GB 2312 and of Big5 hold the everyday characters; a text misread falls outside them.
_PLAUSIBILITY: dict[str, Callable[[str], float]] = {
    "gb18030": _everyday("gb18030", range(0xA1, 0xD8), range(0xA1, 0xFF)),
    "big5hkscs": _everyday("big5hkscs", range(0xA1, 0xC7), range(0x40, 0xFF)),
    "cp932": _kana,
    "euc_jp": _kana,
    "cp949": _hangul,
    "cp1252": _letters_among_letters,
    "cp1250": lambda text: _letters_among_letters(text) * 0.98,
}


def _plausibility(sample: bytes, encoding: str, knows: Callable[[str], int]) -> float:
    text = sample.decode(encoding, errors="replace")
    not_ascii = len("".join(_NOT_ASCII.findall(text))) or 1
    # The sample may end within a character: one broken is no evidence.
    damage = max(0, text.count(_BROKEN) - 1) / not_ascii
    return knows(text) + _PLAUSIBILITY[encoding](text) - 10 * damage
