"""Those who take the Common Alerting Protocol get messages as the standard wants them, whatever people write."""

import pytest

from dispatch.centres.cap import cap_xml, name_of
from dispatch.centres.service import _as_kept
from dispatch.centres.telling import told_of
from dispatch.rescue.events import Cancelled, CprChanged, Event, Opened
from dispatch.rescue.vocabulary import CancelReason, IncidentId, IncidentKind
from tests.centres.cap_check import cap_parameters, cap_text, checked_cap, infos
from tests.centres.conftest import has_all, open_case, webhook
from tests.people import NOON, WULIN, ServiceInProcess, beside
from tests.push.receiving import Listener

INCIDENT = IncidentId("5f1b7c6a-2d84-4a47-9b35-6f0f6c5c0b1e")


def story(note: str | None = None, *, drill: bool = False, kind: IncidentKind = IncidentKind.TRAUMA) -> list[Event]:
    opened = Opened(
        latitude=-33.5,
        longitude=-70.25,
        accuracy_m=12.4,
        incident_kind=kind,
        floor=-1,
        note=note,
        phone="13912345678",
        cpr_in_progress=True,
        drill=drill,
    )
    return [
        Event(1, NOON, "caller", opened),
        Event(2, NOON, "operator:ann", CprChanged(in_progress=False)),
        Event(3, NOON, "operator:ann", Cancelled(reason=CancelReason.FALSE_ALARM)),
    ]


def told_as_cap(events: list[Event]) -> list[str]:
    lines = [_as_kept(each) for each in told_of(INCIDENT, events, lambda _: None)]
    return [cap_xml(each, lines[:place], sender="cad.example") for place, each in enumerate(lines)]


def test_the_first_is_an_alert_then_come_updates_and_its_end_cancels_it() -> None:
    alerts = [checked_cap(each) for each in told_as_cap(story())]
    assert [cap_text(each, "msgType") for each in alerts] == ["Alert", "Update", "Cancel"]
    identifiers = [cap_text(each, "identifier") for each in alerts]
    assert len(set(identifiers)) == 3
    sent = "2026-06-17T04:00:00-00:00"
    assert cap_text(alerts[2], "references") == " ".join(f"cad.example,{each},{sent}" for each in identifiers[:2])
    for alert in alerts:
        assert [cap_text(each, "language") for each in infos(alert)] == ["zh-CN", "en-US"]
        assert cap_text(alert, "incidents") == INCIDENT
        assert cap_text(alert, "status") == "Actual"
    assert cap_text(infos(alerts[0])[1], "event") == "Trauma"
    assert cap_text(infos(alerts[0])[0], "area", "circle") == "-33.500000,-70.250000 0.012"
    assert [cap_text(infos(each)[0], "urgency") for each in alerts] == ["Immediate", "Immediate", "Past"]
    assert cap_parameters(infos(alerts[0])[0])["floor"] == "-1"


def test_a_drill_is_an_exercise_and_says_so() -> None:
    alert = checked_cap(told_as_cap(story(drill=True))[0])
    assert cap_text(alert, "status") == "Exercise"
    assert cap_text(infos(alert)[0], "headline").startswith("【演练】")
    assert cap_text(infos(alert)[1], "headline").startswith("DRILL")


@pytest.mark.parametrize(
    "note",
    [
        "<alert>&amp;]]></note> \"quoted\" 'twice'",
        "\x01\x08\x0b\x1f control",
        "nothing\ufffe\uffff there",
        "😀 王 \t tab",
        "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    ],
)
def test_whatever_somebody_writes_is_escaped(note: str) -> None:
    for text in told_as_cap(story(note)):
        alert = checked_cap(text.encode())
        assert "13912345678" not in text
        said = cap_text(infos(alert)[1], "description")
        assert "note: " in said
        if note.startswith("<"):
            assert note in said


def test_every_kind_of_emergency_has_words_in_both_languages() -> None:
    for kind in IncidentKind:
        alert = checked_cap(told_as_cap(story(kind=kind))[0])
        assert len({cap_text(each, "event") for each in infos(alert)}) == 2


def test_a_name_holds_nothing_that_cap_forbids() -> None:
    assert name_of("first minutes, <Hangzhou> & more") == "first-minutes-Hangzhou>-more"
    assert name_of(" , ") == "-"


async def test_a_rescue_is_told_in_cap(service: ServiceInProcess, receiver: Listener) -> None:
    types = ["incident.opened", "responder.accepted", "responder.on_scene", "incident.closed"]
    made = await webhook(service, receiver, centre="hz120", format="cap", types=types)
    async with service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        opened = await open_case(service, note="5号楼 <2单元>")
        alert = await phone.next("alert")
        await phone.answer(alert, "accept")
        await phone.progress(alert, "en_route")
        await phone.progress(alert, "on_scene")
        await phone.settled()
        path = f"/v1/incidents/{opened['incident_id']}"
        async with service.client("centre", "hz120") as client:
            answer = await client.get(f"{path}/cap")
        await service.call("POST", f"{path}/close", role="operator")
        await has_all(service, made)
    assert answer.headers["content-type"].startswith("application/cap+xml")
    asked = checked_cap(answer.content)
    assert cap_parameters(infos(asked)[0])["type"] == "responder.on_scene"
    assert cap_parameters(infos(asked)[0])["caseNumber"] == "2026-000123"

    alerts = [checked_cap(each.body) for each in receiver.heard]
    assert {each.headers["content-type"] for each in receiver.heard} == {"application/cap+xml"}
    assert [cap_text(each, "msgType") for each in alerts] == ["Alert", "Update", "Update", "Cancel"]
    assert [cap_parameters(infos(each)[0])["type"] for each in alerts] == types
    # It refers to what this receiver was told, and to nothing else.
    assert len(cap_text(alerts[3], "references").split()) == 3
    # What is asked for has the identifier of what was posted.
    assert cap_text(asked, "identifier") == cap_text(alerts[2], "identifier")


async def test_a_receiver_that_was_told_nothing_before_is_alerted(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver, format="cap", types=["incident.closed"])
    opened = await open_case(service)
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await has_all(service, made)
    (told,) = [checked_cap(each.body) for each in receiver.heard]
    assert cap_text(told, "msgType") == "Alert"
    assert cap_text(infos(told)[0], "urgency") == "Past"
