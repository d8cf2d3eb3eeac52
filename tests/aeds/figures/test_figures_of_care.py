"""The office's figures: against what really happened, and against a reckoning that goes through every device's life."""

import csv
import io
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from dispatch.aeds.figures import questions
from dispatch.aeds.figures.schemas import FiguresOut
from dispatch.aeds.figures.sheets import written
from dispatch.aeds.health.vocabulary import ReportKind
from tests.aeds.work_orders.office import SHANGHAI, Json, Office

DAY = 86_400
_SLOW = "select 'x' as code, pg_sleep(5) as name where cast(:codes as text[]) is not null"
USABLE = {"ready", "degraded", "unverified"}
STATES = ("ready", "degraded", "unverified", "out_of_service", "in_use")


async def figures(office: Office, **params: Any) -> Json:
    found: Json = await office.call("GET", "/v1/registry/figures", params=params)
    return found


async def test_a_day_out_of_service_is_a_day_less(office: Office) -> None:
    *_, venue = await office.chain()
    await office.custodian("li")
    aed_id = await office.aed(owner=venue, custodian="li")
    await office.aed("另一台", owner=venue)
    await office.pass_time(days=4)
    await office.break_down(aed_id)
    await office.pass_time(days=1)
    await office.repair(aed_id)
    await office.pass_time(days=4)
    found = await figures(office)
    assert FiguresOut.model_validate(found).model_dump(mode="json", by_alias=True) == found
    total = found["total"]
    assert total["devices"] == 2
    assert total["by_state"] == {"ready": 2}
    # Both for nine days, one of them without one.
    assert total["uptime"] == pytest.approx(17 / 18, abs=1e-4)
    assert total["mean_time_to_repair_s"] == pytest.approx(DAY, abs=5)
    assert total["mean_time_to_detect_s"] == pytest.approx(0, abs=5)
    assert (total["opened_orders"], total["closed_orders"], total["open_orders"]) == (1, 1, 0)
    (cause,) = found["causes"]
    assert (cause["cause"], cause["opened_orders"]) == ("fault", 1)
    days = {each["day"]: each for each in found["days"]}
    assert len(days) == 30
    assert days["2026-06-16"]["uptime"] is None
    assert days["2026-06-17"]["devices"] == 2
    # It broke at noon of the 21st and was mended at noon of the 22nd.
    assert days["2026-06-20"]["uptime"] == 1
    assert days["2026-06-21"]["uptime"] == pytest.approx(0.75, abs=1e-4)
    assert days["2026-06-22"]["uptime"] == pytest.approx(0.75, abs=1e-4)
    assert (days["2026-06-21"]["opened"], days["2026-06-22"]["closed"]) == (1, 1)
    assert days["2026-06-22"]["mean_time_to_repair_s"] == pytest.approx(DAY, abs=5)


async def test_what_is_told_long_after_it_happened_tells_in_the_time_to_detect(office: Office) -> None:
    aed_id = await office.aed()
    await office.pass_time(hours=10)
    before = office.clock.now() - timedelta(hours=6)
    await office.report(aed_id, ReportKind.FAULT, at=before, code="broken")
    await office.edit(aed_id, battery_expires_on=date(2026, 6, 30))
    office.clock.move(seconds=1)
    causes = {each["cause"]: each for each in (await figures(office))["causes"]}
    assert causes["fault"]["mean_time_to_detect_s"] == pytest.approx(6 * 3600, abs=5)
    assert causes["battery_expiry"]["mean_time_to_detect_s"] is None, "its day was known long before"
    assert (await figures(office))["total"]["mean_time_to_detect_s"] == pytest.approx(6 * 3600, abs=5)


async def test_what_was_before_a_device_was_entered_is_none_of_its_time(office: Office) -> None:
    """Its own buffer tells of weeks before; the list that it comes from says that it is much older."""
    await office.pass_time(days=40)
    now = office.clock.now()
    # Of two that are entered now one says that it broke before, one that it was mended since.
    broken, mended = await office.aed("坏了的"), await office.aed("修好的")
    await office.report(broken, ReportKind.FAULT, at=now + timedelta(seconds=1), code="broken")
    for aed_id, days in ((broken, 60), (broken, 20), (mended, 20)):
        await office.rows(
            "insert into aed_events (aed_id, at, recorded_at, kind, by, data) values (:id, :at, :now, 'readiness', 'x',"
            """ '{"from": "out_of_service", "to": "ready"}'), (:id, :later, :now, 'readiness', 'x',"""
            """ '{"from": "ready", "to": "out_of_service"}') returning id""",
            id=aed_id,
            at=now - timedelta(days=days),
            later=now - timedelta(days=days - 5),
            now=now,
        )
    await office.rows(
        "update aeds set created_at = :at where id = :id returning id", at=now - timedelta(days=10), id=mended
    )
    await office.pass_time(days=10)
    found = await figures(office)
    # One for ten days in which it was broken, one for twenty in which it was not.
    assert found["total"]["uptime"] == pytest.approx(2 / 3, abs=1e-3)
    uptimes = {each["day"]: each["uptime"] for each in found["days"]}
    entered = now.astimezone(SHANGHAI).date()
    assert [uptimes[str(entered + timedelta(days=each))] for each in (-11, -9, 2)] == [None, 1, 0.5]


