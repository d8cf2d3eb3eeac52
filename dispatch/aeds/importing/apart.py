"""Lists read in a process of their own: bounded in memory and time, whatever is in them, beside the loop of an SOS.

A thread would not do. A list of 50 MB takes some twenty seconds, and a thread that is busy so long makes the loop wait
5 ms for the interpreter at its every step, and 0.1 to 0.3 s wherever the thread is in one long call; a list made to
exhaust would take the service with it.
"""

import asyncio
import contextlib
import os
import pickle
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import structlog

from dispatch.aeds.importing.reading import Reading, read_list
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.importing.workbooks import is_archive
from dispatch.by_itself import killed
from geo.datum import Datum

log = structlog.get_logger()

# So little is read in a tenth of a second, a tenth of what a process takes to begin. But what is packed may be any
# amount, and the parser of pages takes minutes for a few kilobytes of what is broken on purpose.
_SMALL_BYTES = 100_000
# A list of 64 MB takes a fifth of it.
_MOST_MEMORY = 3 * 1024**3
_MOST_CPU_S = 240
_WITHIN_S = 600.0
_POLITE = 10
# Of so many the loop makes objects within a few milliseconds.
_AT_ONCE = 100
_BLANK = b" \t\r\n\x00\xef\xbb\xbf"
_CHUNK = 1 << 20
_LENGTH_BYTES = 8


async def read_apart(data: bytes, *, source: str, datum: Datum | None = None) -> Reading:
    """What `read_list` reads. Raises `UnreadableFile`, also for a list that takes more time or memory than any does."""
    if len(data) <= _SMALL_BYTES and not is_archive(data) and not data.lstrip(_BLANK).startswith(b"<"):
        return await asyncio.to_thread(read_list, data, source=source, datum=datum)
    words = (source, "" if datum is None else datum.value)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, *words, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(_WITHIN_S):
            await _give(process, data)
            return await _taken(process)
    except (asyncio.IncompleteReadError, TimeoutError) as error:
        await killed(process)
        log.warning("a list could not be read within bounds", status=process.returncode, size=len(data))
        raise UnreadableFile("it takes more time or memory to read than any list of AEDs") from error
    finally:
        await killed(process)


async def _give(process: Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for above
    # One that has ended already says why, or has not finished its answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for begin in range(0, len(data), _CHUNK):
            process.stdin.write(data[begin : begin + _CHUNK])
            await process.stdin.drain()
        process.stdin.close()


async def _taken(process: Process) -> Reading:
    assert process.stdout is not None  # noqa: S101 - asked for above
    found: dict[str, list[Any]] = {"drafts": [], "left_out": [], "notes": []}
    while True:
        length = int.from_bytes(await process.stdout.readexactly(_LENGTH_BYTES))
        # Written by our own program, from what it has understood.
        what, said = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301
        if what == "refused":
            raise UnreadableFile(said)
        if what == "read":
            break
        found[what] += said
        await asyncio.sleep(0)
    rest: Reading = said
    told = replace(rest.report, left_out=tuple(found["left_out"]), notes=tuple(found["notes"]))
    return replace(rest, drafts=tuple(found["drafts"]), report=told)


def _parts(data: bytes, source: str, datum: Datum | None) -> Iterator[tuple[str, Any]]:
    """The reading in parts that are small each; the rest of it last."""
    try:
        reading = read_list(data, source=source, datum=datum)
    except UnreadableFile as error:
        yield "refused", str(error)
        return
    report = reading.report
    for what, many in (("drafts", reading.drafts), ("left_out", report.left_out), ("notes", report.notes)):
        for begin in range(0, len(many), _AT_ONCE):
            yield what, many[begin : begin + _AT_ONCE]
    yield "read", replace(reading, drafts=(), report=replace(report, left_out=(), notes=()))


def _answer(out: BinaryIO, source: str, datum: str) -> None:
    os.nice(_POLITE)
    for limit, most in ((resource.RLIMIT_DATA, _MOST_MEMORY), (resource.RLIMIT_CPU, _MOST_CPU_S)):
        resource.setrlimit(limit, (most, most))
    for part in _parts(sys.stdin.buffer.read(), source, Datum(datum) if datum else None):
        written = pickle.dumps(part, protocol=pickle.HIGHEST_PROTOCOL)
        out.write(len(written).to_bytes(_LENGTH_BYTES) + written)


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as answer:
        # What is logged on the way must not get into the answer.
        os.dup2(2, 1)
        _answer(answer, *sys.argv[1:])
