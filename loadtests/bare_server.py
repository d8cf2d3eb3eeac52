"""What FastAPI and uvicorn can do at best: the same messages to the same sockets, nothing decided or kept.

The yardstick of `bench_sos`. `PUT /messages` leaves it the texts to send, `POST /sos` sends them.
"""

import argparse
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

_sockets: dict[str, WebSocket] = {}
_messages: list[tuple[str, str]] = []


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """Answer as soon as the server listens."""
    return {"status": "ready"}


@app.put("/messages")
async def put_messages(messages: Annotated[list[tuple[str, str]], Body()]) -> dict[str, int]:
    """Take the texts that the next SOS sends: pairs of subject and text."""
    _messages[:] = messages
    return {"messages": len(_messages)}


@app.post("/sos", status_code=201)
async def sos(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Send every text to its socket, then answer."""
    for subject, text in _messages:
        await _sockets[subject].send_text(text)
    return {"request_id": body["request_id"], "alerted": len(_messages)}


@app.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    """Keep a socket under the subject of its first message, and read whatever else it says."""
    await socket.accept()
    hello = await socket.receive_json()
    subject = str(hello["subject"])
    _sockets[subject] = socket
    # As the contract's welcome, so that the same phones can come back to it.
    await socket.send_json(
        {"type": "welcome", "subject": subject, "epoch": "bare", "seq": 0, "resumed": "resume" in hello}
    )
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        _sockets.pop(subject, None)


def main() -> None:
    """Serve on loopback with the settings that `dispatch serve` gives uvicorn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=30.0,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
