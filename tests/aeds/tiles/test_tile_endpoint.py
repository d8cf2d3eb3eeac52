"""Tiles over HTTP, from the whole service."""

from typing import Any

import pytest

from dispatch.aeds.tiles.addresses import on_square
from tests.aeds.tiles.reading import layers_of
from tests.people import WULIN, ServiceInProcess, problem_of, until


def path_of(zoom: int) -> str:
    x, y = on_square(WULIN)
    return f"/v1/aeds/tiles/{zoom}/{int(x * 2**zoom)}/{int(y * 2**zoom)}"


async def is_on_the_map(service: ServiceInProcess, aed_id: str) -> None:
    """Wait until it is: its hours are read a moment after it is entered."""

    async def is_on_it() -> bool:
        return bool(await usable(service, aed_id) == "now")

    await until(is_on_it)


async def usable(service: ServiceInProcess, aed_id: str) -> Any:
    async with service.client() as anybody:
        answer = await anybody.get(path_of(15))
    points = layers_of(answer.content).get("aeds", [])
    return next((point.values["usable"] for point in points if point.values["id"] == aed_id), None)


async def test_a_device_is_on_the_map_from_its_entry_on_and_a_fault_shows(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(WULIN)
    await is_on_the_map(service, aed_id)
    await service.call("POST", f"/v1/aeds/{aed_id}/reports", role="admin", json={"kind": "fault", "code": "broken"})
    assert await usable(service, aed_id) == "no"
    service.clock.move(seconds=1)
    await service.call("POST", f"/v1/aeds/{aed_id}/reports", role="admin", json={"kind": "inspection", "outcome": "ok"})
    assert await usable(service, aed_id) == "now"
    await service.call("DELETE", f"/v1/aeds/{aed_id}", role="admin")
    assert await usable(service, aed_id) is None


async def test_whoever_has_a_tile_is_told_so(service: ServiceInProcess) -> None:
    await is_on_the_map(service, await service.add_aed(WULIN))
    async with service.client() as anybody:
        first = await anybody.get(path_of(14))
        assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert first.headers["cache-control"].startswith("public, max-age=")
        assert int(first.headers["cache-control"].rpartition("=")[2]) <= 30
        again = await anybody.get(path_of(14), headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        await service.add_aed(WULIN)
        changed = await anybody.get(path_of(14), headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200


async def test_an_empty_tile_has_no_content(service: ServiceInProcess) -> None:
    async with service.client() as anybody:
        answer = await anybody.get("/v1/aeds/tiles/12/0/0")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/aeds/tiles/21/0/0", "z"),
        ("/v1/aeds/tiles/3/8/0", "x"),
        ("/v1/aeds/tiles/3/0/8", "y"),
        ("/v1/aeds/tiles/3/a/0", "x"),
        ("/v1/aeds/tiles/3/0/0?only=everything", "only"),
        ("/v1/aeds/tiles/3/0/0?datum=mars2", "datum"),
    ],
)
async def test_what_is_wrong_with_a_tile_is_named(service: ServiceInProcess, path: str, field: str) -> None:
    problem = await service.refused("GET", path, 422)
    assert [each["field"] for each in problem["errors"]] == [field]


async def test_a_tile_is_packed_for_who_can_unpack_it(service: ServiceInProcess) -> None:
    for number in range(40):
        await service.add_aed(WULIN, name=f"社区服务中心 {number}")
    async with service.client() as anybody:
        packed = await anybody.get(path_of(15), headers={"Accept-Encoding": "gzip"})
        plain = await anybody.get(path_of(15), headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert len(layers_of(plain.content)["aeds"]) == 40


async def test_without_the_database_an_old_tile_says_that_it_is_old(
    away_service: ServiceInProcess, stoppable: Any
) -> None:
    await is_on_the_map(away_service, await away_service.add_aed(WULIN))
    async with away_service.client() as anybody:
        fresh = await anybody.get(path_of(14))
        assert fresh.status_code == 200
        assert "warning" not in fresh.headers
        await stoppable.stops()
        away_service.service.registry.tiles.everything_changed()
        old = await anybody.get(path_of(14))
        assert old.content == fresh.content
        assert old.headers["warning"].startswith("110")
        assert old.headers["cache-control"] == "public, max-age=0"
        never_seen = await anybody.get(path_of(18))
    assert problem_of(never_seen, 503)["code"] == "database_away"
    assert never_seen.headers["retry-after"]
