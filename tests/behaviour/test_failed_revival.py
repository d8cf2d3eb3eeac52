"""The private database died, and could not be started at once: it is tried again, not given up."""

import os
import signal
from pathlib import Path

import pytest

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.cluster_errors import ClusterFailed
from dispatch.storage.postmaster import running_postmaster
from tests.people import until


async def test_a_database_that_fails_to_start_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = PrivateCluster(tmp_path / "database")
    cluster.start()
    try:
        postmaster = running_postmaster(cluster._data)
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)

        async def has_died() -> bool:
            return cluster.has_died()

        await until(has_died)
        with monkeypatch.context() as full_disk:

            def fails(*_with: object) -> None:
                raise ClusterFailed("No space left on device")

            full_disk.setattr(cluster, "_launch", fails)
            with pytest.raises(ClusterFailed):
                cluster.start()
        assert cluster.has_died()
        cluster.start()
        assert not cluster.has_died()
    finally:
        cluster.stop()
