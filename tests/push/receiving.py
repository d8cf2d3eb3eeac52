"""The other side: a device that decrypts, a push service that checks who sends, a gateway that checks signatures.

Written from RFC 8188, 8291 and 8292 and the Standard Webhooks scheme with the primitives alone, so that a mistake of
the sending side cannot hide in code that both share.
"""

import base64
import hashlib
import hmac
import json
import os
import queue
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from dispatch.clock import Clock


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


class Device:
    """A browser's side of a subscription: its key pair and its authentication secret."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None, auth: bytes | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth or os.urandom(16)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": b64(self.point), "auth": b64(self.auth)}

    def decrypt(self, body: bytes) -> bytes:
        """RFC 8188, 2.1 and RFC 8291, 3.4, step by step, HKDF by hand."""
        salt, (record_size, id_length) = body[:16], struct.unpack("!IB", body[16:21])
        sender_point, record = body[21 : 21 + id_length], body[21 + id_length :]
        assert len(body) <= 4096
        assert 17 <= len(record) <= record_size, "one record"
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender_point)
        shared = self.key.exchange(ec.ECDH(), sender)
        key_info = b"WebPush: info\x00" + self.point + sender_point
        material = _hmac(_hmac(self.auth, shared), key_info + b"\x01")
        extracted = _hmac(salt, material)
        key = _hmac(extracted, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(extracted, b"Content-Encoding: nonce\x00\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
        assert padded[-1:] == b"\x02", "the delimiter of the last record"
        return padded[:-1]


def vapid_claims(authorization: str, public_key: str) -> dict[str, Any]:
    """The claims of an RFC 8292 header whose signature holds."""
    scheme, _, parameters = authorization.partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in parameters.split(","))
    assert given["k"] == public_key
    header, claims, signature = given["t"].split(".")
    assert json.loads(unb64(header))["alg"] == "ES256"
    raw = unb64(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(public_key))
    key.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    read: dict[str, Any] = json.loads(unb64(claims))
    return read


@dataclass
class Answer:
    """How the server answers one request; `hang_s` before anything, `endless` a body without end, `hang_up` after."""

    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang_s: float = 0.0
    endless: bool = False
    hang_up: bool = False


@dataclass
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float
    client_port: int


class Listener:
    """A real HTTP server on loopback, in threads of its own. It answers as told, else as `default` says."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[Heard] = []
        self.answers: deque[Answer] = deque()
        self.default = Answer()
        self.answer_for: Callable[[Heard], Answer | None] = lambda _heard: None
        self.released = threading.Event()
        self._new: queue.Queue[Heard] = queue.Queue()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                listener._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.origin = f"{scheme}://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            # Whoever sent it was killed in the middle.
            handler.close_connection = True
            return
        headers = {name.lower(): value for name, value in handler.headers.items()}
        heard = Heard(handler.path, headers, body, time.monotonic(), handler.client_address[1])
        self.heard.append(heard)
        own = self.answer_for(heard)
        answer = own or (self.answers.popleft() if self.answers else self.default)
        self._new.put(heard)
        if answer.hang_s:
            self.released.wait(answer.hang_s)
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.endless:
            handler.end_headers()
            while not self.released.is_set():
                handler.wfile.write(b"x" * 65536)
            return
        handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)
        if answer.hang_up:
            handler.close_connection = True

    def next(self, within_s: float = 10) -> Heard:
        """The next request that nobody has looked at yet (blocks: call it in a thread)."""
        return self._new.get(timeout=within_s)

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    listener = Listener(tls)
    try:
        yield listener
    finally:
        listener.stop()


def own_certificate(path: Path) -> Path:
    """A key and a certificate for localhost that nobody has signed but itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def checked_hook(heard: Heard, secret: str, wall: Clock, *, within_s: float = 0) -> dict[str, Any]:
    """The body of a hook's call whose signature holds, by the Standard Webhooks scheme, and was made at `wall`'s time.

    Receivers go by true time; `within_s` is for a clock that goes on by itself.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message_id, timestamp = heard.headers["webhook-id"], heard.headers["webhook-timestamp"]
    signed = b".".join((message_id.encode(), timestamp.encode(), heard.body))
    expected = base64.b64encode(_hmac(key, signed)).decode()
    assert heard.headers["webhook-signature"].split(" ") == [f"v1,{expected}"]
    assert abs(int(timestamp) - int(wall.now().timestamp())) <= within_s
    read: dict[str, Any] = json.loads(heard.body)
    return read
