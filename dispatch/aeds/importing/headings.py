"""Which field a heading speaks of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dispatch.aeds.importing.documents import LATITUDE, LONGITUDE
from dispatch.aeds.importing.hours_words import names_a_day
from dispatch.aeds.importing.vocabulary import WORDS, Field
from dispatch.aeds.importing.words import bare, folded, tokens

_LONGEST_HEADING = 300

EXACT, TRIMMED, AT_THE_END, WITHIN = 100, 90, 60, 40

_FIELDS_OF_WORD: dict[str, dict[Field, int]] = {}
for _field, _words in WORDS.items():
    for _place, _word in enumerate(_words):
        # Where two headings of one file fit, the word nearer the front is the surer sign.
        _FIELDS_OF_WORD.setdefault(bare(_word), {}).setdefault(_field, _place)

_LONG_WORDS = sorted(
    (
        (word, field)
        for word, fields in _FIELDS_OF_WORD.items()
        for field in fields
        if len(word) > 1 and not word.isascii()
    ),
    key=lambda pair: -len(pair[0]),
)
_TOKEN_WORDS = {
    (tokens(word), field)
    for field, words in WORDS.items()
    for word in words
    if word.isascii() and len(bare(word)) > 2  # noqa: PLR2004
}
# Said of a heading without changing what it is about.
_TRIMMINGS = re.compile(
    r"aed|dae|defibrillators?|defibrillateur|defibrillatore|defib|desfibrilador|"
    r"wgs-?_?84|gcj-?_?02|bd-?_?09|epsg:?\d+|etrs89|世界測地系|火星坐标系?|百度坐标系?|火星|百度|高德|"
    r"度$|°|（.*?）|\(.*?\)|【.*?】|\[.*?\]|の|用$"
)
_OPENS = re.compile(r"起$|开始|開始|시작|start|stt|from|open|debut|ouverture|von|beginn|apertura|od$|至?自$|開$|上班")
_CLOSES = re.compile(r"迄$|止$|结束|結束|終了|종료|end|to$|clos|fin$|fermeture|bis|ende|chiusura|cierre|do$|至$|下班")
_TIME_WORDS = re.compile(r"時間|时间|時刻|hours?|time|tme|시간|horaires?|orari[oa]?|offnungszeit|_|-")


@dataclass(frozen=True, slots=True)
class DayHeading:
    """A heading about the hours of some days; `part` is `opens`, `closes` or `both`."""

    days: frozenset[int]
    part: str


def headings_known(cells: Sequence[str]) -> int:
    """How many of the cells are headings of fields that matter."""
    if any(len(cell) > 80 for cell in cells):  # noqa: PLR2004 - prose
        return 0
    return sum(1 for cell in cells if _matters(cell))


def words_known(text: str) -> int:
    """How many headings are known in the first lines of a text, whatever it is delimited by."""
    known = 0
    for line in text.splitlines()[:5]:
        known = max(known, headings_known([cell.strip('" ') for cell in re.split(r"[,;\t|]", line)][:200]))
    return known


def _matters(cell: str) -> bool:
    if not cell.strip() or bare(cell).isdigit():
        return False
    return max(scores_of(cell).values(), default=0) >= AT_THE_END or day_heading(cell) is not None


@lru_cache(maxsize=4096)
def scores_of(heading: str) -> dict[Field, float]:
    """How surely a heading speaks of each field; empty when it is not known at all. Higher is surer."""
    if heading in {LATITUDE, LONGITUDE}:
        return {Field.LATITUDE if heading == LATITUDE else Field.LONGITUDE: EXACT + 100}
    scores: dict[Field, float] = {}
    if len(heading) > _LONGEST_HEADING:
        return scores
    whole = bare(heading)
    trimmed = bare(_TRIMMINGS.sub("", folded(heading)))
    for text, sureness in ((whole, EXACT), (trimmed, TRIMMED)):
        for field, place in _FIELDS_OF_WORD.get(text, {}).items():
            scores[field] = max(scores.get(field, 0), sureness - place / 20)
    if scores:
        return scores
    for word, field in _LONG_WORDS:
        if word in whole:
            worth = (AT_THE_END if whole.endswith(word) else WITHIN) + len(word)
            scores[field] = max(scores.get(field, 0), worth)
    said = tokens(heading)
    for words, field in _TOKEN_WORDS:
        if at := _position_of(words, said):
            score = (AT_THE_END if at + len(words) - 1 == len(said) else WITHIN) + len("".join(words)) / 2
            scores[field] = max(scores.get(field, 0), score)
    return scores


def _position_of(words: tuple[str, ...], said: tuple[str, ...]) -> int:
    """Where in a heading some words stand one after the other, counted from 1; 0 when they do not."""
    for at in range(len(said) - len(words) + 1):
        if said[at : at + len(words)] == words:
            return at + 1
    return 0


@lru_cache(maxsize=4096)
def day_heading(heading: str) -> DayHeading | None:
    """What a heading such as `周一至周五起`, `Saturday close` or `monSttTme` says; None when it is about no days."""
    text = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)).strip()
    part = "both"
    for pattern, meaning in ((_OPENS, "opens"), (_CLOSES, "closes")):
        if found := pattern.search(text):
            shorter = (text[: found.start()] + " " + text[found.end() :]).strip()
            if _days_in(shorter) is not None:
                text, part = shorter, meaning
                break
    days = _days_in(text)
    return None if days is None else DayHeading(days, part)


def _days_in(text: str) -> frozenset[int] | None:
    bare_text = " ".join(_TIME_WORDS.sub(" ", text).split())
    if not bare_text or len(bare_text) > 40 or any(each.isdigit() for each in bare_text):  # noqa: PLR2004 - prose
        return None
    return names_a_day(bare_text)
