"""How alike a row of a list and a device of the register are, beyond what names them outright."""

from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from dispatch.aeds.importing.drafts import NAMELESS, Draft
from dispatch.aeds.importing.words import bare
from dispatch.aeds.record import Aed
from geo.distance import distance_m

# Coordinates of one device by two surveyors, a phone's among them, differ by so much.
SAME_PLACE_M = 30.0
# Below this two names are of two venues; above it of one, spelt in two ways.
SIMILAR = 0.75
# Details that share so little may be of two devices in one venue.
_APART = 0.3
_TELLING_SERIAL = 4
_SHORT = 2
# The middle between the name and the rest: what stands on the wall tells devices of one venue apart.
_OF_NAME, _OF_DETAIL, _OF_DISTANCE = 0.6, 0.25, 0.15

_NO_SERIAL = frozenset({"", "none", "null", "unknown", "na", "nil", "test", "無", "无", "不詳", "不详", "なし", "不明"})


def serial_of(text: object) -> str | None:
    """A serial number that tells devices apart, in letters and digits alone; None for "0000", "n/a" and the like."""
    serial = bare(text) if isinstance(text, str) else ""
    telling = len(serial) >= _TELLING_SERIAL and any(each.isdigit() for each in serial) and len(set(serial)) > 1
    return serial if telling and serial not in _NO_SERIAL else None


def told_once(serials: Iterable[str | None]) -> frozenset[str]:
    """The serial numbers that stand for one device each; a model's number in that column stands for many."""
    return frozenset(serial for serial, count in Counter(serials).items() if serial is not None and count == 1)


def likeness(draft: Draft, aed: Aed) -> tuple[float, bool] | None:
    """How alike they are, from 0 to 1, and whether that is enough to take them for one; None for two that are not.

    A draft without a name, or details that have nothing in common, leave it open.
    """
    values = draft.values
    if _contradict(values, aed):
        return None
    distance = distance_m(draft.place, aed.place)
    if distance > SAME_PLACE_M:
        return None
    if draft.source_ref is not None and draft.source_ref == aed.source_ref:
        # One registry's id, in two extracts that go by two names.
        return 1.0, True
    name = _name_likeness(values.get("name"), aed)
    if name is not None and name < SIMILAR:
        return None
    detail = _text_likeness(values.get("place_detail"), aed.place_detail)
    sure = name is not None and (detail is None or detail >= _APART)
    worth = (
        _OF_NAME * (0.5 if name is None else name)
        + _OF_DETAIL * (0.5 if detail is None else detail)
        + _OF_DISTANCE * (1 - distance / SAME_PLACE_M)
    )
    return worth, sure


def _contradict(values: Any, aed: Aed) -> bool:
    ours, theirs = serial_of(values.get("serial_number")), serial_of(aed.serial_number)
    if ours is not None and theirs is not None and ours != theirs:
        return True
    floor = values.get("floor")
    return floor is not None and aed.floor is not None and floor != aed.floor


def _name_likeness(name: Any, aed: Aed) -> float | None:
    """How alike the names are, or the name and the other's address; None when one of them has none."""
    if not isinstance(name, str) or bare(name) in NAMELESS or bare(aed.name) in NAMELESS:
        return None
    return max(_alike(bare(name), bare(aed.name)), _alike(bare(name), bare(aed.owner or "")))


def _text_likeness(ours: Any, theirs: str | None) -> float | None:
    if not isinstance(ours, str) or not theirs:
        return None
    return _alike(bare(ours), bare(theirs))


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    shorter, longer = sorted((one, other), key=len)
    if shorter in longer and len(shorter) > _SHORT:
        return 1.0 if len(shorter) == len(longer) else 0.9
    return SequenceMatcher(None, one[:200], other[:200], autojunk=False).ratio()
