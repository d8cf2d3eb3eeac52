"""A push endpoint is named by a client: it leads nowhere into our network, and cannot hold the desk up."""

import socket
import ssl
import threading
from ipaddress import ip_address

import pytest

from dispatch.push.addresses import BadEndpoint, Blocked, endpoint_of, is_public
from dispatch.push.courier import Courier, NoAnswer
from tests.people import until
from tests.push.conftest import OpenDesk, Waking, heard_by, states_are
from tests.push.receiving import Answer, Device, Listener, listening

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example/x",
        "http://127.0.0.1/x",
        "ftp://push.example/x",
        "file:///etc/passwd",
        "//push.example/x",
        "https://",
        "https:///x",
        "https://user:word@push.example/x",
        "https://push.example/x#part",
        "https://push.example:99999/x",
        "https://push.example:0x50/x",
        "https://localhost/x",
        "https://localhost./x",
        "https://a.localhost/x",
        "https://[::1]/x",
        "https://[fe80::1]/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://push.example/" + "x" * 2048,
        "javascript:alert(1)",
    ],
)
def test_an_endpoint_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(BadEndpoint):
        endpoint_of(url, allow_private=False)


def test_an_endpoint_belongs_to_its_origin_with_the_port() -> None:
    assert endpoint_of("https://Push.Example/a?b=c", allow_private=False).service == "https://push.example"
    assert endpoint_of("https://push.example:443/a", allow_private=False).service == "https://push.example"
    assert endpoint_of("https://push.example:8443/a", allow_private=False).service == "https://push.example:8443"
    assert endpoint_of("https://[2001:4860::1]:8443/a", allow_private=False).service == "https://[2001:4860::1]:8443"


@pytest.mark.parametrize("url", ["http://10.0.0.1/x", "http://push.example/x", "http://localhost.example/x"])
def test_plain_http_stays_on_this_machine_even_where_private_networks_are_allowed(url: str) -> None:
    with pytest.raises(BadEndpoint):
        endpoint_of(url, allow_private=True)
    assert endpoint_of("http://127.0.0.1:1234/x", allow_private=True).service == "http://127.0.0.1:1234"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
async def test_however_this_machine_is_written_nothing_connects_to_it(host: str) -> None:
    with listening() as listener:
        port = listener.origin.rsplit(":", 1)[1]
        async with Courier(allow_private=False, tls=ssl.create_default_context()) as courier:
            with pytest.raises((Blocked, NoAnswer)):
                await courier.post(f"http://{host}:{port}/", {}, b"hello")
        assert listener.heard == []


async def test_a_name_that_leads_into_a_private_network_is_not_followed(
    open_desk: OpenDesk, push_service: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An honest name when it was given, and another address by the time it is called.
    port = int(push_service.origin.rsplit(":", 1)[1])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr("dispatch.push.addresses.socket.getaddrinfo", lambda *_args, **_more: found)
    async with open_desk(allow_private=False) as waking:
        await waking.add_responder("r1")
        await waking.subscribe("r1", f"https://push.example:{port}", Device())
        await waking.wake([waking.alert("r1")])
        await until(lambda: states_are(waking, ["dead"]))
        (job,) = await waking.jobs()
        assert job.last_error == "push.example leads into a private network"
    assert push_service.heard == []


async def test_a_redirect_is_not_followed(waking: Waking, push_service: Listener) -> None:
    with listening() as inside:
        push_service.default = Answer(307, {"Location": f"{inside.origin}/secret"})
        await waking.subscribe("r1", push_service.origin, Device())
        await waking.wake([waking.alert("r1")])
        await until(lambda: states_are(waking, ["dead"]))
        (job,) = await waking.jobs()
        assert job.last_error == "307"
        assert inside.heard == []


@pytest.mark.parametrize("status", [201, 400])
async def test_an_answer_without_end_is_cut_off(waking: Waking, push_service: Listener, status: int) -> None:
    push_service.default = Answer(status, endless=True)
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent" if status == 201 else "dead"]), within_s=5)
    (job,) = await waking.jobs()
    assert len(job.last_error or "") <= 250


async def test_a_service_that_hangs_is_given_up_in_time_and_tried_again(
    waking: Waking, push_service: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.push.courier._ALL_WITHIN_S", 0.3)
    push_service.answers.append(Answer(201, hang_s=30))
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: _has_error(waking))
    await waking.pass_time(seconds=2)
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent"]))


async def _has_error(waking: Waking) -> bool:
    return [(job.state, (job.last_error or "")[:9]) for job in await waking.jobs()] == [("queued", "no answer")]


@pytest.mark.parametrize("said", [b"", b"\x00" * 1000, b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 " + b"9" * 70000])
async def test_what_is_no_http_is_no_answer(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        async with Courier(allow_private=True, tls=ssl.create_default_context()) as courier:
            with pytest.raises(NoAnswer):
                await courier.post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"hello")
        thread.join(5)
