"""What a client knows from messages is what it would be told if it asked: state plus messages equals a fresh fetch.

    async with verified(service, caller=incident_id, responders=["r1", "r2"]) as watchers:
        ...                          # whatever happens
        await watchers.hang_up()     # if wanted: what happens from here on is learnt by resuming

Each watcher is one more session of its person. It subscribes, then reads how things stand, and from then on only
applies what the socket says, as docs/contract.md has it. At the end everything is fetched and compared.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from copy import deepcopy
from typing import Any, Protocol

from tests.people import Message, ServiceInProcess, SocketClient

_EQUAL_WITHIN_S = 3.0
_COMPARED_EVERY_S = 0.05

# Of a socket's message, what is about the message.
_ENVELOPE = ("type", "seq")


class View(Protocol):
    """What one kind of client knows."""

    async def read(self, service: ServiceInProcess) -> Any:
        """Everything as it would be fetched now, in the form of `known`."""
        ...

    def start_from(self, fetched: Any) -> None:
        """Take what was fetched as what is known."""
        ...

    def apply(self, message: Message) -> None:
        """Learn from a message; one about what is known already changes nothing."""
        ...

    @property
    def known(self) -> Any:
        """What is known."""
        ...


class IncidentModel:
    """One incident from messages: each replaces everything but the timeline, to which it adds."""

    def __init__(self) -> None:
        self.facts: Message = {}
        self._lines: dict[int, Message] = {}

    def apply(self, incident: Message) -> None:
        """Take in an incident as a message or a fetch tells it; of two the later version counts."""
        self._lines |= {line["number"]: line for line in incident["timeline"]}
        if incident.get("version", 0) >= self.facts.get("version", 0):
            self.facts = {name: value for name, value in incident.items() if name not in (*_ENVELOPE, "timeline")}

    def as_json(self) -> Message:
        """The incident with its whole timeline."""
        return {**self.facts, "timeline": [self._lines[number] for number in sorted(self._lines)]}


class CallerView:
    """The caller's own incident."""

    role = "caller"

    def __init__(self, incident_id: str) -> None:
        self.subject = incident_id
        self._incident = IncidentModel()

    async def read(self, service: ServiceInProcess) -> Any:
        """The incident as its caller sees it."""
        path = f"/v1/incidents/{self.subject}"
        return _without_version(await service.call("GET", path, role="caller", subject=self.subject))

    def start_from(self, fetched: Any) -> None:
        """Begin with a fetched incident."""
        self._incident = IncidentModel()
        self._incident.apply(fetched)

    def apply(self, message: Message) -> None:
        """Callers are told `incident`."""
        if message["type"] == "incident":
            self._incident.apply(message)

    @property
    def known(self) -> Any:
        """The incident."""
        return _without_version(self._incident.as_json())


class ResponderView:
    """What one responder is on, and whether they are on duty."""

    role = "responder"

    def __init__(self, responder_id: str) -> None:
        self.subject = responder_id
        self._known: Message = {}

    async def read(self, service: ServiceInProcess) -> Any:
        """The part of `GET /v1/responders/me` that messages tell of."""
        me = await service.call("GET", "/v1/responders/me", role="responder", subject=self.subject)
        engaged = {kind: _content(me[kind]) if me[kind] else None for kind in ("alert", "assignment")}
        return engaged | {"on_duty": me["on_duty"], "mode": me["mode"]}

    def start_from(self, fetched: Any) -> None:
        """Begin with what was fetched."""
        self._known = dict(fetched)

    def apply(self, message: Message) -> None:
        """An alert rings, an assignment takes its place, a stand-down ends either."""
        match message["type"]:
            case "alert" if not self._is_on("assignment", message):
                self._known["alert"] = _content(message)
            case "assignment":
                self._known["assignment"] = _content(message)
                self._end("alert", message)
            case "stand_down":
                self._end("alert", message)
                self._end("assignment", message)
            case "duty":
                self._known |= {"on_duty": message["on_duty"], "mode": message["mode"]}

    @property
    def known(self) -> Any:
        """What they are on, and their duty."""
        return self._known

    def _is_on(self, kind: str, message: Message) -> bool:
        held = self._known.get(kind)
        return held is not None and held["alert_id"] == message["alert_id"]

    def _end(self, kind: str, message: Message) -> None:
        if self._is_on(kind, message):
            self._known[kind] = None


