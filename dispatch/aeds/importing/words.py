"""How texts are compared: without case, width, accents, punctuation or markup."""

import html
import re
import unicodedata
from functools import lru_cache

_LATIN_ACCENTS = re.compile("[\u0300-\u036f]")
# Controls but tab and newline, lone surrogates, private use, and the mark for what could not be decoded.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufffd]")
_BREAK = re.compile(r"<\s{0,9}(?:br|/p|/div|/li|/tr)\s{0,9}/?\s{0,9}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,500}>")
# And a sign of the Chinese alphabet that is typed for the digit one.
_COLONS = str.maketrans("︰∶꞉˸ㄧ", "::::一")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def folded(text: str) -> str:
    """Lower case, half width, no accents on Latin letters; everything else as it is."""
    # The first of these would become two dots.
    wide = unicodedata.normalize("NFKC", text.translate(_COLONS))
    if wide.isascii():
        return wide.lower()
    plain = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFD", wide))
    # Composed again: kana with voice marks and Hangul came apart above.
    return unicodedata.normalize("NFC", plain).casefold().replace("ł", "l")


@lru_cache(maxsize=16384)
def bare(text: str) -> str:
    """Letters and digits only, folded."""
    return "".join(each for each in folded(text) if each.isalnum())


@lru_cache(maxsize=16384)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a heading: split at punctuation and where camelCase changes."""
    return tuple(re.findall(r"[^\W_]+", folded(_CAMEL.sub(" ", text))))


def without_markup(text: str) -> str:
    """The text a reader sees: HTML's tags gone, its line breaks kept, its entities read."""
    if "<" not in text and "&" not in text:
        return text
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\N{NO-BREAK SPACE}", " ")


def one_line(text: str) -> str:
    """The text as a reader sees it, without characters a database or a screen chokes on, on one line."""
    return " ".join(printable(without_markup(text)).split())


def printable(text: str) -> str:
    """The text without control characters, lone surrogates and marks for what could not be decoded."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub("", text)
