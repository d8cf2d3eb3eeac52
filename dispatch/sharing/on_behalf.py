"""What workers do for each other while one of them cannot write, or is not the one to decide.

Two that decide side by side on one incident, with no database to let one win, tell people two different things, and
only one of them can be written down afterwards. So one hands over what it is told to the one that goes on deciding.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from psycopg import Error
from pydantic import TypeAdapter

from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.command_codec import command_from_json, command_to_json
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.sos import NotWrittenError, SosDesk
from dispatch.problems import NotFound
from dispatch.rescue.commands import Command, Moved, OpenIncident, Refused
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.sharing.errands import Errand, Errands, Waits
from dispatch.storage.availability import is_outage

log = structlog.get_logger()

# One that has not begun by then may be dying: what was asked is carried out here, and saying it twice is harmless.
# One that has and lives will come to it: two that decide are no help to one that has too much to do.
_COMMAND: Final = Waits(begun_within_s=2.5, done_within_s=60.0)
# Whoever lies there waits for nobody: it is taken here, and may be taken twice.
_SOS: Final = Waits(begun_within_s=0.7, done_within_s=2.5)
# Nobody waits for it.
_RECEIPTS: Final = Waits(begun_within_s=2.5, done_within_s=5.0)
# What answers in a millisecond and has not by then is no server to rely on for somebody else's SOS.
_DATABASE_ANSWERS_WITHIN_S: Final = 0.5

_SOS_CODEC: Final = TypeAdapter(OpenIncident)


@dataclass(frozen=True, slots=True)
class OnBehalfParts:
    """Who carries out here what another worker asks for.

    `is_ours` says whether this worker goes on deciding in an incident, `lives` whether another is still heard.
    """

    engine: Engine
    sos: SosDesk
    acknowledgements: Acknowledgements
    is_ours: Callable[[LiveIncident], bool]
    lives: Callable[[str], bool]
    tell: Callable[[Errand], None]


class OnBehalf:
    """Asks another worker for what this one is not to do, and does what another one asks for."""

    def __init__(self, parts: OnBehalfParts) -> None:
        self._parts = parts
        self._engine = parts.engine
        self.errands = Errands(self._carry_out, parts.tell, parts.lives)

    # --- what others are asked for ---

    async def command(self, worker: str, incident_id: IncidentId, command: Command, by: str) -> bool:
        """Have another worker carry a command out; False when it could not, or did not answer in time.

        Raises `Refused` as it did.
        """
        said = {"incident_id": incident_id, "by": by, **command_to_json(command)}
        outcome = await self.errands.ask(worker, said, _COMMAND)
        match outcome:
            case {"code": code, "detail": detail}:
                raise Refused(code, detail)
            case {"moved_to": incident, "alert_id": alert_id}:
                raise Moved(IncidentId(incident), AlertId(alert_id))
        return outcome is not None and bool(outcome.get("done"))

    async def opening(self, worker: str, request_id: str, command: OpenIncident) -> Mapping[str, Any] | None:
        """Have another worker take an SOS; what the caller is to be answered, None when it could not write it down."""
        said = {"request_id": request_id, "opens": _SOS_CODEC.dump_python(command, mode="json")}
        outcome = await self.errands.ask(worker, said, _SOS)
        return None if outcome is None else outcome.get("receipt")

    async def receipts(self, worker: str, up_to: Mapping[str, int]) -> bool:
        """Have another worker note up to which of their messages these recipients have everything."""
        outcome = await self.errands.ask(worker, {"acknowledged": dict(up_to)}, _RECEIPTS)
        return outcome is not None and bool(outcome.get("done"))

    # --- what others ask for ---

    async def _carry_out(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            match said:
                case {"opens": opening, "request_id": request_id}:
                    return {"receipt": await self._open(request_id, _SOS_CODEC.validate_python(opening))}
                case {"acknowledged": up_to}:
                    self._note_receipts(up_to)
                case _:
                    await self._command(said)
        except Moved as moved:
            return {"moved_to": moved.incident_id, "alert_id": moved.alert_id}
        except Refused as refused:
            return {"code": refused.code, "detail": refused.detail}
        except NotFound:
            return {"done": False}
        except Exception as error:
            # Whoever asked does it, or says what is wrong to whoever asked there.
            if not is_outage(error):
                log.exception("not carried out for another worker")
            return {"done": False}
        return {"done": True}

    async def _open(self, request_id: str, command: OpenIncident) -> Mapping[str, Any] | None:
        """What its caller is to be answered; None where it cannot be written down here either."""
        if self._engine.recording.is_away or not await self._database_answers():
            # What another has just lost is perhaps lost for this one too.
            return None
        try:
            return await self._parts.sos.take_for_another(request_id, command)
        except NotWrittenError:
            return None

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(_DATABASE_ANSWERS_WITHIN_S):
                return await self._engine.database.answers()
        except TimeoutError:
            return False

    def _note_receipts(self, up_to: Mapping[str, int]) -> None:
        for recipient, seq in up_to.items():
            self._parts.acknowledgements.note(recipient, seq)

    async def _command(self, said: Mapping[str, Any]) -> None:
        """Do what another worker asks for. Raises `psycopg.Error` where that is not this one's to do."""
        engine, incident_id, by = self._engine, IncidentId(said["incident_id"]), said["by"]
        command = command_from_json({name: said[name] for name in said.keys() - {"incident_id", "by"}})
        try:
            await engine.command_here(incident_id, command, by=by)
        except Error:
            live = engine.live.get(incident_id)
            if not engine.recording.is_away or live is None or live.incident is None or not self._parts.is_ours(live):
                raise
            # The database has gone in the middle of it.
            await engine.command_here(incident_id, command, by=by, insists=True)
