"""What cannot be an SOS is refused with a sentence that names the field; what can is never refused."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.people import WULIN, LiveService, Message, ServiceInProcess, problem_of

HERE = {"latitude": WULIN.latitude, "longitude": WULIN.longitude}


def _tap(**changed: Any) -> Message:
    body = {"request_id": str(uuid4()), "location": dict(HERE)} | changed
    return {name: value for name, value in body.items() if value is not ...}


def _at(**changed: Any) -> Message:
    location = {name: value for name, value in ({**HERE, **changed}).items() if value is not ...}
    return _tap(location=location)


BAD = {
    "no body at all": ({}, "request_id"),
    "no request id": (_tap(request_id=...), "request_id"),
    "a request id that is none": (_tap(request_id="now"), "request_id"),
    "no location": (_tap(location=...), "location"),
    "a list for a location": (_tap(location=[120.1, 30.2]), "location"),
    "a text for a location": (_tap(location="30.2,120.1"), "location"),
    "no latitude": (_at(latitude=...), "location.latitude"),
    "no longitude": (_at(longitude=...), "location.longitude"),
    "latitude null": (_at(latitude=None), "location.latitude"),
    "latitude too far north": (_at(latitude=90.1, longitude=170.0), "location.latitude"),
    "longitude too far east": (_at(longitude=180.1), "location.longitude"),
    "a text for a latitude": (_at(latitude="30.2741"), "location.latitude"),
    "a text that says NaN": (_at(latitude="NaN"), "location.latitude"),
    "a text that is out of range": (_at(latitude="500"), "location.latitude"),
    "true for a longitude": (_at(longitude=True), "location.longitude"),
    "an unknown datum": (_at(datum="nad27"), "location.datum"),
    "a number for a datum": (_at(datum=4326), "location.datum"),
    "a negative accuracy": (_at(accuracy_m=-1), "location.accuracy_m"),
    "something more in the location": (_at(altitude=12), "location.altitude"),
    "an unknown kind": (_tap(kind="flu"), "kind"),
    "half a floor": (_tap(floor=2.5), "floor"),
    "a floor in the sky": (_tap(floor=1000), "floor"),
    "a text for a floor": (_tap(floor="3"), "floor"),
    "a note as long as a book": (_tap(note="x" * 501), "note"),
    "a phone number of letters": (_tap(caller={"phone": "call me"}), "caller.phone"),
    "a caller that is a text": (_tap(caller="me"), "caller"),
    "a word for cpr": (_tap(cpr_in_progress="yes"), "cpr_in_progress"),
    "a number for drill": (_tap(drill=1), "drill"),
    "something more": (_tap(colour="red"), "colour"),
}


@pytest.fixture
def phone(live_service: LiveService) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with live_service.client() as client:
        yield client


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_naming_the_field(phone: httpx.Client, name: str) -> None:
    body, field = BAD[name]
    problem = problem_of(phone.post("/v1/sos", json=body), 422)
    assert field in [each["field"] for each in problem["errors"]]
    assert problem["code"] == "invalid"
    assert all(each["problem"] for each in problem["errors"])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 400])
def test_a_coordinate_that_is_no_finite_number_is_refused(phone: httpx.Client, number: str) -> None:
    body = f'{{"request_id": "{uuid4()}", "location": {{"latitude": {number}, "longitude": 120}}}}'
    answer = phone.post("/v1/sos", content=body, headers={"Content-Type": "application/json"})
    assert problem_of(answer, 422)["errors"][0]["field"] == "location.latitude"


def test_swapped_coordinates_are_recognised_and_said_so(phone: httpx.Client) -> None:
    body = _at(latitude=WULIN.longitude, longitude=WULIN.latitude)
    problem = problem_of(phone.post("/v1/sos", json=body), 422)
    assert "swapped" in problem["detail"]
    assert problem["errors"][0]["field"] == "location.latitude"


async def test_nothing_is_opened_by_what_is_refused(service: ServiceInProcess) -> None:
    for body, _ in BAD.values():
        await service.refused("POST", "/v1/sos", 422, json=body)
    assert (await service.call("GET", "/v1/incidents?status=all", role="operator"))["incidents"] == []
    # And a right one with the request id of a wrong one is no repetition.
    request_id = str(uuid4())
    await service.refused("POST", "/v1/sos", 422, json=_tap(request_id=request_id, floor="x"))
    assert (await service.sos(request_id=request_id))["state"] == "open"


@pytest.mark.parametrize("header", ["Bearer stale.or.foreign", "Bearer", "Basic YTpi", "nonsense", "Bearer é"])
def test_no_login_stands_in_the_way_of_an_sos(phone: httpx.Client, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1"))]
    assert phone.post("/v1/sos", json=_tap(), headers=headers).status_code == 201


@pytest.mark.parametrize(
    "location",
    [
        {"latitude": 30, "longitude": 120},
        {"latitude": -90, "longitude": -180},
        {"latitude": 90.0, "longitude": 180.0},
        {"latitude": 30.2, "longitude": 120.1, "datum": "gcj02"},
        {"latitude": 30.2, "longitude": 120.1, "datum": "bd09", "accuracy_m": 0},
        {"latitude": 30.2, "longitude": 120.1, "accuracy_m": None},
    ],
    ids=str,
)
def test_every_place_on_earth_can_call_for_help(live_service: LiveService, location: Message) -> None:
    opened = live_service.admin.post("/v1/sos", json=_tap(location=location)).json()
    seen = live_service.admin.get(f"/v1/incidents/{opened['incident_id']}").json()
    assert seen["location"]["datum"] == "wgs84"
    assert -90 <= seen["location"]["latitude"] <= 90
