"""Decisions that could not be written to PostgreSQL, in a file of this machine until they can.

Each process writes a file of its own, held with a lock that ends with the process: whoever starts next takes in the
files that nobody holds. A record is on the disk when `append` returns. Room is taken beforehand, in steps, so that a
disk that fills up does not stop it.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import orjson
import structlog

from dispatch.encoding import to_json
from dispatch.engine import journal_frames
from dispatch.engine.journal_frames import FRAME_BYTES, HEAD_BYTES, Mark

log = structlog.get_logger()

# An SOS with twenty alerts is some 15 kB: a thousand of them.
STEP_BYTES = 16 * 2**20

_SUFFIX = ".journal"
_CUT_SUFFIX = ".cut"
_ZEROS = bytes(2**20)


class JournalFailed(Exception):
    """The journal cannot be written or made: no room, no right to, or a broken disk."""


class _JournalFile:
    """One file with records, locked by this process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        # From a worker thread as well as from the loop: one at a time.
        self._lock = threading.RLock()
        self._mark = journal_frames.read_mark(descriptor)
        self._count, self._end = (0, HEAD_BYTES) if self._mark.is_clearing else self._last_whole_record()

    @property
    def count(self) -> int:
        """How many whole records there are, taken in or not."""
        return self._count

    @property
    def not_taken(self) -> int:
        """How many records wait to be taken in."""
        return self._count - self._mark.count

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The records that have not been taken in, in the order they were written, each with its number (from 1).

        What is appended meanwhile comes along.
        """
        number, offset = self._mark.count, self._mark.offset
        while number < self._count:
            number += 1
            payload = journal_frames.read_frame(self._descriptor, number, offset)
            if payload is None:
                raise JournalFailed(f"record {number} of {self.path.name} cannot be read again")
            offset += FRAME_BYTES + len(payload)
            yield number, orjson.loads(payload)

    def mark_taken(self, number: int) -> None:
        """The records up to `number` are in PostgreSQL. Should a crash forget this, they are taken in once more."""
        with self._lock:
            if not self._mark.count <= number <= self._count:
                raise ValueError(f"there are {self._count} records, {self._mark.count} taken in: no record {number}")
            self._mark = Mark(number, self._offset_after(number))
            with contextlib.suppress(OSError):
                journal_frames.write_mark(self._descriptor, self._mark)

    def _offset_after(self, number: int) -> int:
        offset = self._mark.offset
        for each in range(self._mark.count + 1, number + 1):
            payload = journal_frames.read_frame(self._descriptor, each, offset)
            if payload is None:
                raise JournalFailed(f"record {each} of {self.path.name} cannot be read again")
            offset += FRAME_BYTES + len(payload)
        return offset

    def _last_whole_record(self) -> tuple[int, int]:
        count, offset = self._mark.count, self._mark.offset
        while (payload := journal_frames.read_frame(self._descriptor, count + 1, offset)) is not None:
            count, offset = count + 1, offset + FRAME_BYTES + len(payload)
        return count, offset

    def _must_all_be_taken(self) -> None:
        if self.not_taken:
            raise ValueError(f"{self.not_taken} records of {self.path.name} have not been taken in")


class Journal(_JournalFile):
    """The file that this process writes. `with Journal.begun(folder) as journal: ...`, or `close` it at the end."""

    def __init__(self, path: Path, descriptor: int, step_bytes: int) -> None:
        super().__init__(path, descriptor)
        self._step_bytes = step_bytes
        self._room = HEAD_BYTES + step_bytes

    @classmethod
    def begun(cls, folder: Path, *, step_bytes: int = STEP_BYTES) -> Self:
        """Make this process's file in `folder`, with room for `step_bytes`. Raises `JournalFailed`."""
        path = folder / f"{uuid4()}{_SUFFIX}"
        # Under another name until it is locked: nobody may take it for a dead process's.
        unborn = path.with_suffix(".new")
        try:
            _make_folder(folder)
            descriptor = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _take_room(descriptor, 0, HEAD_BYTES + step_bytes)
                os.pwrite(descriptor, journal_frames.head(time.time_ns()), 0)
                os.fsync(descriptor)
                unborn.rename(path)
                _sync_folder(folder)
            except BaseException:
                os.close(descriptor)
                unborn.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise JournalFailed(f"no journal can be made in {folder}: {error}") from error
        return cls(path, descriptor, step_bytes)

    def append(self, *records: Mapping[str, Any]) -> None:
        """Write records down; they are on the disk when this returns, one `fdatasync` later. Blocks that long.

        Raises `JournalFailed`: then they are not certain to be there, and the next may be tried all the same.
        """
        with self._lock:
            payloads = [to_json(each) for each in records]
            written = b"".join(journal_frames.frame(self._count + n, each) for n, each in enumerate(payloads, 1))
            end = self._end + len(written)
            try:
                if end > self._room:
                    self._grow(end)
                _write(self._descriptor, written, self._end)
                os.fdatasync(self._descriptor)
            except OSError as error:
                raise JournalFailed(f"{self.path.name} cannot be written: {error}") from error
            self._count, self._end = self._count + len(payloads), end

    def forget(self) -> None:
        """Begin anew in the same room, now that everything has been taken in.

        Raises `ValueError` when something has not, `JournalFailed` when the disk fails. A crash in the middle is fine.
        """
        with self._lock:
            self._must_all_be_taken()
            try:
                self._be_marked(Mark(is_clearing=True))
                for offset in range(HEAD_BYTES, self._end, len(_ZEROS)):
                    _write(self._descriptor, _ZEROS[: self._end - offset], offset)
                os.fdatasync(self._descriptor)
                self._be_marked(Mark())
            except OSError as error:
                raise JournalFailed(f"{self.path.name} cannot be cleared: {error}") from error
            self._mark, self._count, self._end = Mark(), 0, HEAD_BYTES

    def close(self) -> None:
        """Let go of the file. It goes away unless records in it wait; those are taken in at the next start."""
        with self._lock:
            if self._descriptor < 0:
                return
            if not self.not_taken:
                with contextlib.suppress(OSError):
                    self.path.unlink()
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _grow(self, end: int) -> None:
        room = self._room
        while room < end:
            room += self._step_bytes
        _take_room(self._descriptor, self._room, room)
        os.fsync(self._descriptor)
        self._room = room

    def _be_marked(self, where: Mark) -> None:
        journal_frames.write_mark(self._descriptor, where)
        os.fdatasync(self._descriptor)


