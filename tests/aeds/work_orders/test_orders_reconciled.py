"""What follows for orders from needs: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.aeds.health.needs import Need
from dispatch.aeds.health.policy import care_policy
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.work_orders.notices import Why
from dispatch.aeds.work_orders.reconciling import Changes, reconcile
from dispatch.aeds.work_orders.record import BY_REMOVAL, NOBODY, Assignment, Level, WorkOrder

NOON = datetime(2026, 6, 17, 4, tzinfo=UTC)
DAY = timedelta(days=1)
AED = UUID(int=7)
POLICY = care_policy([])
OWNERS: dict[Level, UUID] = {level: UUID(int=100 + level.rank) for level in Level if level is not Level.CUSTODIAN}
LI = Assignment("li", OWNERS)


def need(
    cause: Cause = Cause.FAULT, *, urgency: int = 2, since: datetime = NOON, due_at: datetime | None = None
) -> Need:
    return Need(
        cause=cause,
        since=since,
        urgency=urgency,
        due_at=due_at or since + DAY,
        reasons=(cause.value,),
        what_zh="修理",
        what_en="Repair it",
    )


def reconciled(
    orders: list[WorkOrder], *needs: Need, now: datetime = NOON, assignee: Assignment = LI, closed_by: str = "evidence"
) -> Changes:
    return reconcile(orders, needs, aed_id=AED, assignee=assignee, policy=POLICY, now=now, closed_by=closed_by)


def applied(orders: list[WorkOrder], changes: Changes) -> list[WorkOrder]:
    after = {order.id: order for order in orders}
    after |= {each.after.id: each.after for each in changes.changed}
    after |= {each.id: each for each in (*changes.opened, *changes.closed)}
    return list(after.values())


def test_nothing_is_written_when_nothing_is_different() -> None:
    orders = applied([], reconciled([], need()))
    assert not reconciled(orders, need(), now=NOON + timedelta(hours=1))


def test_urgency_only_rises_and_the_deadline_only_comes_nearer() -> None:
    orders = applied([], reconciled([], need(urgency=1, due_at=NOON + 20 * DAY)))
    (more,) = reconciled(orders, need(urgency=2, due_at=NOON + 5 * DAY)).changed
    assert (more.after.urgency, more.after.due_at) == (2, NOON + 5 * DAY)
    softer = need(urgency=0, due_at=NOON + 50 * DAY)
    assert not reconciled([more.after], softer)


def test_a_report_that_comes_late_makes_it_older_and_never_younger() -> None:
    orders = applied([], reconciled([], need(since=NOON - DAY, due_at=NOON + DAY)))
    assert not reconciled(orders, need(since=NOON, due_at=NOON + DAY))
    (changed,) = reconciled(orders, need(since=NOON - 2 * DAY, due_at=NOON + DAY)).changed
    assert changed.after.since == NOON - 2 * DAY


def test_another_battery_that_runs_out_soon_too_is_another_order() -> None:
    """The one that has run out is replaced: its order, overdue and gone up, must not stand for the next one."""
    expired = need(Cause.BATTERY_EXPIRY, since=NOON - 90 * DAY, due_at=NOON + DAY)
    orders = applied([], reconciled([], expired))
    orders = applied(orders, reconciled(orders, expired, now=NOON + 5 * DAY))
    assert orders[0].level is Level.DISTRICT
    fitted = need(Cause.BATTERY_EXPIRY, urgency=0, since=NOON - 24 * DAY, due_at=NOON + 66 * DAY)
    changes = reconciled(orders, fitted, now=NOON + 6 * DAY)
    assert [(each.id, each.closed_by) for each in changes.closed] == [(orders[0].id, "evidence")]
    (opened,) = changes.opened
    assert (opened.urgency, opened.due_at, opened.level) == (0, NOON + 66 * DAY, Level.CUSTODIAN)
    orders = applied(orders, changes)
    assert not reconciled(orders, fitted, now=NOON + 7 * DAY)
    # The same date, by the clocks of another zone.
    moved = replace(fitted, due_at=fitted.due_at + timedelta(hours=8))
    assert not reconciled(orders, moved, now=NOON + 8 * DAY)


def test_a_cancelled_order_says_nothing_of_the_next_battery() -> None:
    opened = reconciled([], need(Cause.BATTERY_EXPIRY, since=NOON - 90 * DAY, due_at=NOON + DAY)).opened[0]
    cancelled = replace(opened, closed_at=NOON, closed_by="admin:zhao", note="已换")
    fitted = need(Cause.BATTERY_EXPIRY, urgency=0, since=NOON - 24 * DAY, due_at=NOON + 66 * DAY)
    assert reconciled([cancelled], fitted, now=NOON + DAY).opened


def test_the_assignee_is_told_at_the_deadline_also_where_the_venue_answers_later() -> None:
    patient = care_policy([{"escalate_after_s": [3600, 7200, 7200]}])

    def after(orders: list[WorkOrder], now: datetime) -> Changes:
        return reconcile(orders, [need()], aed_id=AED, assignee=LI, policy=patient, now=now)

    orders = applied([], after([], NOON))
    due_at = orders[0].due_at
    assert orders[0].look_again_at == due_at
    due = after(orders, due_at)
    assert [(each.recipient, each.why) for each in due.notices] == [("custodian:li", Why.DUE)]
    orders = applied(orders, due)
    assert orders[0].look_again_at == due_at + timedelta(hours=1)
    up = after(orders, due_at + timedelta(hours=1))
    assert {each.why for each in up.notices} == {Why.ESCALATED}
    assert len(up.notices) == 2, "the custodian, and the venue"


def test_whoever_owns_it_from_now_on_hears_of_what_has_gone_up() -> None:
    orders = applied([], reconciled([], need()))
    orders = applied(orders, reconciled(orders, need(), now=NOON + DAY))
    assert orders[0].level is Level.VENUE
    others = OWNERS | {Level.VENUE: UUID(int=200)}
    changes = reconciled(orders, need(), now=NOON + DAY, assignee=Assignment("li", others))
    assert [(each.recipient, each.why) for each in changes.notices] == [(f"owner:{UUID(int=200)}", Why.ESCALATED)]
    orders = applied([], reconciled([], need()))
    changes = reconciled(orders, need(), assignee=Assignment("li", others))
    assert changes.notices == (), "what is the custodian's is no owner's yet"


def test_a_removed_device_needs_nothing() -> None:
    orders = applied([], reconciled([], need(), need(Cause.USED)))
    closed = reconciled(orders, closed_by=BY_REMOVAL).closed
    assert {(each.cause, each.closed_by) for each in closed} == {(Cause.FAULT, "removed"), (Cause.USED, "removed")}
    assert all(each.look_again_at is None for each in closed)


def test_what_was_cancelled_stays_so_until_it_is_more_urgent_or_happens_anew() -> None:
    opened = reconciled([], need(urgency=1)).opened[0]
    cancelled = replace(opened, closed_at=NOON + timedelta(hours=2), closed_by="admin:zhao", note="假警报")
    later = NOON + timedelta(hours=3)
    assert not reconciled([cancelled], need(urgency=1), now=later)
    assert reconciled([cancelled], need(urgency=2), now=later).opened
    anew = need(urgency=1, since=later)
    assert reconciled([cancelled], anew, now=later).opened


def test_it_is_looked_at_again_at_the_next_step_or_when_somebody_else_has_to_see_to_it() -> None:
    order = reconciled([], need()).opened[0]
    assert order.look_again_at == order.due_at
    away = Assignment("li", OWNERS, until=NOON + timedelta(hours=2))
    assert reconciled([], need(), assignee=away).opened[0].look_again_at == NOON + timedelta(hours=2)


def test_nobody_is_looked_for_for_ever() -> None:
    """Once it is the city's there is nothing left for time to do."""
    orders = applied([], reconciled([], need()))
    orders = applied(orders, reconciled(orders, need(), now=NOON + 40 * DAY))
    assert (orders[0].level, orders[0].look_again_at) == (Level.CITY, None)


