"""What a session's messages lead to."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from dispatch.access.tokens import Role
from dispatch.clock import Clock
from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.answers import AnswerDesk
from dispatch.engine.engine import Engine
from dispatch.metrics import SOCKET_ERRORS
from dispatch.operators.picture import Pictures
from dispatch.problems import Problem
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.messages import (
    Ack,
    AedTrouble,
    Answer,
    BadMessage,
    ClientMessage,
    Duty,
    Hello,
    Ping,
    Position,
    ProgressMade,
    WakeMe,
    Watch,
    read_message,
)
from dispatch.realtime.positions import Whereabouts, plain_position
from dispatch.realtime.session import Session
from dispatch.realtime.stream_protocol import Line
from dispatch.rescue.commands import Refused
from dispatch.rescue.vocabulary import AedProblem, AlertState, ResponderId
from dispatch.responders.service import ResponderService
from dispatch.storage.availability import is_contention, is_outage

log = structlog.get_logger()

_ERRORS_ALLOWED = 100


@dataclass(frozen=True, slots=True)
class ConversationParts:
    """Those who do what is asked."""

    engine: Engine
    answers: AnswerDesk
    acknowledgements: Acknowledgements
    responders: ResponderService
    pictures: Pictures
    clock: Clock
    # Asked for a test alert through every channel of a responder.
    start_test_alert: Callable[[ResponderId], Awaitable[None]] | None = None


class Conversation:
    """Hears one session's messages after its hello, one after the other.

    What only memory has to know is done on the spot. What takes its time holds the line: the messages behind it wait,
    on the network rather than here.
    """

    __slots__ = ("_errors", "_is_ready", "_line", "_parts", "_unheard", "_work", "session")

    def __init__(self, session: Session, line: Line, parts: ConversationParts) -> None:
        self.session = session
        self._line: Line | None = line
        self._parts = parts
        self._errors = 0
        self._is_ready = False
        self._work: asyncio.Task[None] | None = None
        self._unheard: deque[str | bytes] | None = None

    def begin(self) -> None:
        """The session has begun: hear what has been said since its hello, and what comes."""
        self._is_ready = True
        self._go_on()

    def hear(self, frame: str | bytes) -> None:
        """The client has said this."""
        self.session.heard_at_s = self.session.now_s()
        if self._is_ready and self._work is None and not self._unheard:
            self._take(frame)
            return
        if self._unheard is None:
            self._unheard = deque()
        self._unheard.append(frame)
        if self._line is not None:
            self._line.hold()

    def drained(self) -> None:
        """The client reads again."""
        self.session.drained()

    def gone(self) -> None:
        """The client is gone. What it asked for is done all the same."""
        self._line = self._unheard = None
        self.session.gone()

    def _go_on(self) -> None:
        self._work = None
        while self._unheard and self._work is None:
            self._take(self._unheard.popleft())
        if self._work is None:
            self._unheard = None
            if self._line is not None:
                self._line.go_on()

    def _take(self, frame: str | bytes) -> None:
        if self.session.is_closing:
            return
        message: ClientMessage | None = None
        try:
            whereabouts = plain_position(frame) if isinstance(frame, str) else None
            if whereabouts is not None:
                self._move(whereabouts)
            else:
                message = read_message(frame)
                takes_time = self._do(message)
                if takes_time is not None:
                    self._work = asyncio.ensure_future(self._finished(message, takes_time))
                    if self._line is not None:
                        self._line.hold()
                    return
        except Exception as error:  # noqa: BLE001 - `_told` tells the client, and logs what it does not know
            self._refuse(message, error)
            return
        self._errors = max(0, self._errors - 1)

    async def _finished(self, message: ClientMessage, work: Awaitable[object]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - as above
            self._refuse(message, error)
        else:
            self._errors = max(0, self._errors - 1)
        self._go_on()

    def _refuse(self, message: ClientMessage | None, error: Exception) -> None:
        said = message.type if message is not None else None
        self.session.say(self._told(error, said))
        if is_outage(error) or is_contention(error):
            # No mistake of the client's: it was told to try again.
            return
        self._errors += 1
        if self._errors > _ERRORS_ALLOWED:
            self.session.close(CloseCode.TOO_MANY_ERRORS)

    def _told(self, error: Exception, said: str | None) -> dict[str, object]:
        match error:
            case BadMessage():
                return error_message(error.code, error.detail, field=error.field, of=error.of or said)
            case Refused():
                return error_message(error.code, error.detail, field=_FIELD_AT_FAULT.get(error.code), of=said)
            case Problem():
                field = error.errors[0].field if error.errors else None
                return error_message(error.code, error.detail, field=field, of=said or "position")
        if is_outage(error):
            return error_message("database_away", "The database is away; please try this again in a moment.", of=said)
        if is_contention(error):
            return error_message("busy", "Too many are asking at this moment; please try this again.", of=said)
        log.error("message not handled", recipient=self.session.recipient, type=said, exc_info=error)
        return error_message("internal", "The service could not do this; please try again.", of=said)

    def _do(self, message: ClientMessage) -> Awaitable[object] | None:
        """Do what the message says, or begin to. Raises `BadMessage`, `Refused` or `Problem` when it cannot be done."""
        parts = self._parts
        match message:
            case Position():
                self._move(Whereabouts(message.place(), message.accuracy_m, message.at))
            case Ack() if self.session.is_degraded:
                # Of a session before: what it acknowledges is sent again, or has another number by now.
                pass
            case Ack(seq=seq):
                parts.acknowledgements.note(self.session.recipient, seq)
            case Ping():
                self.session.say({"type": "pong", "at": parts.clock.now()})
            case Watch():
                self._watch(message)
            case Hello():
                raise BadMessage("second_hello", "This session has begun already.", of="hello")
            case _:
                return self._begun(message, self._responder(message.type))
        return None

    def _begun(
        self, message: Answer | ProgressMade | Duty | AedTrouble | WakeMe, responder_id: ResponderId
    ) -> Awaitable[object]:
        parts = self._parts
        match message:
            case Answer(alert_id=alert_id, answer=answer):
                return parts.answers.answer(responder_id, alert_id, accept=answer == "accept")
            case ProgressMade(alert_id=alert_id, stage=stage):
                return parts.answers.progress(responder_id, alert_id, AlertState(stage))
            case Duty(on_duty=on_duty, mode=mode):
                return parts.responders.set_duty(responder_id, on_duty=on_duty, mode=mode)
            case AedTrouble(alert_id=alert_id, problem=problem, aed_id=aed_id):
                return parts.answers.aed_problem(responder_id, alert_id, AedProblem(problem), aed_id)
            case WakeMe() if parts.start_test_alert is not None:
                return parts.start_test_alert(responder_id)
        raise BadMessage("not_available", f"This service has no `{message.type}`.", of=message.type)

    def _move(self, whereabouts: Whereabouts) -> None:
        responder_id = self._responder("position")
        self._parts.responders.move(
            responder_id, whereabouts.place, accuracy_m=whereabouts.accuracy_m, at=whereabouts.at
        )

    def _watch(self, message: Watch) -> None:
        if not self.session.identity.is_operator:
            raise BadMessage("forbidden", "Only operators watch the map.", of="watch")
        self.session.watching = message.box()
        self._parts.pictures.show_full(self.session)

    def _responder(self, message_type: str) -> ResponderId:
        identity = self.session.identity
        if identity.role is not Role.RESPONDER:
            raise BadMessage("forbidden", f"Only a responder says `{message_type}`.", of=message_type)
        return ResponderId(identity.subject)


_FIELD_AT_FAULT = {"unknown_alert": "alert_id", "stage_out_of_order": "stage", "wrong_role": "stage"}


def error_message(code: str, detail: str, *, field: str | None = None, of: str | None = None) -> dict[str, object]:
    """What a client is told that could not be understood or served; counted."""
    SOCKET_ERRORS.labels(code).inc()
    told = {"type": "error", "code": code, "detail": detail, "field": field, "of": of}
    return {name: value for name, value in told.items() if value is not None}
