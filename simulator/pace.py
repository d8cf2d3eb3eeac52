"""The city's time: people may live faster than the wall clock, the service does not."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """City seconds per second of the wall clock."""

    speed: float = 1.0

    async def sleep(self, city_s: float) -> None:
        """Wait for that many seconds of the city."""
        await asyncio.sleep(city_s / self.speed)

    def city_s(self, wall_s: float) -> float:
        """Answer how long `wall_s` seconds are for the city's people."""
        return wall_s * self.speed