def test_everybody_is_told_once_of_what_concerns_them() -> None:
    opened = reconciled([], need(urgency=1))
    assert [(each.recipient, each.why) for each in opened.notices] == [("custodian:li", Why.OPENED)]
    orders = applied([], opened)
    urgent = reconciled(orders, need(urgency=2))
    assert [(each.recipient, each.why) for each in urgent.notices] == [("custodian:li", Why.URGENT)]
    orders = applied(orders, urgent)
    handed = reconciled(orders, need(), assignee=Assignment("wang", OWNERS))
    assert [(each.recipient, each.why) for each in handed.notices] == [("custodian:wang", Why.HANDED)]
    orders = applied(orders, handed)
    due = reconciled(orders, need(), now=orders[0].due_at, assignee=Assignment("wang", OWNERS))
    assert {(each.recipient, each.why) for each in due.notices} == {
        ("custodian:wang", Why.DUE),
        (f"owner:{OWNERS[Level.VENUE]}", Why.ESCALATED),
    }


def test_the_policy_says_at_which_turns_people_are_told() -> None:
    quiet = care_policy([{"tell": ["escalated"]}])
    changes = reconcile([], [need()], aed_id=AED, assignee=LI, policy=quiet, now=NOON)
    assert changes.opened
    assert not changes.notices