class FoundJournal(_JournalFile):
    """The file of a process that is no more. This process holds it until it is forgotten or let go of."""

    def __init__(self, path: Path, descriptor: int) -> None:
        super().__init__(path, descriptor)
        self.created_ns = journal_frames.created_ns(descriptor)
        """When it was begun, nanoseconds since 1970."""
        if self._mark.is_clearing:
            # Everything had been taken in before its process began to clear it.
            self._mark = Mark()
        else:
            self._remains_until = journal_frames.remains(descriptor, self._end)
        if self.cut_bytes:
            log.error(
                "a journal ends in what is no whole record; it will be kept",
                journal=path.name,
                whole_records=self._count,
                bytes=self.cut_bytes,
            )

    _remains_until = 0

    @property
    def cut_bytes(self) -> int:
        """How many bytes a torn write or a broken disk left after the last whole record."""
        return max(0, self._remains_until - self._end)

    def forget(self) -> Path | None:
        """Be done with the file, now that everything in it is taken in. Raises `ValueError` when something is not.

        It is removed, unless there are bytes in it that are no record: then it is kept for a person to look at, under
        the name that is answered. Renamed, not copied: the disk may be full.
        """
        with self._lock:
            self._must_all_be_taken()
            kept = self.path.with_suffix(_CUT_SUFFIX) if self.cut_bytes else None
            if kept is None:
                self.path.unlink(missing_ok=True)
            else:
                os.ftruncate(self._descriptor, self._remains_until)
                self.path.rename(kept)
            _sync_folder(self.path.parent)
            self.let_go()
            return kept

    def set_aside(self) -> Path:
        """Keep the file, under the name that is answered, for a person to look at; nobody takes it in again."""
        with self._lock:
            kept = self.path.with_suffix(_CUT_SUFFIX)
            self.path.rename(kept)
            _sync_folder(self.path.parent)
            self.let_go()
            return kept

    def let_go(self) -> None:
        """Leave the file to whoever looks next."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def unclaimed(folder: Path) -> list[FoundJournal]:
    """The journals in `folder` of processes that have ended, oldest first, now held by this process.

    One that cannot be opened or read is left where it is and said so.
    """
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        descriptor = None
        try:
            descriptor = _claimed(path)
            if descriptor is not None:
                found.append(FoundJournal(path, descriptor))
        except (OSError, JournalFailed):
            log.exception("journal not taken in", journal=path.name)
            if descriptor is not None:
                os.close(descriptor)
    return sorted(found, key=lambda each: each.created_ns)


def _claimed(path: Path) -> int | None:
    """The descriptor of a file that nobody holds, held by us; None when somebody does, or has just removed it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_gone = os.fstat(descriptor).st_nlink == 0
    except BlockingIOError:
        is_gone = True
    if is_gone:
        os.close(descriptor)
        return None
    return descriptor


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_room(descriptor: int, start: int, end: int) -> None:
    """Have the disk keep room for the file from `start` to `end`, filled with zeros.

    Filled, not only promised: overwriting is then all that an append does, which takes a sixth off its `fdatasync`
    (129 against 155 µs), and a file system that copies on write has been asked for the room once.
    """
    os.posix_fallocate(descriptor, start, end - start)
    for offset in range(start, end, len(_ZEROS)):
        _write(descriptor, _ZEROS[: end - offset], offset)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