async def test_overdue_orders_are_counted_by_owner_and_day(office: Office) -> None:
    _province, city, district, venue = await office.chain()
    other = await office.owner("city", "宁波市红十字会", _province)
    aed_id = await office.aed(owner=venue)
    await office.aed("宁波的", owner=other)
    await office.aed("市里的", owner=city)
    await office.aed("没人的")
    await office.break_down(aed_id)
    await office.pass_time(days=3)
    found = await figures(office, owner_id=_province["id"])
    rows = {each["name"]: each for each in found["owners"]}
    assert {name: row["overdue_orders"] for name, row in rows.items()} == {"杭州市红十字会": 1, "宁波市红十字会": 0}
    assert rows["杭州市红十字会"]["devices"] == 2
    below = await figures(office, owner_id=city["id"])
    assert {each["name"]: each["devices"] for each in below["owners"]} == {"拱墅区红十字会": 1, "杭州市红十字会": 1}
    assert below["total"]["devices"] == 2
    assert {each["name"]: each["devices"] for each in (await figures(office))["owners"]} == {
        "浙江省红十字会": 3,
        "": 1,
    }
    overdue = {each["day"]: each["overdue"] for each in found["days"]}
    assert [overdue[f"2026-06-{day}"] for day in (17, 18, 19, 20)] == [0, 1, 1, 1]
    assert district["level"] == "district"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2026-06-18", "to": "2026-06-17"}, "from"),
        ({"to": "2026-06-18"}, "to"),
        ({"from": "2020-01-01"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "from"),
        ({"to": "0001-01-02"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"owner_id": str(uuid4())}, "owner_id"),
        ({"owner_id": "x"}, "owner_id"),
    ],
)
async def test_a_question_that_cannot_be_is_refused_by_its_field(
    office: Office, params: dict[str, str], field: str
) -> None:
    for path in ("/v1/registry/figures", "/v1/registry/figures.csv"):
        problem = await office.refused("GET", path, 422, params=params)
        assert problem["fields"][0] == field


async def test_what_takes_too_long_is_refused_and_no_database_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.aed()
    monkeypatch.setattr(questions, "_WITHIN_MS", 50)
    monkeypatch.setattr(questions, "_DISTRICTS", _SLOW)
    problem = await office.refused("GET", "/v1/registry/figures", 503)
    assert problem["code"] == "too_much"
    await office.aed()


async def test_figures_are_the_offices(office: Office) -> None:
    await office.refused("GET", "/v1/registry/figures", 401, role=None)
    await office.refused("GET", "/v1/registry/figures", 403, role="custodian")


async def test_the_same_question_is_reckoned_once_a_minute(office: Office) -> None:
    first = await figures(office)
    await office.aed()
    assert (await figures(office))["total"] == first["total"]
    office.clock.move(seconds=61)
    assert (await figures(office))["total"]["devices"] == 1


