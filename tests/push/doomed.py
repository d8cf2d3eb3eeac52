"""A desk in a process of its own, to be killed: `python -m tests.push.doomed DATABASE_URL DATA_DIR`."""

import asyncio
import sys
from pathlib import Path

from dispatch.push.service import Push, PushSettings
from dispatch.storage.database import Database
from tests.people import MovableClock


async def work(database_url: str, data_dir: str) -> None:
    settings = PushSettings(data_dir=Path(data_dir), secret="s" * 40, allow_private=True)
    database = Database(database_url)
    push = Push(settings, database, MovableClock(), phone_of=lambda _: None, name_of=str)
    await push.load()
    await asyncio.gather(*(each() for each in push.works))


asyncio.run(work(*sys.argv[1:]))
