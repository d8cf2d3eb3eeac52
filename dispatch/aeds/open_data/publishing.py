"""The public part of the registry as files: made now and then from memory, kept compressed, handed out cheaply.

What is public is what somebody in need of a device has to know. Serial numbers, telephones, custodians and what offices
note down are not; neither is where a mobile device is, for somebody carries it, nor one that is private: it hangs in
somebody's home.
"""

import asyncio
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Access, Aed
from dispatch.encoding import to_json

GOOD_FOR = timedelta(minutes=10)
"""How old the files may be: readiness changes all the time, and who needs it live asks the map."""

_TEXTS = ("name", "address", "place_detail", "access", "opening_hours", "owner", "maker", "model", "district_code")
_COLUMNS = (
    "id", "name", "latitude", "longitude", "address", "place_detail", "floor", "indoor", "access", "opening_hours",
    "owner", "maker", "model", "district_code", "photos", "readiness", "source", "updated_at",
)  # fmt: skip
# A hundredth of a millimetre is plenty.
_DECIMALS = 7
# The loop has a turn between parts; the thread that makes them holds the interpreter for a few milliseconds each.
_ROWS_AT_ONCE = 500
_CHUNK = 64 * 1024
# Faster by half than the usual level, and hardly larger.
_LEVEL = 5


class Form(StrEnum):
    """What kind of file."""

    CSV = "csv"
    GEOJSON = "geojson"

    @property
    def media_type(self) -> str:
        """As HTTP calls it."""
        return "text/csv; charset=utf-8" if self is Form.CSV else "application/geo+json"


@dataclass(frozen=True, slots=True)
class Published:
    """A file as it was at `at`: compressed, with what tells whether a copy is as good."""

    form: Form
    at: datetime
    changed_at: datetime
    etag: str
    compressed: bytes

    def parts(self) -> Iterator[bytes]:
        """The compressed file piece by piece."""
        view = memoryview(self.compressed)
        for begin in range(0, len(view), _CHUNK):
            yield bytes(view[begin : begin + _CHUNK])

    def plain_parts(self) -> Iterator[bytes]:
        """The file itself piece by piece, for those who cannot take it compressed."""
        unpacking = zlib.decompressobj(wbits=31)
        for part in self.parts():
            yield unpacking.decompress(part)
        yield unpacking.flush()


class OpenData:
    """The files of one registry. `licence` goes along with every device."""

    def __init__(self, directory: AedDirectory, now: Callable[[], datetime], licence: str = "") -> None:
        self._directory = directory
        self._now = now
        self._licence = licence
        self._files: dict[Form, Published] = {}
        self._making = asyncio.Lock()

    async def file(self, form: Form) -> Published:
        """The file of that form, at most ten minutes old; many who ask at once wait for one making."""
        async with self._making:
            now = self._now()
            there = self._files.get(form)
            if there is not None and timedelta(0) <= now - there.at < GOOD_FOR:
                return there
            # Records never change; the list of them is taken here, on the loop that changes it.
            aeds = list(self._directory)
            made = await asyncio.to_thread(publish, aeds, form, now, self._licence)
            if there is not None and there.etag == made.etag:
                made = replace(made, changed_at=there.changed_at)
            self._files[form] = made
            return made


def publish(aeds: Iterable[Aed], form: Form, now: datetime, licence: str = "") -> Published:
    """The file of those of these devices that hang where the public may come, in the order of their ids."""
    in_order = sorted((aed for aed in aeds if _is_public(aed)), key=attrgetter("id.int"))
    pieces = _csv(in_order, licence) if form is Form.CSV else _geojson(in_order, licence)
    packed, digest = io.BytesIO(), hashlib.sha256()
    # Without a name or a time in it: the same devices make the same file.
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_LEVEL, mtime=0, filename="") as archive:
        for piece in pieces:
            digest.update(piece)
            archive.write(piece)
    # Not when a device was last written: one that is removed since has left no later time behind.
    return Published(form, now, now, f'"{digest.hexdigest()[:32]}"', packed.getvalue())


def _is_public(aed: Aed) -> bool:
    return not aed.is_mobile and aed.access is not Access.PRIVATE


def properties_of(aed: Aed) -> dict[str, Any]:
    """What is public of a device, its id and place apart."""
    said: dict[str, Any] = {name: getattr(aed, name) for name in _TEXTS}
    return said | {
        "access": aed.access.value,
        "floor": aed.floor,
        "indoor": aed.indoor,
        "photos": list(aed.photos),
        "readiness": aed.readiness.value,
        "source": aed.source,
        "updated_at": aed.updated_at,
    }


def _csv(aeds: list[Aed], licence: str) -> Iterator[bytes]:
    names = (*_COLUMNS, "licence") if licence else _COLUMNS
    page = io.StringIO(newline="")
    writer = csv.DictWriter(page, names)
    # The mark tells spreadsheets that the file is UTF-8.
    page.write("\ufeff")
    writer.writeheader()
    for number, aed in enumerate(aeds, start=1):
        cells = properties_of(aed) | {
            "id": aed.id,
            "latitude": round(aed.place.latitude, _DECIMALS),
            "longitude": round(aed.place.longitude, _DECIMALS),
            "indoor": None if aed.indoor is None else "yes" if aed.indoor else "no",
            "photos": " ".join(aed.photos),
            "updated_at": aed.updated_at.isoformat(timespec="seconds"),
        }
        writer.writerow({name: _harmless(cells.get(name, licence)) for name in names})
        if number % _ROWS_AT_ONCE == 0:
            yield page.getvalue().encode()
            page.seek(0)
            page.truncate()
    yield page.getvalue().encode()


def _harmless(value: Any) -> Any:
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _geojson(aeds: list[Aed], licence: str) -> Iterator[bytes]:
    yield (
        b'{"type":"FeatureCollection",'
        + (b'"licence":' + to_json(licence) + b"," if licence else b"")
        + b'"features":['
    )
    for begin in range(0, len(aeds), _ROWS_AT_ONCE):
        features = b",\n".join(to_json(_feature(aed)) for aed in aeds[begin : begin + _ROWS_AT_ONCE])
        yield (b",\n" if begin else b"\n") + features
    yield b"\n]}\n"


def _feature(aed: Aed) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(aed.id),
        "geometry": {
            "type": "Point",
            "coordinates": [round(aed.place.longitude, _DECIMALS), round(aed.place.latitude, _DECIMALS)],
        },
        "properties": properties_of(aed),
    }
