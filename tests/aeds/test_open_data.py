"""The registry's open data: what is public of every device, and nothing else, cheap for whoever comes again."""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.open_data.publishing import Form, OpenData, publish
from dispatch.aeds.record import Access, Aed
from geo.place import Place
from tests.aeds.conftest import Registry

ADMIN = Identity(Role.ADMIN, "tests")
SECRETS: Mapping[str, Any] = {
    "phone": "0571-secret",
    "custodian": "wang-secret",
    "serial_number": "SN-secret",
    "opening_hours_note": "the key is with secret",
}


async def hung(registry: Registry, **values: Any) -> Aed:
    given: dict[str, Any] = {"name": "断桥", "place": Place(30.25, 120.15), "access": Access.PUBLIC}
    return await registry.service.create({**given, **SECRETS, **values}, ADMIN)


async def test_both_forms_have_what_is_public_and_nothing_else(registry: Registry, client: httpx.AsyncClient) -> None:
    aed = await hung(registry, opening_hours="24/7", floor=-1, photos=("https://example.org/a.jpg",))
    table = await client.get("/v1/aeds/open-data.csv")
    assert table.status_code == 200
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert (row["id"], row["name"], row["latitude"], row["floor"]) == (str(aed.id), "断桥", "30.25", "-1")
    assert row["photos"] == "https://example.org/a.jpg"
    features = await client.get("/v1/aeds/open-data.geojson")
    assert features.headers["content-type"] == "application/geo+json"
    (feature,) = features.json()["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.15, 30.25]}
    assert feature["properties"]["opening_hours"] == "24/7"
    assert "secret" not in table.text + features.text
    assert set(feature["properties"]) | {"id", "latitude", "longitude"} == set(row)


async def test_whoever_has_it_already_is_told_so(registry: Registry, client: httpx.AsyncClient) -> None:
    await hung(registry)
    first = await client.get("/v1/aeds/open-data.csv")
    again = await client.get("/v1/aeds/open-data.csv", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert (await client.get("/v1/aeds/open-data.csv", headers=since)).status_code == 304
    assert (await client.get("/v1/aeds/open-data.csv", headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await client.get("/v1/aeds/open-data.csv", headers={"If-Modified-Since": "yesterday"})).status_code == 200


async def test_it_comes_compressed_to_those_who_take_it_so(registry: Registry, client: httpx.AsyncClient) -> None:
    await hung(registry)
    packed = await client.get("/v1/aeds/open-data.csv", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/v1/aeds/open-data.csv", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


async def test_it_is_made_anew_after_ten_minutes_and_not_before(registry: Registry) -> None:
    open_data = OpenData(registry.directory, registry.clock.now)
    await hung(registry)
    first = await open_data.file(Form.CSV)
    await hung(registry, name="second")
    assert await open_data.file(Form.CSV) is first
    registry.clock.move(minutes=10)
    later = await open_data.file(Form.CSV)
    assert (later.etag != first.etag, later.at - first.at) == (True, timedelta(minutes=10))
    assert b"second" in gzip.decompress(later.compressed)


async def test_a_device_that_is_removed_is_a_change_for_those_who_go_by_the_time(registry: Registry) -> None:
    open_data = OpenData(registry.directory, registry.clock.now)
    await hung(registry)
    goes = await hung(registry, name="second")
    first = await open_data.file(Form.CSV)
    await registry.service.remove(goes.id, ADMIN)
    registry.clock.move(minutes=10)
    later = await open_data.file(Form.CSV)
    assert first.changed_at < later.changed_at
    registry.clock.move(minutes=10)
    same = await open_data.file(Form.CSV)
    assert (same.at > later.at, same.changed_at) == (True, later.changed_at)


async def test_removed_private_and_mobile_devices_are_not_in_it(registry: Registry, client: httpx.AsyncClient) -> None:
    gone = await hung(registry, name="gone")
    await registry.service.remove(gone.id, ADMIN)
    await hung(registry, name="taxi", is_mobile=True, carried_by="somebody")
    await hung(registry, name="at home", access=Access.PRIVATE)
    assert (await client.get("/v1/aeds/open-data.geojson")).json()["features"] == []


async def test_the_licence_goes_along(registry: Registry) -> None:
    aed = await hung(registry, name="=1+1")
    now = registry.clock.now()
    table = gzip.decompress(publish([aed], Form.CSV, now, "CC BY 4.0").compressed).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["licence"], row["name"]) == ("CC BY 4.0", "'=1+1")
    features = json.loads(gzip.decompress(publish([aed], Form.GEOJSON, now, "CC BY 4.0").compressed))
    assert (features["licence"], features["features"][0]["properties"]["name"]) == ("CC BY 4.0", "=1+1")


async def test_a_hundred_thousand_devices_make_a_file(registry: Registry) -> None:
    one = await hung(registry, opening_hours="Mo-Fr 09:00-17:00", address="环城西路1号")
    made = publish([one] * 100_000, Form.GEOJSON, registry.clock.now())
    assert sum(map(len, made.plain_parts())) > 40_000_000
    assert max(map(len, made.parts())) <= 64 * 1024
