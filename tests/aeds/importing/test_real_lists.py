"""The real lists: 98 of 100 rows with a valid place are taken, and every other row is named."""

import csv
import json
from pathlib import Path

import pytest

from dispatch.aeds.hours import checked_hours
from dispatch.aeds.importing.coordinates import NoPlace, pair_of, read_place
from dispatch.aeds.importing.reading import read_list
from geo.datum import Datum
from tests.aeds.importing import account

FILES = ("kobe_aed_2018.csv", "taiwan_mohw_2014.csv", "taiwan_mohw_2021_yilan.csv", "osm_poland_2020.geojson")
# What is understood may grow and must not shrink.
HOURS_UNDERSTOOD = {
    "kobe_aed_2018": 218,
    "taiwan_mohw_2014": 4200,
    "taiwan_mohw_2021_yilan": 299,
    "osm_poland_2020": 216,
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_list_is_taken(real_lists: Path, name: str) -> None:
    report = read_list((real_lists / name).read_bytes(), source=name).report
    assert report.taken + len(report.left_out) == report.rows
    assert report.taken >= 0.98 * report.rows
    assert report.hours_understood >= HOURS_UNDERSTOOD[Path(name).stem]


def test_every_row_of_every_real_list_is_accounted_for(real_lists: Path) -> None:
    assert real_lists == account.REAL
    for path in account.real_files():
        found = account.account_of(path)
        assert found.is_whole, path
        assert found.taken_share >= 0.98, path
        assert found.understood_share >= 0.95, path


@pytest.mark.parametrize("name", FILES)
def test_all_that_is_understood_of_hours_is_valid(real_lists: Path, name: str) -> None:
    for draft in read_list((real_lists / name).read_bytes(), source=name).drafts:
        hours = draft.values.get("opening_hours")
        assert hours is None or checked_hours(hours) == hours
        unclear = any(note.startswith("hours not understood") for note in draft.notes)
        assert not unclear or (hours is None and draft.values["opening_hours_note"])


def test_a_history_keeps_its_ids(real_lists: Path) -> None:
    quarters = sorted((real_lists / "osm_verona_history").glob("*.json"))
    before: set[str | None] = set()
    for quarter in quarters:
        data = quarter.read_bytes()
        reading = read_list(data, source="verona")
        assert reading.report.taken == reading.report.rows == len(json.loads(data)["elements"])
        references = {draft.source_ref for draft in reading.drafts}
        assert len(references) == reading.report.rows
        assert len(before - references) < 10
        before = references


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "utf-16"])
def test_a_real_japanese_list_in_other_encodings(real_lists: Path, encoding: str) -> None:
    text = (real_lists / FILES[0]).read_text(encoding="utf-8")
    reading = read_list(text.encode(encoding, errors="replace"), source="kobe")
    assert reading.report.taken == 2042
    assert reading.drafts[0].values["name"] == "神戸大学 保健管理センター深江分室"


@pytest.mark.parametrize("encoding", ["big5hkscs", "gb18030", "utf-16-le"])
def test_a_real_taiwanese_list_in_other_encodings(real_lists: Path, encoding: str) -> None:
    text = (real_lists / FILES[2]).read_text(encoding="utf-8")
    reading = read_list(text.encode(encoding, errors="replace"), source="yilan")
    assert reading.report.taken == 316
    assert reading.drafts[0].values["name"] == "交通部臺灣鐵路管理局宜蘭運務段蘇澳站"


def test_the_rows_left_out_of_taiwans_list_are_those_without_a_place(real_lists: Path) -> None:
    path = real_lists / FILES[1]
    report = read_list(path.read_bytes(), source="taiwan").report
    with path.open(encoding="utf-8-sig", newline="") as file:
        bad = [
            number
            for number, row in enumerate(csv.DictReader(file), start=1)
            if not _has_place(row["aed_coord_lnglat"])
        ]
    assert [each.row for each in report.left_out] == bad


def _has_place(cell: str) -> bool:
    pair = pair_of(cell)
    try:
        return pair is not None and read_place(pair[1], pair[0], Datum.WGS84) is not None
    except NoPlace:
        return False
