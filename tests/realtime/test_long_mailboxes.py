"""A mailbox with more in it than is read at once comes whole, in order, and a resume into it works."""

import pytest
from sqlalchemy import text

from dispatch.realtime import mailboxes
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.storage.database import Database


async def _say(database: Database, recipient: str, count: int) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text("update mailboxes set last_seq = :count where recipient = :recipient"),
            {"recipient": recipient, "count": count},
        )
        await connection.execute(
            text(
                "insert into messages (recipient, seq, body, created_at)"
                " select :recipient, seq, '{\"type\":\"n' || seq || '\"}', now() from generate_series(1, :count) as seq"
            ),
            {"recipient": recipient, "count": count},
        )


@pytest.mark.parametrize("recipient", ["responder:r1", OPERATORS])
@pytest.mark.parametrize("count", [2, 3, 4, 6, 8])
async def test_what_is_kept_comes_in_pages_and_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch, recipient: str, count: int
) -> None:
    monkeypatch.setattr(mailboxes, "_READ_AT_ONCE", 3)
    made = await mailboxes.open_mailbox(database, recipient)
    await _say(database, recipient, count)
    for after in range(count + 1):
        found = await mailboxes.open_mailbox(database, recipient, epoch=made.epoch, seq=after)
        assert (found.resumed, found.after, found.last_seq) == (True, after, count)
        assert found.messages == tuple((seq, f'{{"type":"n{seq}"}}') for seq in range(after + 1, count + 1))


async def test_without_a_resume_a_phone_is_given_all_that_is_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "_READ_AT_ONCE", 3)
    await mailboxes.open_mailbox(database, "responder:r1")
    await _say(database, "responder:r1", 7)
    async with database.transaction() as connection:
        await connection.execute(text("delete from messages where seq <= 2"))
    found = await mailboxes.open_mailbox(database, "responder:r1", epoch="another", seq=5)
    assert (found.resumed, found.after) == (False, 2)
    assert [seq for seq, _ in found.messages] == [3, 4, 5, 6, 7]


def test_of_what_was_acknowledged_between_two_pages_nothing_is_told() -> None:
    whole = ((3, "c"), (4, "d"))
    assert mailboxes._without_holes(((1, "a"), *whole)) == whole
    assert mailboxes._without_holes(whole) == whole
    assert mailboxes._without_holes(()) == ()
