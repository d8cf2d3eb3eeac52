"""A record that this version cannot read is kept for one that can."""

from pathlib import Path

import pytest

from dispatch.engine import decision_codec
from tests.people import MovableClock, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase


async def test_a_journal_with_a_record_that_cannot_be_read_is_kept(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for_tests(tmp_path)
    with monkeypatch.context() as later_version:
        later_version.setattr(decision_codec, "_LAYOUT", 99)
        async with run_in_process(settings, stoppable.url, clock) as service:
            await stoppable.stops()
            opened = await service.sos()
    await stoppable.comes_back()
    # Back to the version before: a rolling restart that was called off.
    async with run_in_process(settings, stoppable.url, clock):
        pass
    kept = [each for each in (tmp_path / "journal").iterdir() if each.stat().st_size > 0]
    assert kept, f"the SOS {opened['incident_id']} was answered, and is nowhere any more"
