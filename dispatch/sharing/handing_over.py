"""Receipts of one wave are noted by one worker: the one that decides in the incident.

Twenty phones of one wave are connected to all workers, and acknowledge within some milliseconds. Each worker noting its
own, they would run into each other in PostgreSQL, and whoever lost would read the incident anew and decide again.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.sharing.envelope import Receipt

# What the other has not noted by then, as far as is heard, is noted here: saying it twice is harmless. Later than one
# that has much to do needs, and well before a phone is taken to be silent.
_NOTED_WITHIN_S: Final = 3.0


class HandingOver:
    """Tells another worker of receipts, and sees to it that they are noted, there or here."""

    def __init__(self, acknowledgements: Acknowledgements, tell: Callable[[Receipt], None]) -> None:
        self._acknowledgements = acknowledgements
        self._tell = tell
        self._numbers = count(1)
        self._handed: dict[int, tuple[asyncio.TimerHandle, Receipt]] = {}

    def to(self, worker: str, incident_id: IncidentId, alert_ids: Sequence[AlertId]) -> None:
        """Have that worker note that devices have these alerts."""
        receipt, number = Receipt(worker, incident_id, tuple(alert_ids)), next(self._numbers)
        self._tell(receipt)
        timer = asyncio.get_running_loop().call_later(_NOTED_WITHIN_S, self._look_again, number)
        self._handed[number] = timer, receipt

    def take_back(self) -> None:
        """Have what is not known to be noted by now noted here: this worker ends, and will not look again."""
        for number, (timer, _) in list(self._handed.items()):
            timer.cancel()
            self._look_again(number)

    def _look_again(self, number: int) -> None:
        _, receipt = self._handed.pop(number)
        self._acknowledgements.receive(receipt.incident_id, receipt.alert_ids)
