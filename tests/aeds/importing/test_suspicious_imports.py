"""Imports that look like a mistake are refused with the reason, whole, and taken when somebody insists."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

from dispatch.aeds.importing.desk import SuspiciousImport
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.importing.suspicion import Doubt
from geo.datum import Datum, from_wgs84
from geo.place import Place
from tests.aeds.conftest import Registry

PLACES = [Place(30.2 + at / 500, 120.1 + (at % 7) / 200) for at in range(24)]


def listed(places: Iterable[Place]) -> bytes:
    rows = (f"{at},{at}号馆,{place.latitude!r},{place.longitude!r}\n" for at, place in enumerate(places))
    return ("id,name,lat,lon\n" + "".join(rows)).encode()


async def taken(registry: Registry, data: bytes, **how: Any) -> ImportReport:
    registry.clock.move(minutes=1)
    return await registry.service.import_file(data, source="city", **how)


async def refused(registry: Registry, data: bytes, **how: Any) -> dict[Doubt, dict[str, Any]]:
    before = {aed.id: aed for aed in registry.directory}
    dry = await taken(registry, data, dry_run=True, **how)
    with pytest.raises(SuspiciousImport) as caught:
        await taken(registry, data, **how)
    assert {aed.id: aed for aed in registry.directory} == before
    found = {each.doubt: each.figures for each in caught.value.report.suspicions}
    assert {each.doubt for each in dry.suspicions} == set(found)
    return found


async def test_half_of_the_devices_gone(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    assert await refused(registry, listed(PLACES[:12])) == {Doubt.HALF_GONE: {"gone": 12, "of": 24}}
    assert (await taken(registry, listed(PLACES[:13]))).gone == 11


async def test_gcj_02_read_as_wgs_84(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    shifted = [from_wgs84(place, Datum.GCJ02) for place in PLACES]
    found = await refused(registry, listed(shifted))
    assert found[Doubt.DATUM]["datum"] == "gcj02"
    assert 450 < found[Doubt.DATUM]["metres"] < 600
    right = await taken(registry, listed(shifted), datum=Datum.GCJ02)
    assert (right.suspicions, right.unchanged) == ((), 24)


async def test_wgs_84_read_as_bd_09(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    found = await refused(registry, listed(PLACES), datum=Datum.BD09)
    assert found[Doubt.DATUM] | {"metres": 0} == found[Doubt.DATUM] | {"metres": 0, "read_as": "bd09", "datum": "wgs84"}


async def test_all_moved_by_the_same_way_that_no_datum_explains(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    moved = [Place(place.latitude + 0.003, place.longitude) for place in PLACES]
    assert set(await refused(registry, listed(moved))) == {Doubt.ALL_MOVED}


async def test_corrections_all_ways_are_no_mistake(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    signs = [(at % 2 * 2 - 1, at // 2 % 2 * 2 - 1) for at in range(24)]
    moved = [
        Place(place.latitude + 0.002 * north, place.longitude + 0.002 * east)
        for place, (north, east) in zip(PLACES, signs, strict=True)
    ]
    assert (await taken(registry, listed(moved))).updated == 24


async def test_latitude_and_longitude_swapped(registry: Registry) -> None:
    rome = [Place(41.9 + at / 1000, 12.5 + at / 2000) for at in range(24)]
    await taken(registry, listed(rome))
    swapped = [Place(place.longitude, place.latitude) for place in rome]
    assert Doubt.SWAPPED in await refused(registry, listed(swapped))


async def test_columns_that_stand_under_each_others_heading(registry: Registry) -> None:
    swapped = listed(PLACES).replace(b"lat,lon", b"lon,lat")
    assert set(await refused(registry, swapped)) == {Doubt.SWAPPED}
    report = await taken(registry, swapped, force=True)
    assert (report.created, len(report.notes)) == (24, 24)
    assert {aed.place for aed in registry.directory} == set(PLACES)


async def test_a_few_rows_turned_round_are_only_noted(registry: Registry) -> None:
    text = "name,lat,lon\na,120.1,30.2\nb,120.2,30.3\nc,30.4,120.3\n"
    report = await taken(registry, text.encode())
    assert (report.created, len(report.notes)) == (3, 2)


async def test_a_new_list_that_fits_the_register_only_when_turned_round(registry: Registry) -> None:
    await taken(registry, listed([Place(41.9 + at / 1000, 12.5 + at / 2000) for at in range(24)]))
    registry.clock.move(minutes=1)
    other = listed([Place(12.4 + at / 1000, 41.8 + at / 2000) for at in range(12)])
    with pytest.raises(SuspiciousImport, match="swapped"):
        await registry.service.import_file(other, source="another")


async def test_everything_at_one_point(registry: Registry) -> None:
    one = [PLACES[0]] * 15 + PLACES[:5]
    assert set(await refused(registry, listed(one))) == {Doubt.ONE_POINT}


async def test_a_crowd_at_one_point_among_many_is_a_warning(registry: Registry) -> None:
    report = await taken(registry, listed([PLACES[0]] * 10 + PLACES))
    assert report.suspicions == ()
    assert any("different places share the point" in each for each in report.warnings)


async def test_a_list_that_is_suddenly_of_another_part_of_the_world(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    elsewhere = [Place(place.latitude + 10, place.longitude - 30) for place in PLACES]
    assert Doubt.FAR_AWAY in await refused(registry, listed(elsewhere))


async def test_whoever_insists_is_followed(registry: Registry) -> None:
    await taken(registry, listed(PLACES))
    report = await taken(registry, listed(PLACES[:3]), force=True)
    assert (report.forced, report.gone) == (True, 21)


async def test_it_is_a_conflict_over_http_that_names_the_reasons(
    client: httpx.AsyncClient, token: Callable[..., dict[str, str]], registry: Registry
) -> None:
    await taken(registry, listed(PLACES))
    shifted = listed(from_wgs84(place, Datum.GCJ02) for place in PLACES)

    async def send(**fields: str) -> httpx.Response:
        registry.clock.move(minutes=1)
        files = {"file": ("city.csv", shifted)}
        return await client.post("/v1/aeds/import", files=files, data=fields, headers=token("admin"))

    answer = await send()
    assert (answer.status_code, answer.json()["code"]) == (409, "suspicious_import")
    assert "as gcj02 they would stay where they are" in answer.json()["errors"][0]["problem"]
    told = (await send(dry_run="true")).json()
    assert [each["code"] for each in told["suspicions"]] == ["wrong_datum"]
    assert told["changes"][0]["moved_m"] > 400
    assert (await send(force="true")).json()["forced"] is True
    assert (await send(datum="gcj02")).status_code == 409
    assert (await send(datum="gcj02", force="true", gone="remove", ambiguous="new")).status_code == 200
    assert (await send(gone="burn")).status_code == 422
