"""The socket: hello, then messages both ways until somebody leaves."""

import asyncio
import contextlib
from dataclasses import dataclass
from uuid import UUID

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from dispatch.access.tokens import BadToken, Identity, Role, TokenIssuer
from dispatch.clock import Clock
from dispatch.metrics import SOCKET_ERRORS
from dispatch.problems import NotFound, Problem
from dispatch.realtime import mailboxes
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.conversation import Conversation, ConversationParts
from dispatch.realtime.hub import Hub
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.realtime.messages import BadMessage, Hello, read_message
from dispatch.realtime.session import Session
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.storage.database import Database

log = structlog.get_logger()

router = APIRouter()

HELLO_WITHIN_S = 10.0
_ERRORS_ALLOWED = 100


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


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """One client, from hello to goodbye."""
    parts: SocketParts = websocket.app.state.socket
    await websocket.accept()
    try:
        hello, identity = await _greeted(websocket, parts)
    except HelloRefused as refusal:
        await _refuse(websocket, refusal)
        return
    except (WebSocketDisconnect, RuntimeError):
        return
    session = Session(websocket, identity, _recipient_of(identity), queue_size=parts.session_queue)
    # Told from now on, holding what comes; then what there was before is read: nothing falls between.
    parts.hub.attach(session)
    writer = asyncio.ensure_future(session.write())
    reader = asyncio.ensure_future(_converse(websocket, session, hello, parts))
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # From here on nobody counts on this session; a phone that comes back finds its messages in the mailbox.
        parts.hub.detach(session)
        await _finish(reader)
        if session.is_closing:
            await asyncio.wait({writer})
        await _finish(writer)


async def _converse(websocket: WebSocket, session: Session, hello: Hello, parts: SocketParts) -> None:
    try:
        await _begin(session, hello, parts)
        await _listen(websocket, session, parts)
    except WebSocketDisconnect:
        raise
    except Exception:
        # The database is away, say: the client is sent off with a come-back.
        log.exception("session ended by a fault", recipient=session.recipient)
        session.close(CloseCode.GOING_AWAY)


async def _finish(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
        await task


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
    except (BadToken, NotFound) as error:
        raise HelloRefused(CloseCode.BAD_TOKEN, str(error), "token") from error
    except Exception as error:
        log.exception("hello not answered")
        raise HelloRefused(CloseCode.GOING_AWAY, "The service cannot answer now; please come back.") from error


async def _known(identity: Identity, parts: SocketParts) -> Identity:
    """The identity, its subject as the service writes it. Raises `BadToken` and `NotFound` for an unknown one."""
    if identity.role is Role.RESPONDER:
        parts.conversation.responders.one(identity.subject)
        return identity
    if identity.role is Role.CALLER:
        try:
            incident_id = IncidentId(str(UUID(identity.subject)))
        except ValueError as error:
            raise BadToken("the token's subject is no incident") from error
        await parts.conversation.engine.incident(incident_id)
        return Identity(Role.CALLER, incident_id)
    if not identity.is_operator:
        raise BadToken(f"a token of role {identity.role} has no stream")
    return identity


def _recipient_of(identity: Identity) -> str:
    return OPERATORS if identity.is_operator else f"{identity.role}:{identity.subject}"


async def _begin(session: Session, hello: Hello, parts: SocketParts) -> None:
    resume = hello.resume
    async with parts.database.transaction() as connection:
        backlog = await mailboxes.open_mailbox(
            connection,
            session.recipient,
            epoch=resume.epoch if resume else None,
            seq=resume.seq if resume else None,
        )
    welcome = {
        "type": "welcome",
        "epoch": backlog.epoch,
        "seq": backlog.after,
        "resumed": backlog.resumed,
        "heartbeat_s": parts.heartbeat_s,
        "role": session.identity.role.value,
        "subject": session.identity.subject,
    }
    session.begin(welcome, backlog)
    if session.identity.role is Role.RESPONDER:
        responder = parts.conversation.responders.one(ResponderId(session.identity.subject))
        session.say({"type": "duty", "on_duty": responder.on_duty, "mode": responder.mode.value})
    elif session.identity.is_operator:
        parts.conversation.pictures.show_full(session)


async def _listen(websocket: WebSocket, session: Session, parts: SocketParts) -> None:
    conversation = Conversation(session, parts.conversation)
    errors = 0
    while True:
        frame = await _receive(websocket)
        session.heard_at_s = session.now_s()
        problem = await _handled(conversation, frame)
        if problem is None:
            errors = max(0, errors - 1)
            continue
        session.say(problem)
        errors += 1
        if errors > _ERRORS_ALLOWED:
            session.close(CloseCode.TOO_MANY_ERRORS)
            return


async def _handled(conversation: Conversation, frame: str | bytes) -> dict[str, object] | None:
    """Do what a frame says; the error message to send when that is not possible."""
    message_type = None
    try:
        message = read_message(frame)
        message_type = message.type
        await conversation.hear(message)
    except BadMessage as bad:
        return _error(bad.code, bad.detail, field=bad.field, of=bad.of or message_type)
    except Problem as problem:
        field = problem.errors[0].field if problem.errors else None
        return _error(problem.code, problem.detail, field=field, of=message_type)
    except Exception:
        log.exception("message not handled", recipient=conversation.session.recipient, type=message_type)
        return _error("internal", "The service could not do this; please try again.", of=message_type)
    return None


def _error(code: str, detail: str, *, field: str | None = None, of: str | None = None) -> dict[str, object]:
    SOCKET_ERRORS.labels(code).inc()
    told = {"type": "error", "code": code, "detail": detail, "field": field, "of": of}
    return {name: value for name, value in told.items() if value is not None}


async def _receive(websocket: WebSocket) -> str | bytes:
    event = await websocket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code") or 1005)
    text: str | None = event.get("text")
    return text if text is not None else bytes(event["bytes"])


async def _refuse(websocket: WebSocket, refusal: HelloRefused) -> None:
    SOCKET_ERRORS.labels(refusal.code.name.lower()).inc()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        await websocket.send_json(_error(refusal.code.name.lower(), refusal.detail, field=refusal.field, of="hello"))
        await websocket.close(refusal.code.value, refusal.code.name.lower())