async def test_a_table_opens_in_a_spreadsheet_and_runs_nothing(office: Office) -> None:
    evil = await office.owner("city", '=HYPERLINK("http://evil.example")')
    await office.owner("city", '杭州, "西湖"\n二')
    await office.aed(owner=evil)
    answer = await office.ask("GET", "/v1/registry/figures.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="aed-owners-2026-05-19-2026-06-17.csv"' in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert {row["name"] for row in rows} == {'\'=HYPERLINK("http://evil.example")', '杭州, "西湖"\n二'}
    assert {row["devices"] for row in rows} == {"0", "1"}
    assert b"\r\n" in answer.content
    for table in ("districts", "causes", "days"):
        answer = await office.ask("GET", "/v1/registry/figures.csv", params={"table": table})
        assert answer.status_code == 200
    problem = await office.refused("GET", "/v1/registry/figures.csv", 422, params={"table": "secrets"})
    assert problem["fields"] == ["table"]


def test_cells_that_would_be_formulas_are_texts() -> None:
    for begins in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"):
        data = written(["name"], [{"name": begins}]).decode("utf-8-sig")
        ((_head,), (cell,)) = list(csv.reader(io.StringIO(data, newline="")))
        assert cell == f"'{begins}"
    assert written(["n"], [{"n": 3}, {"n": 0.123456789}, {"n": None}, {"n": 1234.56}]).decode("utf-8-sig") == (
        'n\r\n3\r\n0.123457\r\n""\r\n1234.6\r\n'
    )


async def test_sums_are_what_going_through_every_life_gives(office: Office) -> None:
    """Random lives of devices: entered, changed, removed, before, in and after the days asked for."""
    chance = random.Random(5)
    now = office.clock.now()
    owners = [UUID((await office.owner("city", f"市 {number}"))["id"]) for number in range(3)]
    lives: list[tuple[UUID, list[tuple[datetime, str | None]]]] = []
    for _ in range(60):
        at = now - timedelta(days=chance.uniform(1, 100))
        life: list[tuple[datetime, str | None]] = [(at, chance.choice(STATES))]
        while (at := at + timedelta(days=chance.expovariate(1 / 12))) < now:
            life.append((at, None if chance.random() < 0.08 else chance.choice(STATES)))
            if life[-1][1] is None:
                break
        lives.append((chance.choice(owners), life))
    await _write(office, lives, now)
    for first_ago, last_ago in ((29, 0), (60, 20), (5, 5), (99, 0)):
        first, last = (now.astimezone(SHANGHAI).date() - timedelta(days=each) for each in (first_ago, last_ago))
        found = await figures(office, **{"from": first, "to": last})
        begin = datetime.combine(first, datetime.min.time(), SHANGHAI).astimezone(UTC)
        end = min(now, datetime.combine(last + timedelta(days=1), datetime.min.time(), SHANGHAI).astimezone(UTC))
        assert found["total"]["uptime"] == pytest.approx(_uptime(lives, begin, end), abs=1e-6)
        for row, owner_id in zip(found["owners"], owners, strict=True):
            own = [life for life in lives if life[0] == owner_id]
            assert row["uptime"] == pytest.approx(_uptime(own, begin, end), abs=1e-6)
        for day in found["days"]:
            midnight = datetime.combine(date.fromisoformat(day["day"]), datetime.min.time(), SHANGHAI).astimezone(UTC)
            until = min(end, midnight + timedelta(days=1))
            assert day["uptime"] == pytest.approx(_uptime(lives, midnight, until), abs=1e-6)
            assert day["devices"] == sum(_state(life, until) is not None for _, life in lives)


async def _write(office: Office, lives: list[tuple[UUID, list[tuple[datetime, str | None]]]], now: datetime) -> None:
    for owner_id, life in lives:
        aed_id = uuid4()
        await office.rows(
            "insert into aeds (id, name, location, owner_id, readiness, readiness_at, created_at, updated_at) values"
            " (:id, 'x', 'SRID=4326;POINT(120 30)', :owner_id, :readiness, :now, :created_at, :now) returning id",
            id=aed_id,
            owner_id=owner_id,
            readiness=life[-1][1] or "removed",
            created_at=life[0][0],
            now=now,
        )
        before: str | None = None
        for at, state in life:
            await office.rows(
                "insert into aed_events (aed_id, at, recorded_at, kind, by, data) values (:id, :at, :at, :kind, 'time',"
                " jsonb_build_object('from', cast(:before as text), 'to', cast(:state as text))) returning id",
                id=aed_id,
                at=at,
                kind="removed" if state is None else "readiness",
                before=before,
                state=state,
            )
            before = state


def _state(life: list[tuple[datetime, str | None]], at: datetime) -> str | None:
    states = [state for since, state in life if since < at]
    return states[-1] if states else None


def _uptime(
    lives: list[tuple[UUID, list[tuple[datetime, str | None]]]], begin: datetime, end: datetime
) -> float | None:
    there_s = usable_s = 0.0
    for _, life in lives:
        ends = [*(at for at, _ in life[1:]), datetime.max.replace(tzinfo=UTC)]
        for (since, state), until in zip(life, ends, strict=True):
            lasts_s = (min(until, end) - max(since, begin)).total_seconds()
            if state is not None and lasts_s > 0:
                there_s += lasts_s
                usable_s += lasts_s if state in USABLE else 0.0
    return usable_s / there_s if there_s else None
