"""The real lists taken into one register: nothing suspicious, nothing twice, every row told."""

from pathlib import Path

from dispatch.aeds.importing.desk import WhenGone
from tests.aeds.conftest import Registry
from tests.aeds.importing import account


async def test_a_history_is_followed_quarter_by_quarter(real_lists: Path, registry: Registry) -> None:
    quarters = sorted((real_lists / "osm_verona_history").glob("*.json"))
    for quarter in quarters:
        registry.clock.move(days=90)
        report = await registry.service.import_file(quarter.read_bytes(), source="verona", when_gone=WhenGone.REMOVE)
        assert report.suspicions == ()
        assert report.rows == report.created + report.updated + report.unchanged
        assert report.gone < 10
        assert len(registry.directory) == report.rows


async def test_all_lists_are_taken_beside_each_other(real_lists: Path, registry: Registry) -> None:
    for path in (each for each in account.real_files() if each.parent == real_lists):
        registry.clock.move(minutes=1)
        report = await registry.service.import_file(path.read_bytes(), source=path.stem)
        assert report.suspicions == ()
        assert report.taken == report.created + report.updated + report.unchanged + report.ambiguous
        again = await registry.service.import_file(path.read_bytes(), source=path.stem)
        assert (again.created, again.updated, again.gone) == (0, 0, 0), path.name
        assert again.unchanged == report.taken - again.ambiguous
