"""Taking and forgetting a device's push subscription."""

from dispatch.clock import Clock
from dispatch.problems import Conflict, InvalidField, NotFound
from dispatch.push import repository
from dispatch.push.addresses import BadEndpoint, endpoint_of
from dispatch.push.channels import Channels
from dispatch.push.schemas import SubscriptionIn
from dispatch.push.vocabulary import custodian_of
from dispatch.storage.database import Database

# Phones, tablets and browsers of one person. Each alert goes to all of them.
_MOST_DEVICES = 5


class Subscriptions:
    """A responder's or custodian's devices.

    With `allow_private`, push services of this machine and of private networks are taken.
    """

    def __init__(self, database: Database, channels: Channels, clock: Clock, *, allow_private: bool) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._allow_private = allow_private

    async def put(self, responder_id: str, given: SubscriptionIn) -> None:
        """Keep a device's subscription; the same again changes nothing.

        Raises `InvalidField`, `NotFound`, and `Conflict` for a custodian's device that wakes a first-aider.
        """
        try:
            endpoint = endpoint_of(given.endpoint, allow_private=self._allow_private)
        except BadEndpoint as error:
            raise InvalidField("endpoint", f"{error}") from error
        async with self._database.transaction() as connection:
            if not await repository.is_known(connection, responder_id):
                raise NotFound(f"This token's {_role_of(responder_id)} is not known here.")
            try:
                await repository.put_subscription(
                    connection,
                    responder_id=responder_id,
                    endpoint=endpoint,
                    p256dh=given.keys.p256dh,
                    auth=given.keys.auth,
                    now=self._clock.now(),
                )
            except repository.WakesSomebody as error:
                raise Conflict(f"{error.__doc__}", code="device_taken") from error
            await repository.forget_oldest(connection, responder_id, keep=_MOST_DEVICES)
        await self._channels.refresh(responder_id)

    async def forget(self, responder_id: str, endpoint: str) -> None:
        """Forget one of a responder's own devices; nothing happens when there is none."""
        try:
            plain = endpoint_of(endpoint, allow_private=True).url
        except BadEndpoint:
            return
        async with self._database.transaction() as connection:
            await repository.forget_subscription(connection, responder_id=responder_id, endpoint=plain)
        await self._channels.refresh(responder_id)


def _role_of(recipient: str) -> str:
    return "responder" if custodian_of(recipient) is None else "custodian"
