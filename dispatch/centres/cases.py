"""Cases of 120 centres: opened by their own systems, told of the ambulance, shown, and made one with others.

One case is one incident, however often and wherever it is told: the incident's request id is made of the centre's name
and the case's number, so the rule that keeps one request from opening two incidents keeps one case from it, in the
same statement, and in the journal while the database is away. A `request_id` that comes again under another number is
the first one's case, too.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from dispatch.access.tokens import Identity, Role
from dispatch.centres import case_rows
from dispatch.centres.schemas import AmbulanceNews, AmbulanceSaid, CaseIn
from dispatch.centres.telling import NameOfAed, responder_json, snapshot
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.sos import SosDesk
from dispatch.problems import Conflict, Forbidden, InvalidField, NotFound
from dispatch.rescue.commands import (
    AmbulanceArrives,
    Command,
    ExpectAmbulance,
    GiveCase,
    OpenIncident,
    Refused,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import IncidentId

# Made once, at random: what cases' request ids are made in.
_CASES = UUID("6f0f6c5c-0b1e-4a47-9b35-5f1b7c6a2d84")

# Word from a clock that is ahead by more is a mistake, and would keep later word from being believed.
_FAST_CLOCK = timedelta(minutes=5)
# What began earlier than this is no emergency any more, or a mistake.
_LONG_AGO = timedelta(days=1)

_REMEMBERED = 10_000


def request_id_of(centre: str, case_number: str) -> str:
    """The request id under which a case's incident is opened."""
    return str(uuid5(_CASES, f"{centre}\n{case_number}"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a centre is answered; `repeated` when the case, or the request, had been told before."""

    body: dict[str, Any]
    repeated: bool


class CaseDesk:
    """Takes cases, and what is said of them. Whoever asks for another centre's is refused."""

    def __init__(self, engine: Engine, sos: SosDesk, name_of_aed: NameOfAed) -> None:
        self._engine = engine
        self._sos = sos
        self._name_of_aed = name_of_aed
        # Which case a request was, and which incident a case is, for as long as the database is away.
        self._requests: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._incidents: OrderedDict[str, IncidentId] = OrderedDict()

    async def open(self, said: CaseIn, asker: Identity) -> Answer:
        """Open the incident of a case, or give the one that it has. Raises `InvalidField` and `Forbidden`."""
        centre = _centre_of(said, asker)
        command = self._command(said, centre, str(asker))
        case_number, given_to = await self._case_number(centre, str(said.request_id), said.case_number)
        if given_to is not None:
            return await self._answer_for(centre, case_number, given_to)
        if case_number != said.case_number:
            command = self._command(said.model_copy(update={"case_number": case_number}), centre, str(asker))
        request_id = request_id_of(centre, case_number)
        receipt = await self._sos.take(request_id, command)
        incident_id = IncidentId(str(receipt.body["incident_id"]))
        _remember(self._incidents, request_id, incident_id)
        body = {name: value for name, value in receipt.body.items() if name != "token"}
        told = {"centre": centre, "case_number": case_number}
        duplicates = await self._likely_duplicates(incident_id)
        return Answer({**body, **told, "likely_duplicates": duplicates}, receipt.repeated)

    async def _answer_for(self, centre: str, case_number: str, incident_id: IncidentId) -> Answer:
        """For a case whose incident was there before it."""
        async with self._engine.database.statement() as connection:
            receipt = await case_rows.receipt_of(connection, incident_id)
        told = {"centre": centre, "case_number": case_number, "degraded": False}
        duplicates = await self._likely_duplicates(incident_id)
        return Answer({**receipt, **told, "likely_duplicates": duplicates}, repeated=True)

    async def give(self, centre: str, case_number: str, asker: Identity, incident_id: IncidentId) -> dict[str, Any]:
        """Somebody's SOS is a centre's case from now on; how that stands. Raises as `view` does, and `Conflict`."""
        _must_be_own(centre, asker)
        await self.visible(incident_id, asker)
        request_id = request_id_of(centre, case_number)
        async with self._engine.database.transaction() as connection:
            has = await case_rows.incident_of_case(connection, centre, case_number, request_id)
            if has is None:
                # Held until the incident knows it: two that give one case to two incidents take turns.
                await case_rows.give_case(connection, centre, case_number, incident_id, self._engine.clock.now())
                has = await case_rows.incident_of_case(connection, centre, case_number, request_id) or incident_id
            going_on = (await self._going_on(incident_id)).present.incident_id
            if (await self._going_on(has)).present.incident_id != going_on:
                raise Conflict(f"Case {case_number} is incident {has}: merge the two.", code="case_exists")
            await self._carry_out(going_on, GiveCase(centre, case_number), asker)
        return await self.view(centre, case_number, asker)

    async def view(self, centre: str, case_number: str, asker: Identity) -> dict[str, Any]:
        """How a case stands. Raises `NotFound` and `Forbidden`."""
        _must_be_own(centre, asker)
        opened_as = await self._incident_of(centre, case_number)
        incident = (await self._going_on(opened_as)).present
        return {
            "centre": centre,
            "case_number": case_number,
            "incident_id": incident.incident_id,
            "opened_as": opened_as,
            "version": incident.version,
            "drill": incident.drill,
            "incident": snapshot(incident),
            "responders": [responder_json(each, self._name_of_aed) for each in incident.alerts.values()],
            "likely_duplicates": await self._likely_duplicates(incident.incident_id),
        }

    async def tell_of_ambulance(
        self, centre: str, case_number: str, asker: Identity, said: AmbulanceNews
    ) -> dict[str, Any]:
        """Take word of a case's ambulance; how the case stands then. Raises as `view`, `InvalidField`, `Conflict`."""
        _must_be_own(centre, asker)
        incident_id = await self._incident_of(centre, case_number)
        await self._carry_out(incident_id, self._ambulance_command(said), asker)
        return await self.view(centre, case_number, asker)

    async def tell_of_ambulance_to(
        self, centre: str, incident_id: IncidentId, asker: Identity, said: AmbulanceNews
    ) -> dict[str, Any]:
        """The same of an incident that is no other centre's case; how it stands then."""
        _must_be_own(centre, asker)
        await self.visible(incident_id, asker)
        await self._carry_out(incident_id, self._ambulance_command(said), asker)
        incident = (await self._going_on(incident_id)).present
        return {"incident_id": incident.incident_id, "version": incident.version, "incident": snapshot(incident)}

    async def merge(self, centre: str, case_number: str, asker: Identity, into: IncidentId) -> dict[str, Any]:
        """Make a case part of another incident, which takes over its number. Raises as `view` does, and `Conflict`."""
        _must_be_own(centre, asker)
        opened_as = await self._incident_of(centre, case_number)
        await self.visible(into, asker)
        duplicate = (await self._going_on(opened_as)).present.incident_id
        goes_on = (await self._going_on(into)).present.incident_id
        # Said twice: they are one already.
        if duplicate != goes_on or opened_as == into:
            try:
                await self._engine.mergers.merge(duplicate, goes_on, by=str(asker))
            except Refused as refusal:
                raise Conflict(refusal.detail, code=refusal.code) from refusal
        return await self.view(centre, case_number, asker)

    async def visible(self, incident_id: IncidentId, asker: Identity) -> LiveIncident:
        """An incident that an asker may see: of a centre its own cases, and what is no centre's. Raises `NotFound`."""
        live = await self._engine.incident(incident_id)
        if not _may_see(live.present, asker):
            # Not even that there is one.
            raise NotFound(f"There is no incident {incident_id}.")
        return live

    async def _carry_out(self, incident_id: IncidentId, command: Command, asker: Identity) -> None:
        going_on = await self._going_on(incident_id)
        try:
            await self._engine.command(going_on.present.incident_id, command, by=str(asker))
        except Refused as refusal:
            raise Conflict(refusal.detail, code=refusal.code) from refusal

    async def _going_on(self, incident_id: IncidentId) -> LiveIncident:
        live = await self._engine.incident(incident_id)
        while live.present.merged_into is not None:
            live = await self._engine.incident(live.present.merged_into)
        return live

    async def _case_number(self, centre: str, request_id: str, case_number: str) -> tuple[str, IncidentId | None]:
        """The case that a request is: the one that it named first, whoever took it; and what that was given to."""
        first, given_to = self._requests.get((centre, request_id), case_number), None
        if not self._engine.recording.is_away:
            with self._engine.recording.outage_suppressed():
                first, given_to = await case_rows.case_of_request(
                    self._engine.database, centre, request_id, first, self._engine.clock.now()
                )
        _remember(self._requests, (centre, request_id), first)
        return first, given_to

    async def _incident_of(self, centre: str, case_number: str) -> IncidentId:
        request_id = request_id_of(centre, case_number)
        known = self._incidents.get(request_id)
        if known is not None:
            return known
        async with self._engine.database.statement() as connection:
            found = await case_rows.incident_of_case(connection, centre, case_number, request_id)
        if found is None:
            raise NotFound(f"{centre} has no case {case_number}.")
        _remember(self._incidents, request_id, found)
        return found

    async def _likely_duplicates(self, incident_id: IncidentId) -> Sequence[IncidentId]:
        """As operators are shown them; and what other workers have taken, where the database can be asked."""
        found: dict[IncidentId, None] = {}
        with self._engine.recording.outage_suppressed():
            incident = (await self._engine.incident(incident_id)).present
            if incident.is_ended:
                return []
            found |= dict.fromkeys(self._engine.likely_duplicates(incident))
            policy = self._engine.surveyor.policy
            if not self._engine.recording.is_away:
                near = await case_rows.open_incidents_near(
                    self._engine.database, incident, within_m=policy.duplicate_m, within_s=policy.duplicate_s
                )
                found |= dict.fromkeys(near)
        return list(found)

    def _command(self, said: CaseIn, centre: str, by: str) -> OpenIncident:
        return replace(
            said.command(),
            by=by,
            centre=centre,
            case_number=said.case_number,
            called_at=self._checked(said.opened_at, "opened_at"),
            collapsed_at=self._checked(said.collapsed_at, "collapsed_at"),
            ambulance=None if said.ambulance is None else self._expected(said.ambulance, "ambulance."),
        )

    def _ambulance_command(self, said: AmbulanceNews) -> Command:
        return AmbulanceArrives() if said.arrived else self._expected(said, "")

    def _expected(self, said: AmbulanceSaid | AmbulanceNews, path: str) -> ExpectAmbulance:
        said_at = self._checked(said.at, f"{path}at")
        clock = self._engine.clock
        if said.arrives_at is not None:
            arrives_at = clock.from_wall(said.arrives_at.astimezone(UTC))
            if arrives_at > clock.now() + _LONG_AGO:
                raise InvalidField(f"{path}arrives_at", "is more than a day ahead")
        else:
            arrives_at = (said_at or clock.now()) + timedelta(seconds=said.eta_s or 0.0)
        return ExpectAmbulance(arrives_at, said.unit, said_at)

    def _checked(self, at: datetime | None, field: str) -> datetime | None:
        """A time that a centre names, by our clock. Raises `InvalidField` for one that cannot be meant."""
        if at is None:
            return None
        ours, now = self._engine.clock.from_wall(at.astimezone(UTC)), self._engine.clock.now()
        if ours > now + _FAST_CLOCK:
            raise InvalidField(field, "is in the future")
        if ours < now - _LONG_AGO:
            raise InvalidField(field, "is more than a day ago")
        return ours


def _may_see(incident: Incident, asker: Identity) -> bool:
    """Whether an asker may see an incident: of a centre its own cases, and what is no centre's."""
    return asker.role is not Role.CENTRE or incident.centre in {None, asker.subject}


def _centre_of(said: CaseIn, asker: Identity) -> str:
    if asker.role is Role.CENTRE:
        if said.centre not in {None, asker.subject}:
            raise Forbidden("This token is another centre's.")
        return asker.subject
    if said.centre is None:
        raise InvalidField("centre", "an operator has to say whose case it is")
    return said.centre


def _must_be_own(centre: str, asker: Identity) -> None:
    if asker.role is Role.CENTRE and asker.subject != centre:
        raise Forbidden("This token is another centre's.")


def _remember(memory: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    memory[key] = value
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
