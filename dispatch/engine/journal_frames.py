"""How a journal's file is laid out: a page about the file, then records, each framed so that damage is recognised.

A frame is the payload's length (4 bytes) and a CRC-32 (4 bytes) before the payload, all big-endian. The CRC covers the
record's number and its length too: zeros, half a frame, or a frame from elsewhere in the file is no record.
"""

import os
import struct
import zlib
from dataclasses import dataclass

# The page that is rewritten shares no block of the disk with a record: a torn write of one leaves the other whole.
HEAD_BYTES = 4096

_MAGIC = b"DISPATCH journal 1\n"
_CREATED = struct.Struct(">Q")
_CREATED_AT = 64
_MARK = struct.Struct(">III")
_MARK_AT = 512
_FRAME = struct.Struct(">II")
_COVERED = struct.Struct(">II")
FRAME_BYTES = _FRAME.size

# Of a mark: everything is taken in, and what still stands in the file is being cleared away.
_CLEARING = 0xFFFF_FFFF

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a journal has been taken in: `count` records, up to `offset` in the file; or it is being cleared."""

    count: int = 0
    offset: int = HEAD_BYTES
    is_clearing: bool = False


def head(created_ns: int) -> bytes:
    """The first page of a new file: what it is, and when it was made (nanoseconds since 1970)."""
    start = _MAGIC.ljust(_CREATED_AT, b"\0") + _CREATED.pack(created_ns)
    return start.ljust(_MARK_AT, b"\0") + mark(Mark()).ljust(HEAD_BYTES - _MARK_AT, b"\0")


def mark(where: Mark) -> bytes:
    """A mark as it is written."""
    count = _CLEARING if where.is_clearing else where.count
    return _MARK.pack(count, where.offset, zlib.crc32(_COVERED.pack(count, where.offset)))


def write_mark(descriptor: int, where: Mark) -> None:
    """Put a mark into the file; it is not yet on the disk."""
    os.pwrite(descriptor, mark(where), _MARK_AT)


def read_mark(descriptor: int) -> Mark:
    """The mark of a file. A damaged one marks nothing as taken in: what is taken in twice does no harm."""
    written = os.pread(descriptor, _MARK.size, _MARK_AT)
    if len(written) < _MARK.size:
        return Mark()
    count, offset, crc = _MARK.unpack(written)
    if crc != zlib.crc32(_COVERED.pack(count, offset)):
        return Mark()
    return Mark(is_clearing=True) if count == _CLEARING else Mark(count, offset)


def created_ns(descriptor: int) -> int:
    """When a file was made, by its own word (nanoseconds since 1970); 0 when it has none."""
    written = os.pread(descriptor, _CREATED.size, _CREATED_AT)
    return int(_CREATED.unpack(written)[0]) if len(written) == _CREATED.size else 0


def frame(number: int, payload: bytes) -> bytes:
    """A record, the `number`th of its file (from 1), as it is written."""
    return _FRAME.pack(len(payload), _crc(number, payload)) + payload


def read_frame(descriptor: int, number: int, offset: int) -> bytes | None:
    """The payload of record `number`, which would stand at `offset`; None where no whole record of that number is."""
    start = os.pread(descriptor, FRAME_BYTES, offset)
    if len(start) < FRAME_BYTES:
        return None
    length, crc = _FRAME.unpack(start)
    # A damaged length may claim gigabytes.
    if length == 0 or length > os.fstat(descriptor).st_size - offset - FRAME_BYTES:
        return None
    payload = os.pread(descriptor, length, offset + FRAME_BYTES)
    return payload if len(payload) == length and _crc(number, payload) == crc else None


def remains(descriptor: int, offset: int) -> int:
    """Where what is not zero ends, after `offset`; `offset` itself when nothing is left there, as it should be."""
    end = offset
    while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
        written = len(chunk.rstrip(b"\0"))
        if written:
            end = offset + written
        offset += len(chunk)
    return end


def _crc(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_COVERED.pack(number, len(payload))))
