"""The doctor says that a centre's system is told nothing any more."""

from sqlalchemy import text

from dispatch.centres.checkup import check_centres
from dispatch.finding import State
from dispatch.storage.database import Database
from tests.centres.conftest import webhook
from tests.people import ServiceInProcess
from tests.push.receiving import Listener


async def test_the_doctor_counts_webhooks_that_fail_and_that_were_given_up(
    postgis_url: str, database: Database, service: ServiceInProcess, receiver: Listener
) -> None:
    assert check_centres(postgis_url).found == "0 webhooks"
    made = [await webhook(service, receiver), await webhook(service, receiver)]
    assert check_centres(postgis_url).state is State.OK
    async with database.statement() as connection:
        await connection.execute(
            text("update centre_webhooks set failures = 3 where id = cast(:id as uuid)"), {"id": made[0]["id"]}
        )
        assert check_centres(postgis_url).found == "1 of 2 webhooks fail"
        await connection.execute(
            text("update centre_webhooks set state = 'disabled' where id = cast(:id as uuid)"), {"id": made[1]["id"]}
        )
    found = check_centres(postgis_url)
    assert (found.state, found.found) == (State.WARNING, "1 of 2 webhooks were given up")


def test_a_database_that_does_not_answer_is_no_fault_of_the_centres() -> None:
    assert check_centres("postgresql://nobody@127.0.0.1:1/none").state is State.WARNING
