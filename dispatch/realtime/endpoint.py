"""The socket: hello, then messages both ways until somebody leaves."""

import asyncio
import contextlib
from dataclasses import dataclass

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

_HELLO_WITHIN_S = 10.0
# Silent for this many heartbeats: gone.
_SILENT_HEARTBEATS = 3
# A numbered message that is overtaken and has not come after this long is read again from the database.
_GAP_PATIENCE_S = 1.0
_ERRORS_ALLOWED = 100


class HelloRefused(Exception):
    """The session cannot begin."""

    def __init__(self, code: CloseCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


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
    try:
        await _begin(session, hello, parts)
        reader = asyncio.ensure_future(_listen(websocket, session, parts))
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await reader
        if session.is_closing:
            await writer
    except Exception:
        log.exception("session ended by a fault", recipient=session.recipient)
        session.close(CloseCode.GOING_AWAY)
        await writer
    finally:
        parts.hub.detach(session)
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await writer


async def _greeted(websocket: WebSocket, parts: SocketParts) -> tuple[Hello, Identity]:
    try:
        async with asyncio.timeout(_HELLO_WITHIN_S):
            frame = await _receive(websocket)
    except TimeoutError as error:
        raise HelloRefused(CloseCode.NO_HELLO, "No hello within 10 s.") from error
    try:
        hello = read_message(frame)
    except BadMessage as problem:
        raise HelloRefused(CloseCode.BAD_HELLO, problem.detail) from problem
    if not isinstance(hello, Hello):
        raise HelloRefused(CloseCode.BAD_HELLO, "The first message must be a `hello`.")
    try:
        identity = parts.tokens.read(hello.token)
        await _must_be_known(identity, parts)
    except (BadToken, NotFound) as error:
        raise HelloRefused(CloseCode.BAD_TOKEN, str(error)) from error
    return hello, identity


async def _must_be_known(identity: Identity, parts: SocketParts) -> None:
    if identity.role is Role.RESPONDER:
        parts.conversation.responders.one(identity.subject)
    elif identity.role is Role.CALLER:
        await parts.conversation.engine.incident(IncidentId(identity.subject))
    elif not identity.is_operator:
        raise BadToken(f"a token of role {identity.role} has no stream")


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
    session.say(
        {
            "type": "welcome",
            "epoch": backlog.epoch,
            "seq": backlog.after,
            "resumed": backlog.resumed,
            "heartbeat_s": parts.heartbeat_s,
            "role": session.identity.role.value,
            "subject": session.identity.subject,
        }
    )
    session.begin(backlog)
    if session.identity.role is Role.RESPONDER:
        responder = parts.conversation.responders.one(ResponderId(session.identity.subject))
        session.say({"type": "duty", "on_duty": responder.on_duty, "mode": responder.mode.value})
    elif session.identity.is_operator:
        parts.conversation.pictures.show_full(session)


async def _listen(websocket: WebSocket, session: Session, parts: SocketParts) -> None:
    conversation = Conversation(session, parts.conversation)
    heard_at = asyncio.get_running_loop().time()
    errors = 0
    receiving = asyncio.ensure_future(_receive(websocket))
    try:
        while True:
            done, _ = await asyncio.wait({receiving}, timeout=_GAP_PATIENCE_S if session.in_order.has_gap else 5.0)
            now = asyncio.get_running_loop().time()
            if not done:
                if now - heard_at > _SILENT_HEARTBEATS * parts.heartbeat_s:
                    session.close(CloseCode.SILENT)
                    return
                await _close_gap(session, parts)
                continue
            heard_at = now
            frame = receiving.result()
            receiving = asyncio.ensure_future(_receive(websocket))
            problem = await _handled(conversation, frame)
            if problem is not None:
                session.say(problem)
                errors += 1
                if errors > _ERRORS_ALLOWED:
                    session.close(CloseCode.TOO_MANY_ERRORS)
                    return
            elif errors:
                errors -= 1
    finally:
        receiving.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await receiving


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


async def _close_gap(session: Session, parts: SocketParts) -> None:
    if not session.in_order.has_gap:
        return
    async with parts.database.statement() as connection:
        missed = await mailboxes.messages_after(connection, session.recipient, session.in_order.sent, 2**53)
    session.fill_gap(missed)


async def _receive(websocket: WebSocket) -> str | bytes:
    event = await websocket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code") or 1005)
    text: str | None = event.get("text")
    return text if text is not None else bytes(event["bytes"])


async def _refuse(websocket: WebSocket, refusal: HelloRefused) -> None:
    SOCKET_ERRORS.labels(refusal.code.name.lower()).inc()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        await websocket.send_json(_error(refusal.code.name.lower(), refusal.detail, of="hello"))
        await websocket.close(refusal.code.value, refusal.code.name.lower())
