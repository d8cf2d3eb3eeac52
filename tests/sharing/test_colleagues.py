"""Who lives and who is connected where, kept true by pulses whatever news are missed."""

import random

from dispatch.sharing.colleagues import Colleagues, checksum_of
from dispatch.sharing.envelope import Everybody, Pulse


class Ticking:
    """A clock of durations."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _colleagues() -> tuple[Colleagues, Ticking]:
    clock = Ticking()
    colleagues = Colleagues(now_s=clock)
    assert colleagues.heard("a")
    return colleagues, clock


def _pulse(*recipients: str) -> Pulse:
    return Pulse(len(recipients), checksum_of(recipients))


def test_somebody_is_connected_elsewhere_from_arrival_to_leaving() -> None:
    colleagues, _ = _colleagues()
    colleagues.arrived("a", ["responder:r1", "operators"])
    assert colleagues.has("responder:r1")
    assert colleagues.count("responder:") == 1
    assert sorted(colleagues.take_changed(10)) == ["operators", "responder:r1"]
    colleagues.left("a", ["responder:r1"])
    assert not colleagues.has("responder:r1")
    assert colleagues.count("responder:") == 0
    assert colleagues.take_changed(10) == ["responder:r1"]


def test_who_is_connected_to_two_others_is_gone_when_both_have_said_so() -> None:
    colleagues, _ = _colleagues()
    colleagues.heard("b")
    for worker in ("a", "b"):
        colleagues.arrived(worker, ["responder:r1"])
    colleagues.left("a", ["responder:r1"])
    assert colleagues.has("responder:r1")
    colleagues.left("b", ["responder:r1"])
    assert not colleagues.has("responder:r1")


def test_a_silent_worker_is_forgotten_with_whoever_was_connected_to_it() -> None:
    colleagues, clock = _colleagues()
    colleagues.arrived("a", ["responder:r1"])
    colleagues.take_changed(10)
    clock.now_s += 3
    assert colleagues.heard("b")
    clock.now_s += 2
    assert colleagues.forget_silent() == ["a"]
    assert colleagues.ids() == ["b"]
    assert not colleagues.has("responder:r1")
    assert colleagues.take_changed(10) == ["responder:r1"]
    assert colleagues.heard("a"), "it is news when it is back"


def test_a_pulse_that_says_otherwise_has_everybody_asked_for_but_not_all_the_time() -> None:
    colleagues, clock = _colleagues()
    colleagues.arrived("a", ["responder:r1"])
    assert not colleagues.is_to_be_asked("a", _pulse("responder:r1"))
    assert colleagues.is_to_be_asked("a", _pulse("responder:r2"))
    clock.now_s += 1
    assert not colleagues.is_to_be_asked("a", _pulse("responder:r2"))
    clock.now_s += 2
    assert colleagues.is_to_be_asked("a", _pulse("responder:r2"))


def test_names_that_count_up_do_not_cancel_each_other_out() -> None:
    # Of CRCs these two are the same.
    assert checksum_of(["responder:r01", "responder:r02"]) != checksum_of(["responder:r00", "responder:r03"])
    assert 0 <= checksum_of(["responder:r01"]) < 2**64
    assert checksum_of(["a", "b"]) == checksum_of(["b", "a"])


def test_everybody_is_named_in_parts_while_people_come_and_go() -> None:
    colleagues, _ = _colleagues()
    colleagues.arrived("a", ["responder:old", "responder:stays"])
    colleagues.are_named("a", Everybody(("responder:stays", "responder:leaves"), is_last=False))
    colleagues.left("a", ["responder:leaves"])
    colleagues.arrived("a", ["responder:comes"])
    colleagues.are_named("a", Everybody(("responder:new",), is_first=False))
    now = ["responder:stays", "responder:comes", "responder:new"]
    assert all(map(colleagues.has, now))
    assert not colleagues.has("responder:old")
    assert not colleagues.has("responder:leaves")
    assert not colleagues.is_to_be_asked("a", _pulse(*now))


def test_the_end_of_what_began_unheard_removes_nobody() -> None:
    colleagues, _ = _colleagues()
    colleagues.arrived("a", ["responder:r1"])
    colleagues.are_named("a", Everybody(("responder:r2",), is_first=False))
    assert colleagues.has("responder:r1")


def test_whatever_is_missed_what_is_known_is_right_after_everybody_was_named() -> None:
    dice = random.Random(4)
    for _ in range(50):
        colleagues, clock = _colleagues()
        connected: set[str] = set()
        for _ in range(200):
            who = f"responder:r{dice.randrange(60):02}"
            is_heard = dice.random() < 0.9
            if who in connected:
                connected.discard(who)
                if is_heard:
                    colleagues.left("a", [who])
            else:
                connected.add(who)
                if is_heard:
                    colleagues.arrived("a", [who])
        clock.now_s += 10
        known = {f"responder:r{number:02}" for number in range(60) if colleagues.has(f"responder:r{number:02}")}
        assert colleagues.is_to_be_asked("a", _pulse(*connected)) == (known != connected)
        names = sorted(connected)
        for begin in range(0, max(1, len(names)), 7):
            part = Everybody(tuple(names[begin : begin + 7]), begin == 0, begin + 7 >= len(names))
            colleagues.are_named("a", part)
        clock.now_s += 10
        assert not colleagues.is_to_be_asked("a", _pulse(*connected))
        assert colleagues.count("responder:") == len(connected)


def test_whoever_keeps_what_it_decides_is_one_to_be_careful_with() -> None:
    colleagues, _ = _colleagues()
    colleagues.heard("b")
    # Nobody has said yet.
    for each in colleagues.ids():
        assert colleagues.any_keeps()
        colleagues.is_to_be_asked(each, _pulse())
    assert not colleagues.any_keeps()
    colleagues.has_kept("b")
    assert colleagues.any_keeps()
    # By its pulse all of it has been written.
    colleagues.is_to_be_asked("b", _pulse())
    assert not colleagues.any_keeps()
    colleagues.is_to_be_asked("b", Pulse(0, 0, has_database=False, keeps=True))
    assert colleagues.any_keeps()
    colleagues.forget("b")
    assert not colleagues.any_keeps()
    colleagues.has_kept("b")
    assert not colleagues.any_keeps()
