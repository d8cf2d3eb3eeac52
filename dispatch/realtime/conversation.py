"""What a session's messages lead to."""

from dataclasses import dataclass

from dispatch.access.tokens import Role
from dispatch.clock import Clock
from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.answers import AnswerDesk
from dispatch.engine.engine import Engine
from dispatch.operators.picture import Pictures
from dispatch.realtime.messages import (
    Ack,
    Answer,
    BadMessage,
    ClientMessage,
    Duty,
    Hello,
    Ping,
    Position,
    ProgressMade,
    Watch,
)
from dispatch.realtime.session import Session
from dispatch.rescue.commands import Refused
from dispatch.rescue.vocabulary import AlertState, ResponderId
from dispatch.responders.service import ResponderService
from geo.bounding_box import BoundingBox


@dataclass(frozen=True, slots=True)
class ConversationParts:
    """Those who do what is asked."""

    engine: Engine
    answers: AnswerDesk
    acknowledgements: Acknowledgements
    responders: ResponderService
    pictures: Pictures
    clock: Clock


class Conversation:
    """Hears one session's messages after its hello."""

    def __init__(self, session: Session, parts: ConversationParts) -> None:
        self.session = session
        self._parts = parts

    async def hear(self, message: ClientMessage) -> None:
        """Do what the message says. Raises `BadMessage` or `Problem` when that is not possible."""
        match message:
            case Position():
                self._position(message)
            case Ack(seq=seq):
                self._parts.acknowledgements.note(self.session.recipient, seq)
            case Answer(alert_id=alert_id, answer=answer):
                await self._answer(alert_id, accept=answer == "accept")
            case ProgressMade(alert_id=alert_id, stage=stage):
                await self._progress(alert_id, AlertState(stage))
            case Duty():
                await self._duty(message)
            case Watch():
                self._watch(message.box())
            case Ping():
                self.session.say({"type": "pong", "at": self._parts.clock.now()})
            case Hello():
                raise BadMessage("second_hello", "This session has begun already.", of="hello")

    def _position(self, message: Position) -> None:
        responder_id = self._only(Role.RESPONDER, message.type)
        self._parts.responders.move(
            ResponderId(responder_id), message.place(), accuracy_m=message.accuracy_m, at=message.at
        )

    async def _duty(self, message: Duty) -> None:
        responder_id = self._only(Role.RESPONDER, message.type)
        await self._parts.responders.set_duty(responder_id, on_duty=message.on_duty, mode=message.mode)

    async def _answer(self, alert_id: str, *, accept: bool) -> None:
        responder_id = ResponderId(self._only(Role.RESPONDER, "answer"))
        try:
            await self._parts.answers.answer(responder_id, alert_id, accept=accept)
        except Refused as refusal:
            raise _told(refusal, "answer") from refusal

    async def _progress(self, alert_id: str, stage: AlertState) -> None:
        responder_id = ResponderId(self._only(Role.RESPONDER, "progress"))
        try:
            await self._parts.answers.progress(responder_id, alert_id, stage)
        except Refused as refusal:
            raise _told(refusal, "progress") from refusal

    def _watch(self, box: BoundingBox) -> None:
        if not self.session.identity.is_operator:
            raise BadMessage("forbidden", "Only operators watch the map.", of="watch")
        self.session.watching = box
        self._parts.pictures.show_full(self.session)

    def _only(self, role: Role, message_type: str) -> str:
        identity = self.session.identity
        if identity.role is not role:
            raise BadMessage("forbidden", f"Only a {role} says `{message_type}`.", of=message_type)
        return identity.subject


_FIELD_AT_FAULT = {"unknown_alert": "alert_id", "stage_out_of_order": "stage", "wrong_role": "stage"}


def _told(refusal: Refused, message_type: str) -> BadMessage:
    field = _FIELD_AT_FAULT.get(refusal.code)
    return BadMessage(refusal.code, refusal.detail, field=field, of=message_type)
