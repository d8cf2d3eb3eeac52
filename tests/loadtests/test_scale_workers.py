"""Two workers over one PostgreSQL and one Redis: whoever is called, those are alerted who stand near."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import uvloop

from loadtests.bench_storm import TIRELESS
from loadtests.big_crowd import city_places, with_tokens
from loadtests.crowd import Provisioner
from loadtests.processes import RunningService
from loadtests.scale_across import across_ratio
from loadtests.scale_workers import own_stores, running_workers
from loadtests.service_database import put_on_duty


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that another user may pass through: sockets and the database's files lie in it."""
    with tempfile.TemporaryDirectory(prefix="scale-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.timeout(240)
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server")
def test_an_sos_at_either_worker_alerts_the_people_of_both(folder: Path) -> None:
    policy_file = folder / "policy.json"
    policy_file.write_text(json.dumps(TIRELESS))
    with own_stores(folder) as stores:
        with (
            running_workers(stores, 1, folder / "first", policy_file=policy_file),
            psycopg.connect(stores.database_url, autocommit=True) as connection,
        ):
            people = put_on_duty(connection, "city", city_places(60, seed=1))
        with running_workers(stores, 2, folder / "of-2", policy_file=policy_file) as workers:
            service = RunningService(workers.urls[0], workers.admin_token, workers.pids[0])
            provisioner = Provisioner(service.url, service.admin_token)
            operator_token = provisioner.token("operator", "scale")
            provisioner.close()
            members = with_tokens(service, people)
            across = uvloop.run(across_ratio(workers, members, operator_token, rounds=10, folder=folder))
            groups = workers.groups()
    assert across["missing"] == 0
    assert across["alerts"] > 0
    assert across["ratio"] > 0
    assert {"worker 1", "worker 2", "PostgreSQL", "Redis", "clients"} == set(groups)
    assert not set(groups["clients"]) & {*workers.pids, stores.redis_pid}
