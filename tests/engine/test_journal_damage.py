"""A journal that was torn or damaged gives every record before the damage, never a wrong one, and loses no byte."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.engine.journal import Journal, unclaimed
from dispatch.engine.journal_frames import FRAME_BYTES, HEAD_BYTES, frame, head

STEP = 16 * 1024

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_RECORDS = st.lists(st.dictionaries(_TEXTS, _TEXTS | st.integers(-(2**53), 2**53) | st.none(), max_size=4), max_size=8)

_quick = settings(max_examples=120, deadline=None, derandomize=True, database=None)


def written(folder: Path, records: list[dict[str, Any]], *, taken: int = 0) -> tuple[Path, list[int]]:
    """A dead process's journal with these records; where each record's frame ends."""
    journal = Journal.begun(folder, step_bytes=STEP)
    ends = []
    for record in records:
        journal.append(record)
        ends.append(journal._end)
    journal.mark_taken(min(taken, len(records)))
    path = journal.path
    if not journal.not_taken:
        # An empty one would be removed.
        path = folder / "kept.journal"
        path.hardlink_to(journal.path)
    journal.close()
    return path, ends


def read(folder: Path) -> tuple[list[dict[str, Any]], Path | None, int]:
    """What a restart takes in; where the remains are kept, if any; how many bytes of them."""
    (found,) = unclaimed(folder)
    records = [record for _, record in found.records()]
    cut = found.cut_bytes
    found.mark_taken(found.count)
    return records, found.forget(), cut


@_quick
@given(_RECORDS, st.data())
def test_cut_off_anywhere_everything_before_the_cut_is_there(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path, ends = written(Path(name), records)
        until = data.draw(st.integers(0, max(ends, default=HEAD_BYTES)), "until")
        content = path.read_bytes()
        path.write_bytes(content[:until])
        found, kept, cut = read(Path(name))
        whole = [record for record, end in zip(records, ends, strict=True) if end <= until]
        assert found == whole
        # What stands after the last whole record, unless it is zeros, is kept as it was.
        if cut:
            assert kept is not None
            assert kept.read_bytes().endswith(content[:until].rstrip(b"\0")[-cut:])
        else:
            assert kept is None
        assert not path.exists()


@_quick
@given(_RECORDS, st.integers(0, 8), st.data())
def test_a_flipped_byte_never_makes_a_wrong_record(
    records: list[dict[str, Any]], taken: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path, ends = written(Path(name), records, taken=taken)
        content = bytearray(path.read_bytes())
        until = (ends[-1] if ends else HEAD_BYTES) + 64
        at = data.draw(st.integers(0, until - 1), "at")
        content[at] ^= data.draw(st.integers(1, 255), "flip")
        path.write_bytes(content)
        found, kept, _ = read(Path(name))
        intact = sum(end <= at for end in ends)
        if at < HEAD_BYTES:
            # At worst what was taken in already comes again.
            assert found in (records[taken:], records)
        elif intact < taken:
            assert found == records[taken:]
        else:
            assert found == records[taken:intact]
            assert kept is not None
            assert bytes(content[ends[intact - 1] if intact else HEAD_BYTES : until]).rstrip(b"\0") in kept.read_bytes()


@_quick
@given(st.binary(max_size=600), st.integers(0, 3))
def test_rubbish_is_no_record(rubbish: bytes, whole: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        frames = b"".join(frame(number + 1, b'{"number":%d}' % number) for number in range(whole))
        (Path(name) / "a.journal").write_bytes(head(1) + frames + rubbish)
        found, kept, _ = read(Path(name))
        assert found == [{"number": number} for number in range(whole)]
        assert (kept is not None) == (rubbish.strip(b"\0") != b"")


def test_a_frame_from_elsewhere_in_the_file_is_no_record(tmp_path: Path) -> None:
    once = frame(1, b'{"number":0}')
    (tmp_path / "a.journal").write_bytes(head(1) + once + once)
    found, kept, cut = read(tmp_path)
    assert (found, cut) == ([{"number": 0}], len(once))
    assert kept == tmp_path / "a.cut"
    assert kept.read_bytes().endswith(once + once)


def test_a_length_of_gigabytes_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "a.journal").write_bytes(head(1) + b"\xff" * FRAME_BYTES + bytes(100))
    found, kept, cut = read(tmp_path)
    assert (found, cut) == ([], FRAME_BYTES)
    assert kept is not None
