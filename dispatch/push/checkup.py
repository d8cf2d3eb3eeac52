"""What `dispatch doctor` looks at before phones have to be woken: the key, who answers for it, the hook."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import httpx

from dispatch.finding import Finding, State
from dispatch.push.vapid import KEY_FILE, NoVapidKey, kept_vapid_key, vapid_key_from
from dispatch.push.webhook import BadHook, hook_address, hook_signer

# A gateway that takes longer to be reached is no good for an alert.
ANSWER_WITHIN_S = 1.0

_GROUP_AND_OTHERS = 0o077


def check_push_key(data_dir: Path, private_key: str | None) -> Finding:
    """Whether there is a key to sign Web Push with, or one will be made; makes none itself."""
    name, path = "Web Push key", (data_dir / KEY_FILE).absolute()
    try:
        if private_key is not None:
            vapid_key_from(private_key)
            return Finding(name, State.OK, "of DISPATCH_VAPID_PRIVATE_KEY")
        if kept_vapid_key(data_dir) is None:
            return Finding(name, State.OK, f"none yet: the first start makes {path}")
    except NoVapidKey as error:
        remedy = "bring the right one back: with a new key every phone has to subscribe anew"
        return Finding(name, State.MISSING, str(error), remedy)
    if path.stat().st_mode & _GROUP_AND_OTHERS:
        return Finding(name, State.WARNING, f"{path}, which not only its owner may read", f"chmod 600 {path}")
    return Finding(name, State.OK, str(path))


def check_push_contact(subject: str | None) -> Finding:
    """Whether push services are told whom to write to."""
    name = "Web Push contact"
    if subject is None:
        remedy = "set DISPATCH_VAPID_SUBJECT to mailto:… or https://…: some push services refuse who names none"
        return Finding(name, State.WARNING, "none", remedy)
    return Finding(name, State.OK, subject)


def check_push_services(*, allow_private: bool) -> Finding:
    """Whether pushes go to the internet alone."""
    name = "push services"
    if allow_private:
        remedy = "unset DISPATCH_PUSH_ALLOW_PRIVATE but for trials: who subscribes could have this network called"
        return Finding(name, State.WARNING, "those of private networks are taken too", remedy)
    return Finding(name, State.OK, "those of the internet, by https")


def check_hook(url: str | None, secret: str | None) -> Finding:
    """Whether the hook of the settings can work, and its host answers right now. Posts nothing."""
    name = "hook"
    if url is None:
        if secret is not None:
            return Finding(name, State.WARNING, "a secret, and no address", "set DISPATCH_WEBHOOK_URL too")
        return Finding(name, State.OK, "none: no SMS and no calls, Web Push alone")
    try:
        address = hook_address(url)
        hook_signer(secret)
    except BadHook as error:
        remedy = "set DISPATCH_WEBHOOK_URL and DISPATCH_WEBHOOK_SECRET right; the service does not start as it is"
        return Finding(name, State.MISSING, str(error), remedy)
    # No more of the address: its path may be a secret of the gateway's.
    where = f"{address.host}:{_port_of(address)}"
    problem = _within(ANSWER_WITHIN_S, lambda: _reach(address))
    if problem is None:
        return Finding(name, State.OK, f"{where} answers")
    remedy = "check DISPATCH_WEBHOOK_URL and that it runs; nobody is called by it until then"
    return Finding(name, State.WARNING, f"{where}: {problem}", remedy)


def _port_of(address: httpx.URL) -> int:
    return address.port or (443 if address.scheme == "https" else 80)


def _reach(address: httpx.URL) -> str | None:
    """Connect as the service does, with TLS where that is asked for; what is in the way, if anything."""
    try:
        with socket.create_connection((address.host, _port_of(address)), ANSWER_WITHIN_S) as connection:
            if address.scheme == "https":
                httpx.create_ssl_context().wrap_socket(connection, server_hostname=address.host).close()
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not believed: {error.verify_message}"
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return None


def _within(seconds: float, look: Callable[[], str | None]) -> str | None:
    """What `look` finds within that time. A name server that hangs would hold us up for much longer."""
    found: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=lambda: found.put(look()), daemon=True).start()
    try:
        return found.get(timeout=seconds)
    except Empty:
        return f"no answer within {seconds:.0f} s"
