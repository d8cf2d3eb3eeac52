"""The journal of decisions that PostgreSQL could not take: nothing that was said to be on the disk is lost."""

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.engine.journal import Journal, JournalFailed, unclaimed

REPOSITORY = Path(__file__).parents[2]
STEP = 64 * 1024

# Appends as fast as it can and says what is on the disk, until it is killed.
_WRITER = """
import sys
from pathlib import Path
from dispatch.engine.journal import Journal
journal = Journal.begun(Path(sys.argv[1]), step_bytes=65536)
for number in range(10**9):
    journal.append({"number": number, "filler": "x" * (number * 37 % 3000)})
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def a_record(number: int) -> dict[str, Any]:
    return {"number": number, "note": "急救" * (number % 7)}


def numbers(records: Iterator[tuple[int, dict[str, Any]]]) -> list[int]:
    return [record["number"] for _, record in records]


def left_by_a_dead_process(folder: Path, count: int) -> Path:
    """A journal with records that its process left behind."""
    journal = Journal.begun(folder, step_bytes=STEP)
    for number in range(count):
        journal.append(a_record(number))
    journal.close()
    return journal.path


def test_what_is_appended_is_read_again_in_order(tmp_path: Path) -> None:
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        for number in range(10):
            journal.append(a_record(number))
        assert list(journal.records()) == [(number + 1, a_record(number)) for number in range(10)]
        assert (journal.count, journal.not_taken) == (10, 10)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "journal"
    with Journal.begun(folder, step_bytes=STEP) as journal:
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_its_room_is_taken_beforehand_and_grows_in_steps(tmp_path: Path) -> None:
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        size = journal.path.stat().st_size
        assert size > STEP
        assert journal.path.stat().st_blocks * 512 >= STEP
        journal.append({"note": "x" * 1000})
        assert journal.path.stat().st_size == size
        journal.append({"note": "x" * 2 * STEP})
        assert journal.path.stat().st_size == size + 2 * STEP
        assert [len(record["note"]) for _, record in journal.records()] == [1000, 2 * STEP]


def test_a_living_process_s_journal_is_nobody_else_s(tmp_path: Path) -> None:
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        journal.append(a_record(0))
        assert unclaimed(tmp_path) == []


def test_two_that_start_at_once_do_not_take_in_the_same(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path, 3)
    (first,) = unclaimed(tmp_path)
    assert unclaimed(tmp_path) == []
    first.let_go()
    (second,) = unclaimed(tmp_path)
    assert numbers(second.records()) == [0, 1, 2]
    second.let_go()


def test_journals_of_the_dead_come_oldest_first(tmp_path: Path) -> None:
    paths = [left_by_a_dead_process(tmp_path, 1) for _ in range(5)]
    found = unclaimed(tmp_path)
    assert [each.path for each in found] == paths
    for each in found:
        each.let_go()


def test_an_empty_journal_goes_away_with_its_process(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path, 0)
    assert list(tmp_path.iterdir()) == []
    assert unclaimed(tmp_path) == []
    assert unclaimed(tmp_path / "never made") == []


def test_what_was_taken_in_is_not_given_again_and_then_forgotten(tmp_path: Path) -> None:
    path = left_by_a_dead_process(tmp_path, 5)
    (found,) = unclaimed(tmp_path)
    found.mark_taken(2)
    with pytest.raises(ValueError, match="3 records"):
        found.forget()
    found.let_go()
    (again,) = unclaimed(tmp_path)
    assert [number for number, _ in again.records()] == [3, 4, 5]
    again.mark_taken(5)
    again.mark_taken(5)
    assert again.forget() is None
    assert not path.exists()
    assert unclaimed(tmp_path) == []


def test_a_number_that_does_not_exist_cannot_be_taken_in(tmp_path: Path) -> None:
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        journal.append(a_record(0))
        with pytest.raises(ValueError, match="no record 2"):
            journal.mark_taken(2)


def test_a_process_takes_in_its_own_and_begins_anew_in_the_same_room(tmp_path: Path) -> None:
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        for outage in range(3):
            for number in range(20):
                journal.append(a_record(100 * outage + number))
            for number, _ in journal.records():
                journal.mark_taken(number)
            journal.append(a_record(100 * outage + 20))
            with pytest.raises(ValueError, match="1 records"):
                journal.forget()
            assert numbers(journal.records()) == [100 * outage + 20]
            journal.mark_taken(journal.count)
            journal.forget()
            assert (journal.count, list(journal.records())) == (0, [])
        assert journal.path.stat().st_size == 4096 + STEP
        journal.append(a_record(7))
    (found,) = unclaimed(tmp_path)
    assert numbers(found.records()) == [7]
    assert found.cut_bytes == 0
    found.let_go()


@pytest.mark.parametrize("dies_at", range(5))
def test_a_crash_while_it_begins_anew_leaves_nothing_or_everything(
    tmp_path: Path, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.begun(tmp_path, step_bytes=STEP)
    for number in range(5):
        journal.append(a_record(number))
    journal.mark_taken(5)
    written = 0
    write = os.pwrite

    def write_and_die(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal written
        written += 1
        if written == dies_at + 1:
            # Half of it reaches the disk.
            write(descriptor, data[: len(data) // 2], offset)
            raise OSError(errno.EIO, "the power is gone")
        return write(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", write_and_die)
    if dies_at < 3:
        with pytest.raises(JournalFailed):
            journal.forget()
    else:
        journal.forget()
    monkeypatch.undo()
    os.close(journal._descriptor)
    found = unclaimed(tmp_path)
    # A mark that was torn marks nothing: they are taken in a second time, which their keys make harmless.
    assert [numbers(each.records()) for each in found] in ([[]], [[0, 1, 2, 3, 4]])
    for each in found:
        each.let_go()


def test_records_written_before_a_kill_nine_are_all_there(tmp_path: Path) -> None:
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        durable = [int(writer.stdout.readline()) for _ in range(200)]
        assert unclaimed(tmp_path) == [], "it lives"
        writer.kill()
        durable += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.communicate()
        (found,) = unclaimed(tmp_path)
        records = dict(enumerate(record for _, record in found.records()))
        assert [records[number] for number in durable] == [
            {"number": number, "filler": "x" * (number * 37 % 3000)} for number in durable
        ]
        # At most the one whose word it could not give any more.
        assert len(records) - len(durable) in {0, 1}
        found.mark_taken(found.count)
        found.forget()


def test_a_full_disk_does_not_stop_it_while_there_is_room_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        journal = Journal.begun(folder, step_bytes=STEP)
        with (folder / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
            while True:
                filler.write(bytes(4096))
        fitting = 0
        with pytest.raises(JournalFailed, match="No space left"):
            while True:
                journal.append({"number": fitting, "note": "x" * 1000})
                fitting += 1
        assert fitting > 50
        with pytest.raises(JournalFailed):
            Journal.begun(folder, step_bytes=STEP)
        (folder / "filler").unlink()
        journal.append({"number": fitting, "note": "there is room again"})
        journal.close()
        (found,) = unclaimed(folder)
        assert numbers(found.records()) == list(range(fitting + 1))
        assert found.cut_bytes == 0
        found.let_go()
        assert len(list(folder.iterdir())) == 1, "nothing half made is left"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_limit_on_the_size_of_files_is_a_failure_that_can_be_told(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal.begun(tmp_path, step_bytes=STEP) as journal:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + STEP, hard))
            with pytest.raises(JournalFailed):
                journal.append({"note": "x" * STEP})
            journal.append(a_record(1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert numbers(journal.records()) == [1]


def test_a_folder_that_cannot_be_written_is_a_failure_that_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(JournalFailed, match="file"):
        Journal.begun(tmp_path / "file")


def test_a_journal_that_cannot_be_read_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path, 1)
    (tmp_path / "folder.journal").mkdir()
    (tmp_path / "link.journal").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty.journal").touch()
    found = unclaimed(tmp_path)
    assert sorted(each.count for each in found) == [0, 1]
    for each in found:
        each.let_go()
