"""Workers that share one listening socket: whoever is asked what the service has counted answers for all of them."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

# A worker that is just being started again is not waited for.
_WITHIN_S = 1.0

OWN_METRICS = "/metrics/own"


@dataclass(frozen=True, slots=True)
class Siblings:
    """All of them, by the doors that only they know; `own` is which of them this one is."""

    doors: tuple[Path, ...]
    own: int

    def door(self) -> socket.socket:
        """A socket that listens at this worker's own door."""
        path = self.doors[self.own]
        # Of the worker that was here before.
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        return listening

    async def metrics(self) -> bytes:
        """What all of them have counted and timed, each told by the label `worker`; Prometheus text."""
        told = await asyncio.gather(*map(self._metrics_of, self.doors))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_AsTold(told))
        return generate_latest(registry)

    @staticmethod
    async def _metrics_of(door: Path) -> str:
        try:
            transport = httpx.AsyncHTTPTransport(uds=str(door))
            async with httpx.AsyncClient(transport=transport, base_url="http://worker", timeout=_WITHIN_S) as client:
                return (await client.get(OWN_METRICS)).raise_for_status().text
        except (httpx.HTTPError, OSError):
            return ""


class _AsTold(Collector):
    """The metrics of several workers as one."""

    def __init__(self, told: Sequence[str]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """Every metric once, with the samples of every worker."""
        merged: dict[str, Metric] = {}
        for worker, text in enumerate(self._told):
            for family in text_string_to_metric_families(text):
                metric = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    metric.samples.append(sample._replace(labels=sample.labels | {"worker": str(worker)}))
        yield from merged.values()


@contextlib.contextmanager
def doors_for(workers: int) -> Iterator[tuple[Path, ...]]:
    """Where so many workers find each other, in a folder that only this user reads, for this block."""
    folder = Path(tempfile.mkdtemp(prefix="dispatch-"))
    try:
        yield tuple(folder / f"{number}.sock" for number in range(workers))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
