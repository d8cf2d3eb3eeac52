"""What waits for a slow reader: everything numbered, and of what only shows how things stand the newest."""

import json
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

import pytest

from dispatch.realtime.waiting import COALESCED, Waiting


def _all(waiting: Waiting) -> list[Any]:
    messages = []
    while waiting:
        messages.append(json.loads(waiting.first()))
        waiting.drop_first()
    return messages


def _picture(dots: Mapping[str, int], *, full: bool = False, at: int = 0, gone: Iterable[str] = ()) -> dict[str, Any]:
    """A picture of responders by id, each at a latitude."""
    picture: dict[str, Any] = {
        "type": "picture",
        "full": full,
        "at": at,
        "responders": [{"id": each, "latitude": latitude} for each, latitude in dots.items()],
        "gone": list(gone),
        "counts": {"on_duty": at},
    }
    return picture | {"incidents": []} if full else picture


def test_numbered_messages_all_stay_in_order() -> None:
    waiting = Waiting(10)
    for seq in range(1, 11):
        assert waiting.put(f'{{"seq":{seq},"type":"alert"}}')
    assert not waiting.put('{"seq":11}')
    assert [each["seq"] for each in _all(waiting)] == list(range(1, 11))


def test_of_an_aed_only_the_newest_word_waits() -> None:
    waiting = Waiting(3)
    before = COALESCED.labels("aed")._value.get()
    for usable_now in (True, False, True, False):
        assert waiting.put({"type": "aed", "id": "a", "usable_now": usable_now})
    assert waiting.put({"type": "aed", "id": "b", "usable_now": True})
    assert waiting.put('{"type":"alert"}')
    assert not waiting.put({"type": "aed", "id": "c", "usable_now": True})
    assert waiting.put({"type": "aed", "id": "b", "usable_now": False})
    assert [(each.get("id"), each.get("usable_now")) for each in _all(waiting)] == [
        ("a", False),
        ("b", False),
        (None, None),
    ]
    assert COALESCED.labels("aed")._value.get() == before + 4


@pytest.mark.parametrize("kind", ["error", "pong", "nudge", "test_result"])
def test_what_is_an_answer_or_an_order_is_never_replaced(kind: str) -> None:
    waiting = Waiting(3)
    assert waiting.put({"type": kind, "number": 1})
    assert waiting.put({"type": kind, "number": 2})
    assert [each["number"] for each in _all(waiting)] == [1, 2]


def test_changes_of_the_picture_become_one_that_says_the_same() -> None:
    waiting = Waiting(1)
    waiting.put(_picture({"here": 1, "leaving": 1}, at=1))
    waiting.put(_picture({"here": 2}, at=2, gone=["leaving", "unseen"]))
    waiting.put(_picture({"unseen": 3}, at=3))
    (picture,) = _all(waiting)
    assert (picture["full"], picture["at"], picture["counts"]) == (False, 3, {"on_duty": 3})
    assert picture["responders"] == [{"id": "here", "latitude": 2}, {"id": "unseen", "latitude": 3}]
    assert picture["gone"] == ["leaving"]


def test_a_whole_picture_takes_changes_in_and_stays_whole() -> None:
    waiting = Waiting(1)
    waiting.put(_picture({"here": 1, "leaving": 1}, full=True, at=1))
    waiting.put(_picture({"here": 2, "come": 2}, at=2, gone=["leaving"]))
    (picture,) = _all(waiting)
    assert (picture["full"], picture["incidents"], picture["gone"]) == (True, [], [])
    assert [dot["id"] for dot in picture["responders"]] == ["here", "come"]


def test_a_newer_whole_picture_comes_behind_what_was_said_before_it() -> None:
    waiting = Waiting(5)
    waiting.put(_picture({"old": 1}, full=True, at=1))
    waiting.put('{"seq":1,"type":"incident"}')
    waiting.put(_picture({"new": 2}, full=True, at=2))
    messages = _all(waiting)
    assert [each["type"] for each in messages] == ["incident", "picture"]
    assert [dot["id"] for dot in messages[1]["responders"]] == ["new"]


def test_what_waited_for_a_phone_that_was_away_takes_up_no_room() -> None:
    waiting = Waiting(2)
    waiting.put('"held"')
    waiting.put_first(f'"kept {number}"' for number in range(100))
    assert waiting.put('"live"')
    assert not waiting.put('"too much"')
    assert _all(waiting)[-3:] == ["kept 99", "held", "live"]


@pytest.mark.parametrize("seed", range(20))
def test_a_slow_console_ends_up_with_the_same_map_as_a_quick_one(seed: int) -> None:
    chance = Random(seed)
    waiting, quick, slow = Waiting(1), dict[str, int](), dict[str, int]()
    for at in range(60):
        if chance.random() < 0.1:
            picture = _picture({f"r{n}": at for n in range(chance.randrange(6))}, full=True, at=at)
        else:
            names = {f"r{chance.randrange(8)}" for _ in range(chance.randrange(5))}
            leaving = {name for name in names if chance.random() < 0.4}
            picture = _picture(dict.fromkeys(sorted(names - leaving), at), at=at, gone=sorted(leaving))
        _show(quick, picture)
        assert waiting.put(picture)
        if chance.random() < 0.2:
            _show(slow, *_all(waiting))
            assert slow == quick


def _show(dots: dict[str, int], *pictures: dict[str, Any]) -> None:
    for picture in pictures:
        if picture["full"]:
            dots.clear()
        for name in picture["gone"]:
            dots.pop(name, None)
        dots |= {dot["id"]: dot["latitude"] for dot in picture["responders"]}
