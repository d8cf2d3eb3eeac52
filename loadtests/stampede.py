"""Every line is lost at once: thousands of phones come back in the same moment, while SOS go on.

SOS are tapped at a steady rate from before the drop until everybody is back, so that alerts and stand-downs are on
their way, unacknowledged or yet to come when the lines go. Each phone keeps account of its numbers; in the end all
connect once more without a resume, and anything new that this brings had been lost.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final, cast

from geo.place import Place
from loadtests.alert_clock import AlertSample, join
from loadtests.crowd import CrowdMember, around
from loadtests.moments import Arrival, Tap
from loadtests.tapping import Tapper, evenly

# Long enough for the sockets of a first handful of SOS to be told something that they have not acknowledged.
_BEFORE_S: Final = 5.0
_ENDED_AFTER_S: Final = 1.5
_MOST_S: Final = 150.0
_ANSWER_BYTES: Final = 256 * 1024 * 1024
_HANG_UP_WITHIN_S: Final = 20.0
_S: Final = 1e9
_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class Stampede:
    """What came of it. Instants are nanoseconds of CLOCK_MONOTONIC.

    `stampede_s` is from the drop to the welcome of the last; `back` is when each was welcome again, by the responder's
    id; `away` counts phones that never came back. `lost` counts messages that were numbered for a phone and never told
    to it, `resumed` and `reloaded` how the others came back.
    """

    phones: int
    away: int
    attempts: int
    stampede_s: float
    dropped_ns: int
    back: Mapping[str, int]
    resumed: int
    reloaded: int
    lost: int
    repeated: int
    numbers: int
    taps: Sequence[Tap]
    samples: Sequence[AlertSample]
    missing: int

    @property
    def back_ns(self) -> list[int]:
        """When they were welcome again, in that order."""
        return sorted(self.back.values())

    @property
    def amid(self) -> list[Tap]:
        """The SOS that were due while phones were away."""
        until_ns = max(self.back.values(), default=self.dropped_ns)
        return [tap for tap in self.taps if self.dropped_ns <= tap.scheduled_ns <= until_ns]

    def first_alert_ms(self, taps: Sequence[Tap]) -> list[float]:
        """Milliseconds from when each of these SOS was due to the first of its alerts; those without any are not in."""
        wanted = {tap.incident_id for tap in taps}
        first: dict[str, float] = {}
        for sample in self.samples:
            if sample.incident_id in wanted:
                known = first.get(sample.incident_id, sample.from_scheduled_ms)
                first[sample.incident_id] = min(known, sample.from_scheduled_ms)
        return list(first.values())

    def first_alert_since_back_ms(self, taps: Sequence[Tap]) -> list[float]:
        """The same, but counted from when the first of those who are alerted had a line again, if that was later.

        While everybody's line is lost nobody can be told; from then on it is the service that an alert waits for.
        """
        due_ns = {tap.incident_id: tap.scheduled_ns for tap in taps}
        began_ns: dict[str, int] = {}
        came_ns: dict[str, float] = {}
        for sample in self.samples:
            if (incident_id := sample.incident_id) in due_ns:
                back_ns = max(self.back.get(sample.responder_id, 0), due_ns[incident_id])
                at_ns = sample.scheduled_ns + sample.from_scheduled_ms * _MS
                began_ns[incident_id] = min(back_ns, began_ns.get(incident_id, back_ns))
                came_ns[incident_id] = min(at_ns, came_ns.get(incident_id, at_ns))
        return [max(came_ns[each] - began_ns[each], 0.0) / _MS for each in came_ns]


class Phones:
    """The phones in their process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, order: str) -> dict[str, Any]:
        """Give an order and answer what comes of it. Raises ConnectionError when the process has ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ConnectionError("the phones hear nothing")
        if order:
            self._process.stdin.write(f"{order}\n".encode())
            await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise ConnectionError("the phones' process has ended; what it said is above")
        return cast("dict[str, Any]", json.loads(line))


@asynccontextmanager
async def phones(members: Sequence[CrowdMember], stream_urls: Sequence[str]) -> AsyncIterator[Phones]:
    """Have all of `members` connected, each to its `ws://…`, while the block runs.

    Raises ConnectionError when they cannot be.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtests.stampede_phones",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_ANSWER_BYTES,
    )  # fmt: skip
    try:
        if process.stdin is None:
            raise ConnectionError("the phones hear nothing")
        lines: list[dict[str, Any]] = [{"phones": len(members)}]
        lines += [
            {"id": each.id, "token": each.token, "url": url, **_coordinates(each.place)}
            for each, url in zip(members, stream_urls, strict=True)
        ]
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        await process.stdin.drain()
        crowd = Phones(process)
        await crowd.told("")
        yield crowd
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _HANG_UP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def stampede(
    urls: Sequence[str],
    members: Sequence[CrowdMember],
    operator_token: str,
    *,
    centre: Place,
    within_m: float,
    sos_per_s: float,
) -> Stampede:
    """Drop everybody's line while SOS are tapped within `within_m` of `centre`, and answer what came of it.

    Phones and callers go to the workers at `urls` in turn.
    """
    tapper = Tapper(urls, operator_token, ended_after_s=_ENDED_AFTER_S, each_on_its_own_line=True)
    rng = Random("stampede")
    are_back = asyncio.Event()
    try:
        async with phones(members, in_turn(urls, len(members))) as crowd:
            times_s = evenly(round(_MOST_S * sos_per_s), _MOST_S)
            tapping = asyncio.create_task(
                tapper.run(times_s, lambda: around(centre, within_m, rng), is_over=are_back.is_set)
            )
            await asyncio.sleep(_BEFORE_S)
            dropped = await crowd.told("drop")
            await asyncio.sleep(1.0)
            are_back.set()
            taps = await tapping
            afresh = await crowd.told("ask afresh")
            told = await crowd.told("tell")
    finally:
        tapper.close()
    return _summed_up(len(members), dropped, afresh, told, taps)


