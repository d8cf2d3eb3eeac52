"""Who sees to whose devices: absences that overlap, chains, circles, certificates."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from dispatch.aeds.custodians.record import Absence, Custodian
from dispatch.aeds.custodians.register import CustodianRegister

NOON = datetime(2026, 6, 17, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def register(*absences: Absence, certified: str = "li wang zhao") -> CustodianRegister:
    found = CustodianRegister(ZoneInfo("Asia/Shanghai"))
    people = [
        Custodian(
            subject=each,
            name=each.title(),
            certificate_number="ZJ-1" if each in certified.split() else None,
            certificate_expires_on=date(2026, 6, 20),
            created_at=NOON,
            updated_at=NOON,
        )
        for each in ("li", "wang", "zhao")
    ]
    found.fill(people, absences)
    return found


def away(who: str, substitute: str | None, begins: int, ends: int, *, entered: int = 0) -> Absence:
    return Absence(
        id=uuid4(),
        custodian=who,
        from_at=NOON + begins * HOUR,
        until_at=NOON + ends * HOUR,
        substitute=substitute,
        created_at=NOON + entered * HOUR,
    )


def test_whoever_is_there_sees_to_their_own() -> None:
    custody = register().custody_of("li", NOON)
    assert custody.assignee == "li"
    assert custody.until == datetime(2026, 6, 20, 16, tzinfo=UTC), "the 20th ends at midnight in Hangzhou"


def test_a_substitute_stands_in_from_the_first_moment_until_before_the_last() -> None:
    found = register(away("li", "wang", 1, 3))
    assert [found.custody_of("li", NOON + each * HOUR).assignee for each in (0, 1, 2, 3)] == [
        *("li", "wang", "wang", "li")
    ]
    assert found.custody_of("li", NOON).until == NOON + HOUR
    assert found.custody_of("li", NOON + HOUR).until == NOON + 3 * HOUR
    assert found.custody_of("wang", NOON + HOUR).assignee == "wang"


def test_of_absences_that_overlap_the_one_that_began_last_decides() -> None:
    found = register(away("li", "wang", 0, 10), away("li", "zhao", 2, 4))
    assert [found.custody_of("li", NOON + each * HOUR).assignee for each in (1, 2, 3, 4)] == [
        *("wang", "zhao", "zhao", "wang")
    ]
    together = register(away("li", "wang", 0, 10, entered=-2), away("li", "zhao", 0, 5, entered=-1))
    assert together.custody_of("li", NOON).assignee == "zhao", "of two that began together the one entered last"


def test_where_the_substitute_is_away_too_theirs_stands_in() -> None:
    found = register(away("li", "wang", 0, 10), away("wang", "zhao", 2, 4))
    assert [found.custody_of("li", NOON + each * HOUR).assignee for each in (1, 2, 4)] == ["wang", "zhao", "wang"]
    assert found.custody_of("li", NOON + HOUR).until == NOON + 2 * HOUR


def test_a_chain_that_leads_nowhere_leaves_it_to_the_venue() -> None:
    circle = register(away("li", "wang", 0, 10), away("wang", "li", 0, 4))
    assert circle.custody_of("li", NOON).assignee is None
    assert circle.custody_of("li", NOON).until == NOON + 4 * HOUR
    assert circle.custody_of("li", NOON + 4 * HOUR).assignee == "wang"
    assert register(away("li", None, 0, 10)).custody_of("li", NOON).assignee is None
    assert register(away("li", "nobody", 0, 10)).custody_of("li", NOON).assignee is None
    assert register().custody_of("nobody", NOON).assignee is None
    assert register().custody_of(None, NOON).assignee is None


def test_without_a_valid_certificate_nobody_is_given_anything() -> None:
    assert register(certified="wang").custody_of("li", NOON).assignee is None
    uncertified = register(away("li", "wang", 0, 10), certified="li")
    assert uncertified.custody_of("li", NOON).assignee is None
    last_moment = datetime(2026, 6, 20, 15, 59, 59, tzinfo=UTC)
    assert register().custody_of("li", last_moment).assignee == "li"
    assert register().custody_of("li", last_moment + timedelta(seconds=1)).assignee is None


def test_a_substitute_may_act_for_somebody_during_the_absence_alone() -> None:
    found = register(away("li", "wang", 1, 3), away("wang", "zhao", 2, 4))
    assert found.may_act_for("li", "li", NOON)
    assert not found.may_act_for("wang", "li", NOON)
    assert found.may_act_for("wang", "li", NOON + HOUR)
    assert not found.may_act_for("zhao", "li", NOON + HOUR)
    assert found.may_act_for("zhao", "li", NOON + 2 * HOUR)
    assert not found.may_act_for("zhao", "li", NOON + 3 * HOUR)
    assert not found.may_act_for("li", "wang", NOON)
    assert not found.may_act_for("li", None, NOON)


def test_who_stands_in_knows_for_whom() -> None:
    found = register(away("li", "wang", 0, 3), away("wang", "zhao", 2, 4))
    assert found.stood_in_for("wang", NOON) == ["li"]
    assert found.stood_in_for("zhao", NOON) == []
    assert found.stood_in_for("zhao", NOON + 2 * HOUR) == ["li", "wang"]
    assert found.stood_in_for("li", NOON) == []
    circle = register(away("li", "wang", 0, 10), away("wang", "li", 0, 4))
    assert circle.stood_in_for("li", NOON) == ["wang"]
