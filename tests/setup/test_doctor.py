"""`dispatch doctor` finds what is here, names what is not, says how to get it, and tells no password."""

import os
from pathlib import Path

import pytest

from dispatch import doctor
from dispatch.doctor import examine, print_report
from dispatch.finding import Finding, State
from dispatch.storage.cluster import PrivateCluster


def finding(findings: list[Finding], name: str) -> Finding:
    return next(one for one in findings if one.name == name)


def test_a_machine_that_was_set_up_is_found_well(tmp_path: Path) -> None:
    well = [one for one in examine(data_dir=tmp_path / "data", for_tests=True) if one.name != "map library"]
    assert {one.name: one.state for one in well if one.state is not State.OK} == {}
    assert not (tmp_path / "data").exists(), "looking changes nothing"


def test_what_a_service_needs_and_what_only_tests_need_are_kept_apart(tmp_path: Path) -> None:
    for_service = {one.name for one in examine(data_dir=tmp_path)}
    for_tests = {one.name for one in examine(data_dir=tmp_path, for_tests=True)}
    assert for_tests - for_service == {"redis-server (tests)", "Chromium (tests)", "Chinese font (tests)"}


def test_what_is_missing_comes_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dispatch.storage.postgres_programs._PARENTS", ())
    monkeypatch.setattr(doctor, "VENDOR", tmp_path)
    monkeypatch.setattr(doctor, "FONT_FOLDERS", (tmp_path,))
    found = examine(data_dir=tmp_path, for_tests=True)
    missing = {one.name: one.remedy for one in found if one.state is State.MISSING}
    assert "postgresql-15-postgis-3" in missing["PostgreSQL"]
    assert missing["map library"] == "make setup"
    assert missing["redis-server (tests)"] == "apt-get install redis-server"
    assert missing["Chromium (tests)"] == "apt-get install chromium"
    assert missing["Chinese font (tests)"] == "apt-get install fonts-noto-cjk"
    if os.geteuid() == 0:
        assert missing["setpriv"] == "apt-get install util-linux"


def test_the_exit_code_says_whether_something_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    well = Finding("one", State.OK, "here")
    doubtful = Finding("another", State.WARNING, "so so", "look at it")
    gone = Finding("third", State.MISSING, "nowhere", "get it")
    assert print_report([well, doubtful]) == 0
    assert print_report([well, gone]) == 1
    printed = capsys.readouterr().out
    assert "look at it" in printed
    assert "get it" in printed


def test_a_database_with_postgis_is_well_and_one_without_is_told_what_to_do(tmp_path: Path) -> None:
    with PrivateCluster(tmp_path / "data") as cluster:
        url = cluster.start()
        well = doctor.check_database(url)
        assert well.state is State.OK
        assert "PostGIS 3" in well.found
        without = doctor.check_database(url.replace("/dispatch?", "/postgres?"))
        assert without.state is State.MISSING
        assert "CREATE EXTENSION postgis" in without.remedy


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:geheim@127.0.0.1:1/x",
        "postgresql+psycopg://someone:ge heim@127.0.0.1:1/x",
        "postgresql://someone:geheim@127.0.0.1:port/x",
        "mysql://someone:geheim@127.0.0.1:1/x",
        "geheim",
    ],
)
def test_a_database_that_does_not_answer_is_missing_and_its_password_untold(tmp_path: Path, url: str) -> None:
    one = finding(examine(data_dir=tmp_path, database_url=url), "database")
    assert one.state is State.MISSING
    assert one.found
    assert "heim" not in one.found


@pytest.mark.parametrize(
    "url", ["redis://:geheim@127.0.0.1:1/0", "redis://:geheim@127.0.0.1:port/0", "rdis://:geheim@127.0.0.1/0", "geheim"]
)
def test_a_redis_that_does_not_answer_is_missing_and_its_password_untold(tmp_path: Path, url: str) -> None:
    one = finding(examine(data_dir=tmp_path, redis_url=url), "Redis")
    assert one.state is State.MISSING
    assert one.found
    assert "heim" not in one.found


def test_with_a_database_given_no_private_one_is_looked_for(tmp_path: Path) -> None:
    names = {one.name for one in examine(data_dir=tmp_path, database_url="postgresql://127.0.0.1:1/x")}
    assert "PostgreSQL" not in names
    assert "database" in names


def test_a_data_folder_below_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one = doctor.check_data_folder(tmp_path / "file" / "data")
    assert one.state is State.MISSING
    assert "--data-dir" in one.remedy


def test_little_room_is_a_warning_and_hardly_any_is_an_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "FREE_SPACE_WANTED_BYTES", 2**80)
    assert doctor.check_data_folder(tmp_path).state is State.WARNING
    monkeypatch.setattr(doctor, "FREE_SPACE_NEEDED_BYTES", 2**80)
    assert doctor.check_data_folder(tmp_path).state is State.MISSING