def test_without_anybody_it_is_the_venues_and_comes_back_to_a_custodian() -> None:
    orders = applied([], reconciled([], need(), assignee=NOBODY))
    assert (orders[0].level, orders[0].owner_id, orders[0].assignee) == (Level.VENUE, None, None)
    (changed,) = reconciled(orders, need()).changed
    assert (changed.after.level, changed.after.assignee) == (Level.CUSTODIAN, "li")


_causes = st.sampled_from([Cause.FAULT, Cause.SILENT, Cause.BATTERY_EXPIRY])
_turns = st.lists(
    st.tuples(
        st.dictionaries(_causes, st.integers(0, 2), max_size=3),
        st.sampled_from([LI, NOBODY, Assignment("wang", OWNERS)]),
        st.integers(1, 400),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(_turns)
def test_whatever_happens_there_is_one_open_order_for_one_cause(
    turns: list[tuple[dict[Cause, int], Assignment, int, bool]],
) -> None:
    orders: list[WorkOrder] = []
    now = NOON
    began: dict[Cause, datetime] = {}
    for wanted, assignee, hours, cancels in turns:
        now += timedelta(hours=hours)
        began = {cause: began.get(cause, now) for cause in wanted}
        needs = [need(cause, urgency=urgency, since=began[cause]) for cause, urgency in wanted.items()]
        before = {order.id: order for order in orders}
        changes = reconciled(orders, *needs, now=now, assignee=assignee)
        orders = applied(orders, changes)
        open_causes = [order.cause for order in orders if order.is_open]
        assert len(open_causes) == len(set(open_causes))
        assert set(open_causes) <= wanted.keys()
        for order in orders:
            if order.is_open:
                assert order.look_again_at is None or order.look_again_at > now, "it would be looked at for ever"
                if order.id in before:
                    assert order.urgency >= before[order.id].urgency
                    assert order.due_at <= before[order.id].due_at
        assert not reconciled(orders, *needs, now=now, assignee=assignee), "the same again changes nothing"
        if cancels:
            orders = [
                replace(order, closed_at=now, closed_by="admin:zhao", look_again_at=None) if order.is_open else order
                for order in orders
            ]
    assert len({order.id for order in orders}) == len(orders)
