"""The socket's door: who speaks, and from where to go on. What follows is a conversation."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import jwt
import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from dispatch.access.tokens import BadToken, Identity, Role, TokenIssuer
from dispatch.clock import Clock
from dispatch.problems import NotFound
from dispatch.realtime import mailboxes
from dispatch.realtime.availability import Availability, NeverAway
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.conversation import Conversation, ConversationParts, error_message
from dispatch.realtime.hub import Hub, Nowhere
from dispatch.realtime.mailboxes import OPERATORS, Backlog
from dispatch.realtime.messages import BadMessage, Hello, read_message
from dispatch.realtime.session import Session
from dispatch.realtime.stream_protocol import line_of
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

router = APIRouter()

HELLO_WITHIN_S = 10.0

# A crowd that comes back after a restart reads its mailboxes this many at a time: an SOS is not to wait behind it.
_MAILBOXES_AT_ONCE = 4


class HelloRefused(Exception):
    """The session cannot begin."""

    def __init__(self, code: CloseCode, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class SocketParts:
    """What the socket needs of the service."""

    hub: Hub
    database: Database
    tokens: TokenIssuer
    clock: Clock
    conversation: ConversationParts
    heartbeat_s: float
    session_queue: int
    availability: Availability = field(default_factory=NeverAway)
    mailboxes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAILBOXES_AT_ONCE))


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Greet one client, and hand the socket over to its conversation."""
    parts: SocketParts = websocket.app.state.socket
    await websocket.accept()
    try:
        hello, identity = await _greeted(websocket, parts)
    except HelloRefused as refusal:
        await _refuse(websocket, refusal)
        return
    except (WebSocketDisconnect, RuntimeError):
        return
    line = line_of(websocket.scope)
    session = Session(
        line,
        identity,
        OPERATORS if identity.is_operator else f"{identity.role}:{identity.subject}",
        queue_size=parts.session_queue,
        expires_at=_expires_at(hello.token),
    )
    conversation = Conversation(session, line, parts.conversation)
    # Told from now on, holding what comes; then what there was before is read: nothing falls between.
    parts.hub.attach(session)
    line.hand_over(conversation)
    try:
        await _begin(session, hello, parts)
        conversation.begin()
    except BaseException as error:
        # The client is sent off with a come-back.
        session.close(CloseCode.GOING_AWAY)
        if not isinstance(error, Exception):
            raise
        log.exception("session not begun", recipient=session.recipient)


async def _greeted(websocket: WebSocket, parts: SocketParts) -> tuple[Hello, Identity]:
    try:
        async with asyncio.timeout(HELLO_WITHIN_S):
            frame = await _receive(websocket)
    except TimeoutError as error:
        raise HelloRefused(CloseCode.NO_HELLO, "No hello came in time.") from error
    try:
        hello = read_message(frame)
    except BadMessage as problem:
        raise HelloRefused(CloseCode.BAD_HELLO, problem.detail, problem.field) from problem
    if not isinstance(hello, Hello):
        raise HelloRefused(CloseCode.BAD_HELLO, "The first message must be a `hello`.", "type")
    try:
        return hello, await _known(parts.tokens.read(hello.token), parts)
    except HelloRefused:
        raise
    except (BadToken, NotFound) as error:
        raise HelloRefused(CloseCode.BAD_TOKEN, str(error), "token") from error
    except Exception as error:
        log.exception("hello not answered")
        raise HelloRefused(CloseCode.GOING_AWAY, "The service cannot answer now; please come back.") from error


async def _known(identity: Identity, parts: SocketParts) -> Identity:
    """The identity, its subject as the service writes it. Raises `BadToken` and `NotFound` for an unknown one."""
    if identity.role is Role.RESPONDER:
        await parts.conversation.responders.found(identity.subject)
        return identity
    if identity.role is Role.CALLER:
        try:
            incident_id = IncidentId(str(UUID(identity.subject)))
        except ValueError as error:
            raise BadToken("the token's subject is no incident") from error
        try:
            await parts.conversation.engine.incident(incident_id)
        except NotFound as unknown:
            if isinstance(parts.hub.elsewhere, Nowhere):
                raise
            # Another worker may have it in its journal, and write it down in a moment.
            raise HelloRefused(CloseCode.GOING_AWAY, "This is not known here yet; please come back.") from unknown
        except Exception as error:
            # A token that we signed names an incident that we opened, whether it can be looked up now or not.
            if not (is_outage(error) or is_contention(error)):
                raise
        return Identity(Role.CALLER, incident_id)
    if not identity.is_operator:
        raise BadToken(f"a token of role {identity.role} has no stream")
    return identity


def _expires_at(token: str) -> datetime:
    # It has been verified a moment ago; here only the time is wanted.
    claims = jwt.decode(token, options={"verify_signature": False})
    return datetime.fromtimestamp(int(claims["exp"]), UTC)


async def _begin(session: Session, hello: Hello, parts: SocketParts) -> None:
    backlog = await _backlog(session.recipient, hello, parts)
    welcome = {
        "type": "welcome",
        "epoch": f"away-{uuid4().hex[:8]}" if backlog is None else backlog.epoch,
        "seq": 0 if backlog is None else backlog.after,
        "resumed": backlog is not None and backlog.resumed,
        "heartbeat_s": parts.heartbeat_s,
        "role": session.identity.role.value,
        "subject": session.identity.subject,
    }
    if backlog is None:
        session.begin_degraded(welcome | {"degraded": True})
    else:
        session.begin(welcome, backlog)
        if backlog.resumed and not session.identity.is_operator:
            # Who resumes has everything up to there, even where the word of it was lost.
            parts.conversation.acknowledgements.note(session.recipient, backlog.after)
    if session.identity.role is Role.RESPONDER:
        responder = parts.conversation.responders.one(ResponderId(session.identity.subject))
        session.say({"type": "duty", "on_duty": responder.on_duty, "mode": responder.mode.value})
    elif session.identity.is_operator:
        parts.conversation.pictures.show_full(session)


async def _backlog(recipient: str, hello: Hello, parts: SocketParts) -> Backlog | None:
    """What waits in the client's mailbox; None when the database is away, or goes away at this moment."""
    resume = hello.resume
    async with parts.mailboxes:
        if parts.availability.is_away:
            return None
        for is_last in (False, False, True):
            try:
                return await mailboxes.open_mailbox(
                    parts.database,
                    recipient,
                    epoch=resume.epoch if resume else None,
                    seq=resume.seq if resume else None,
                )
            except Exception as error:
                if is_contention(error) and not is_last:
                    # A crowd has come back in this moment, and the database answers: its turn comes.
                    continue
                if not (is_outage(error) or is_contention(error)):
                    raise
                log.warning("session begins without its mailbox", recipient=recipient, error=str(error))
                return None
    return None


async def _receive(websocket: WebSocket) -> str | bytes:
    event = await websocket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code") or 1005)
    text: str | None = event.get("text")
    return text if text is not None else bytes(event["bytes"])


async def _refuse(websocket: WebSocket, refusal: HelloRefused) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        told = error_message(refusal.code.name.lower(), refusal.detail, field=refusal.field, of="hello")
        await websocket.send_json(told)
        await websocket.close(refusal.code.value, refusal.code.name.lower())
