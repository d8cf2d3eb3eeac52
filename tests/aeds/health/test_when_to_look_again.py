"""Time alone changes what follows at the moment that was named, and not before."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.needs import needs
from dispatch.aeds.health.policy import CarePolicy
from tests.aeds.health.telling import CONNECTED, FACTS, HISTORIES, NOW, SOME_FACTS, SOME_POLICY, concluded, said


@settings(max_examples=300, deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY, st.floats(0, 1, exclude_max=True), st.integers(0, 200))
def test_until_then_nothing_changes_and_then_something_does(
    evidence: list[Evidence], facts: Facts, policy: CarePolicy, share: float, days_later: int
) -> None:
    latest, now = latest_of(evidence), NOW + timedelta(days=days_later)
    at_first = conclude(latest, facts, policy, now)
    wanted = needs(at_first, latest, facts, policy, now)
    again_at = at_first.look_again_at
    until = again_at or now + timedelta(days=5000)
    assert until > now
    before = min(now + share * (until - now), until - timedelta(microseconds=1))
    assert conclude(latest, facts, policy, before) == at_first
    assert needs(at_first, latest, facts, policy, before) == wanted
    if again_at is not None:
        then = conclude(latest, facts, policy, again_at)
        assert then.findings != at_first.findings


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY)
def test_looking_again_comes_to_an_end(evidence: list[Evidence], facts: Facts, policy: CarePolicy) -> None:
    latest, now = latest_of(evidence), NOW
    for _ in range(60):
        again_at = conclude(latest, facts, policy, now).look_again_at
        if again_at is None:
            return
        now = again_at
    raise AssertionError("looked again without end")


def test_a_heartbeat_is_missed_to_the_microsecond() -> None:
    heard = said("heartbeat", 30)
    overdue = heard.at + timedelta(hours=26)
    assert concluded(heard, facts=CONNECTED).look_again_at == overdue
    instant = timedelta(microseconds=1)
    assert concluded(heard, facts=CONNECTED, now=overdue - instant).reasons == ()
    assert concluded(heard, facts=CONNECTED, now=overdue).reasons == ("heartbeat_overdue",)


def test_a_device_that_time_does_nothing_to_is_never_looked_at_again() -> None:
    policy = CarePolicy(inspection_every_days=None, inspection_every_days_connected=None)
    assert concluded(said("inspection", outcome="ok"), facts=FACTS, policy=policy).look_again_at is None
