"""Running PostgreSQL's programs, which refuse to be root, when the service itself was started by root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatch.storage.cluster_errors import NoSuitableAccount

# In this order: the user that PostgreSQL's package makes, then system users that every Debian has.
_CANDIDATES = ("postgres", "daemon", "nobody")

# Lets the server through folders that are closed to its user (a home, a test's 0700 folder). PostgreSQL
# refuses user id 0 only; with these two it is still not root: it may read and write files, nothing else.
_CAPABILITIES = "+dac_override,+dac_read_search"

_PROBE_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the private database runs as when the service runs as root."""

    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """Who must run the cluster in `data`: None for whoever we are, an account when we are root.

    A folder that is there already keeps its owner, so that a service first run by an ordinary user and
    then by root does not lock the former out.

    Raises `NoSuitableAccount`.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise NoSuitableAccount(
                f"{data} belongs to {_name(owner)}: run as that user or root, or choose another data folder"
            )
        return None
    if owner:
        entry = pwd.getpwuid(owner) if _known(owner) else None
        return Account(_name(owner), owner, entry.pw_gid if entry else data.stat().st_gid)
    for name in _CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise NoSuitableAccount("PostgreSQL will not run as root, and there is no user 'postgres' to run it as")


def command_as(account: Account | None, command: Sequence[str | Path], *, must_reach: Path) -> list[str]:
    """`command` so that it runs as `account` and can enter `must_reach`, which is its own folder.

    Raises `NoSuitableAccount` when parents of that folder are closed to the account and nothing helps.
    """
    plain = [str(part) for part in command]
    if account is None:
        return plain
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NoSuitableAccount("running the database for root needs setpriv: apt-get install util-linux")
    become = [setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    with_capabilities = [*become, f"--inh-caps={_CAPABILITIES}", f"--ambient-caps={_CAPABILITIES}"]
    for prefix in (become, with_capabilities):
        if _can_enter(prefix, must_reach):
            return [*prefix, "--", *plain]
    raise NoSuitableAccount(
        f"user {account.name}, who runs the database for root, cannot reach {must_reach}: "
        f"open its parent folders (chmod o+x), or choose a data folder elsewhere, such as /var/lib/dispatch"
    )


def _can_enter(prefix: list[str], folder: Path) -> bool:
    # The attempt itself is the only test that also knows ACLs, mounts and a container's missing capabilities.
    tried = subprocess.run(  # noqa: S603 - our own words
        [*prefix, "--", "env", f"--chdir={folder}", "true"],
        cwd="/",
        capture_output=True,
        timeout=_PROBE_TIMEOUT_S,
        check=False,
    )
    return tried.returncode == 0


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _known(uid) else f"user {uid}"
