"""A counter that does not answer keeps nobody waiting twice, and a Redis that wants a login gets it."""

import subprocess
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from dispatch.access.limits import RateLimit
from dispatch.access.shared_counters import SharedCounters
from dispatch.storage.redis_address import read_redis_url
from tests.redis_server import RedisServer, free_port


async def test_a_redis_that_hangs_is_left_alone_for_a_while(redis_server: RedisServer) -> None:
    counters = SharedCounters(redis_server.url)
    limit = RateLimit("sos", 5, counters.redis)
    assert await limit.take("10.0.0.1") == 0
    with redis_server.frozen():
        began_s = time.monotonic()
        assert await limit.take("10.0.0.1") == 0
        assert time.monotonic() - began_s < 0.5
        began_s = time.monotonic()
        waits = [await limit.take("10.0.0.1") for _ in range(50)]
        assert time.monotonic() - began_s < 0.1, "the others wait for nothing"
        # Counted here meanwhile: one was taken above.
        assert waits[:4] == [0.0] * 4
        assert all(each > 0 for each in waits[4:])
    await counters.close()


async def test_a_login_before_the_host_is_used(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    with server.client() as client_of_all:
        client_of_all.acl_setuser(
            "dispatch", enabled=True, passwords=["+p@ss:word"], keys=["dispatch:*"], categories=["+@all"]
        )
        client_of_all.acl_setuser("default", enabled=False)
    try:
        login = "dispatch:p%40ss%3Aword"
        client = read_redis_url(f"redis://{login}@127.0.0.1:{server.port}/0").client()
        assert await client.ping()
        await client.aclose()
    finally:
        server.stops()


def _certified(folder: Path) -> tuple[Path, Path]:
    """A key, and a certificate by itself that it is localhost's."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    request += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(request, check=True, capture_output=True)
    return key, certificate


async def test_over_tls_it_is_spoken_to_by_the_name_in_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = _certified(tmp_path)
    tls = RedisServer(tmp_path)
    with tls.client() as plain:
        plain.config_set("tls-cert-file", str(certificate))
        plain.config_set("tls-key-file", str(key))
        plain.config_set("tls-ca-cert-file", str(certificate))
        plain.config_set("tls-auth-clients", "no")
        port = free_port()
        plain.config_set("tls-port", str(port))
    try:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = read_redis_url(f"rediss://localhost:{port}/0").client()
        assert isinstance(client, Redis)
        assert await client.ping()
        await client.aclose()
    finally:
        tls.stops()