class ConsoleView:
    """Every incident that is open or has been seen, everybody on the map, and the counts."""

    role = "operator"
    subject = "watching console"

    def __init__(self) -> None:
        self._incidents: dict[str, IncidentModel] = {}
        self._dots: dict[str, Message] = {}
        self._counts: Message = {}

    async def read(self, service: ServiceInProcess) -> Any:
        """The whole picture that a console is sent which has just opened, and each incident with its timeline."""
        async with service.socket("operator", "fresh console") as fresh:
            picture = await fresh.next("picture", where=lambda m: bool(m["full"]))
        ids = dict.fromkeys([each["incident_id"] for each in picture["incidents"]] + list(self._incidents))
        return {
            "incidents": {incident_id: await service.incident(incident_id) for incident_id in ids},
            "responders": {dot["id"]: dot for dot in picture["responders"]},
            "counts": picture["counts"],
        }

    def start_from(self, fetched: Any) -> None:
        """Begin with what was fetched."""
        self._incidents = {}
        for incident in fetched["incidents"].values():
            self._incident(incident)
        self._dots, self._counts = dict(fetched["responders"]), fetched["counts"]

    def apply(self, message: Message) -> None:
        """Consoles are told `incident` and `picture`."""
        if message["type"] == "incident":
            self._incident(message)
        elif message["type"] == "picture":
            if message["full"]:
                self._dots = {}
                for incident in message["incidents"]:
                    self._incident(incident)
            for gone in message["gone"]:
                self._dots.pop(gone, None)
            self._dots |= {dot["id"]: dot for dot in message["responders"]}
            self._counts = message["counts"]

    @property
    def known(self) -> Any:
        """Incidents and dots by id, and the counts."""
        incidents = {incident_id: each.as_json() for incident_id, each in self._incidents.items()}
        return {"incidents": incidents, "responders": self._dots, "counts": self._counts}

    def _incident(self, incident: Message) -> None:
        self._incidents.setdefault(incident["incident_id"], IncidentModel()).apply(incident)


class Watcher:
    """One client that only listens, and can hang up and come back."""

    def __init__(self, service: ServiceInProcess, view: "CallerView | ResponderView | ConsoleView") -> None:
        self._service = service
        self.view = view
        self.name = f"{view.role} {view.subject}"
        self._client: SocketClient | None = None
        self._applied = 0
        self._resume: Message | None = None

    async def connect(self) -> None:
        """Subscribe first; then read how things stand, unless the service goes on where it was."""
        # It never acknowledges: what another device of the same person has not acknowledged either can be resumed.
        self._client = self._service.socket(self.view.role, self.view.subject, resume=self._resume, acknowledges=False)
        await self._client.__aenter__()
        self._applied = 0
        if not self._client.welcome["resumed"]:
            self.view.start_from(await self.view.read(self._service))

    async def hang_up(self) -> None:
        """Lose the connection, remembering up to where everything is known."""
        if self._client is not None:
            await self._client.settled()
            self.catch_up()
            self._resume = self._client.resume_point
            await self._client.__aexit__()
            self._client = None

    async def heard_out(self) -> bool:
        """Wait until all that was said so far is here, and learn from it; answers whether anything was news."""
        if self._client is None:
            await self.connect()
        assert self._client is not None
        await self._client.settled()
        return self.catch_up()

    def catch_up(self) -> bool:
        """Learn from everything heard since the last time."""
        assert self._client is not None
        before = deepcopy(self.view.known)
        for message in self._client.heard[self._applied :]:
            self.view.apply(message)
        self._applied = len(self._client.heard)
        return bool(self.view.known != before)