async def bare_stampede(url: str, members: Sequence[CrowdMember]) -> float:
    """Answer the seconds in which a server that knows nothing welcomes the same phones again: the yardstick."""
    async with phones(members, [f"ws{url.removeprefix('http')}/stream"] * len(members)) as crowd:
        dropped = await crowd.told("drop")
    if dropped["away"]:
        raise ConnectionError(f"{dropped['away']} phones did not come back to the bare server")
    return float((max(dropped["back"].values()) - dropped["dropped_ns"]) / _S)


def _summed_up(
    count: int, dropped: dict[str, Any], afresh: dict[str, Any], told: dict[str, Any], taps: Sequence[Tap]
) -> Stampede:
    audits = told["audits"].values()
    joined = join(taps, (Arrival(*each) for each in told["alerts"]))
    back: dict[str, int] = dropped["back"]
    # The last connection was without a resume, on purpose.
    reloaded = sum(each["reloaded"] for each in audits) - count
    new_afresh = afresh["numbers"] - afresh["numbers_before"]
    return Stampede(
        phones=count,
        away=dropped["away"],
        attempts=dropped["attempts"],
        stampede_s=(max(back.values()) - dropped["dropped_ns"]) / _S if back else 0.0,
        dropped_ns=dropped["dropped_ns"],
        back=back,
        resumed=sum(each["resumed"] for each in audits),
        reloaded=reloaded,
        lost=afresh["lost_before"] + new_afresh,
        repeated=sum(each["repeated"] for each in audits),
        numbers=afresh["numbers"],
        taps=taps,
        samples=joined.samples,
        missing=joined.missing,
    )


def in_turn(urls: Sequence[str], count: int) -> list[str]:
    """Answer the streams of `count` phones that go to the workers at `urls` in turn."""
    return [f"ws{urls[number % len(urls)].removeprefix('http')}/v1/stream" for number in range(count)]


def _coordinates(place: Place) -> dict[str, float]:
    return {"latitude": round(place.latitude, 6), "longitude": round(place.longitude, 6)}
