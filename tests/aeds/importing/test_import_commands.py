"""`aeds import` over lists that look like a mistake, have lost devices, or are open to question."""

import json
from pathlib import Path
from typing import Any

from dispatch.aeds.commands import import_command
from dispatch.aeds.importing.desk import WhenAmbiguous, WhenGone
from tests.aeds.conftest import Registry
from tests.aeds.importing.books import HEAD, book


def listed(count: int) -> str:
    return "id,name,lat,lon\n" + "".join(f"{at},hall {at},30.{at:02},120.1\n" for at in range(count))


async def run(registry: Registry, file: Path, **options: Any) -> tuple[int, list[str]]:
    said: list[str] = []
    usual: dict[str, Any] = {"datum": None, "source": None, "dry_run": False, "report": None}
    code = await import_command(registry.database, file, **usual | options, say=said.append)
    return code, said


async def test_a_suspicious_list_needs_force(registry: Registry, tmp_path: Path) -> None:
    file, written = tmp_path / "city.csv", tmp_path / "report.json"
    file.write_text(listed(20))
    assert (await run(registry, file))[0] == 0
    file.write_text(listed(5))
    code, said = await run(registry, file, report=written)
    assert code == 3
    assert "suspicious: 15 of the 20 devices that this source had are not in the list." in said
    assert said[-1] == "Nothing was written. If the list is right all the same, add --force."
    assert json.loads(written.read_text())["suspicions"][0]["code"] == "half_gone"
    code, said = await run(registry, file, force=True, when_gone=WhenGone.REMOVE)
    assert code == 0
    assert "15 devices of this source are not in the list any more; removed 15:" in said


async def test_rows_that_are_open_are_named_with_their_candidates(registry: Registry, tmp_path: Path) -> None:
    first, second = tmp_path / "city.csv", tmp_path / "osm.csv"
    first.write_text("id,name,lat,lon\n1,hall,30.25,120.15\n")
    second.write_text("@id,lat,lon,emergency\nnode/1,30.25,120.15,defibrillator\n")
    await run(registry, first)
    _, said = await run(registry, second)
    assert "1 rows may be about several devices, and were not taken:" in said
    code, said = await run(registry, second, when_ambiguous=WhenAmbiguous.NEW)
    assert (code, "created 1, updated 0, unchanged 0" in said) == (0, True)


async def test_a_workbook_is_taken_like_any_list(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "机构台账.xlsx"
    file.write_bytes(book([["一览表"], HEAD, [1, "少年宫", "环城西路1号", "大厅", 120.15, 30.25, "全天", "120", None]]))
    code, said = await run(registry, file)
    assert code == 0
    assert said[0] == "机构台账: xlsx, utf-8, datum wgs84 (assumed)"