class Watchers:
    """Everybody who watches."""

    def __init__(self, service: ServiceInProcess, everybody: Sequence[Watcher]) -> None:
        self._service = service
        self._everybody = everybody

    async def hang_up(self) -> None:
        """All lose their connections; they resume at the end."""
        for each in self._everybody:
            await each.hang_up()

    async def compare(self) -> None:
        """Compare what each knows with what it would be told, until they are equal; fail when they do not become so.

        What is under way when the block ends (an acknowledgement, a look round) may be in one and not yet in the other.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _EQUAL_WITHIN_S
        while (found := await self._differences()) and loop.time() < until_s:  # noqa: ASYNC110 - polled
            await asyncio.sleep(_COMPARED_EVERY_S)
        assert not found, "what was told is not how things stand:\n  " + "\n  ".join(found)

    async def _differences(self) -> list[str]:
        await self._quiet()
        found = []
        for each in self._everybody:
            fetched = as_compared(await each.view.read(self._service))
            found += [f"{each.name}: {line}" for line in differences(as_compared(each.view.known), fetched)]
        return found

    async def _quiet(self) -> None:
        is_news = True
        while is_news:
            # What is gathered for some milliseconds is sent now, in the order in which one leads to the other.
            await self._service.service.acknowledgements.flush()
            await self._service.service.engine.feed.flush()
            await self._service.service.pictures.tick()
            is_news = any([await each.heard_out() for each in self._everybody])


@contextlib.asynccontextmanager
async def verified(
    service: ServiceInProcess, *, caller: str | None = None, responders: Sequence[str] = (), console: bool = True
) -> AsyncIterator[Watchers]:
    """Have the given people watch while the block runs; at its end compare what they know with a fresh fetch."""
    views: list[CallerView | ResponderView | ConsoleView] = [ResponderView(each) for each in responders]
    views += [CallerView(caller)] if caller is not None else []
    views += [ConsoleView()] if console else []
    everybody = [Watcher(service, view) for view in views]
    watchers = Watchers(service, everybody)
    try:
        for each in everybody:
            await each.connect()
        yield watchers
        await watchers.compare()
    finally:
        for each in everybody:
            await each.hang_up()


def _without_version(incident: Message) -> Message:
    # It counts everything that happened, of which much is no news to a caller: that a phone has the alert, say.
    return {name: value for name, value in incident.items() if name != "version"}


def _content(message: Message) -> Message:
    return {name: value for name, value in message.items() if name not in _ENVELOPE}


# What no message can keep true, by the name of what it is in, and why.
_NOT_COMPARED = {
    # Counts down by itself; `arrives_at` beside it says the same and stays.
    "ambulance": {"eta_s"},
    # Where somebody is changes with every step of theirs, and is no event: pages ask again while they are looked at.
    "responders": {"location", "distance_m"},
    "aed": {"distance_m"},
}


def as_compared(value: Any, inside: str = "") -> Any:
    """A value without what is null (messages leave it out) and without what time and movement alone change."""
    if isinstance(value, dict):
        left_out = _NOT_COMPARED.get(inside, set())
        return {
            name: as_compared(each, name) for name, each in value.items() if each is not None and name not in left_out
        }
    if isinstance(value, list):
        return [as_compared(each, inside) for each in value]
    return value


def differences(known: Any, fetched: Any, path: str = "") -> Iterator[str]:
    """Each place at which two values differ, in a line."""
    if isinstance(known, dict) and isinstance(fetched, dict):
        for name in sorted(known.keys() | fetched.keys()):
            where = f"{path}.{name}" if path else str(name)
            if name not in known:
                yield f"{where}: never told; is {fetched[name]!r}"
            elif name not in fetched:
                yield f"{where}: told {known[name]!r}; is not there"
            else:
                yield from differences(known[name], fetched[name], where)
    elif isinstance(known, list) and isinstance(fetched, list) and len(known) == len(fetched):
        for number, (one, other) in enumerate(zip(known, fetched, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif known != fetched:
        yield f"{path}: told {known!r}; is {fetched!r}"
