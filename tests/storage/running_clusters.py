"""What the tests of the private PostGIS share: clusters run by another process, and what is asked of them."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from dispatch.storage.postmaster import running_postmaster

REPOSITORY = Path(__file__).parents[2]

# Runs a cluster as another process would, says its URL, and holds it until it is told or killed.
_OWNER = """
import sys
from pathlib import Path
from dispatch.storage.cluster import PrivateCluster
print(PrivateCluster(Path(sys.argv[1])).start(), flush=True)
sys.stdin.readline()
"""


def begin_in_another_process(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(data_dir)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def own_in_another_process(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    owner = begin_in_another_process(data_dir)
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def say(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def ask(url: str, question: str) -> object:
    engine = create_engine(url)
    with engine.connect() as connection:
        answer: object = connection.execute(text(question)).scalar_one()
    engine.dispose()
    return answer


def remember(url: str) -> None:
    say(url, "CREATE TABLE remembered AS SELECT 42 AS answer")


def remembers(url: str) -> bool:
    return ask(url, "SELECT answer FROM remembered") == 42


def socket_folder_of(url: str) -> Path:
    host = make_url(url).query["host"]
    assert isinstance(host, str)
    return Path(host)


def postmaster_of(data_dir: Path) -> int:
    found = running_postmaster(data_dir / "postgres")
    assert found is not None
    return found.pid
