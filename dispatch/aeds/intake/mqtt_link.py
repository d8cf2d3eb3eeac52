"""The connection to an MQTT 5 broker: messages in, acknowledgements out, and its coming back by itself.

The library has a thread of its own for the network; everything here but the callbacks runs on the event loop. A message
is acknowledged only when the loop says so, and the session outlives us: what was not acknowledged comes again.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

try:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode
    from paho.mqtt.subscribeoptions import SubscribeOptions
except ImportError as _error:  # pragma: no cover - an extra that is not installed
    raise ImportError("MQTT takes the library paho-mqtt: install the extra `mqtt`") from _error

from dispatch.aeds.intake.mqtt_messages import MOST_UNDER_WAY, TOKEN
from dispatch.aeds.intake.schemas import MOST_BATCH_BYTES
from dispatch.aeds.settling.metrics import MQTT_CONNECTED

log = structlog.get_logger()

# The one part of the library that has no types.
_made: Any = Properties

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S = 30
# What a broker keeps for us while we are away: a week of nobody noticing is the most that can be meant.
_SESSION_S = 7 * 24 * 3600
# Answers that the broker has not taken yet; more are for nobody.
_MOST_ANSWERS = 1000

_COME_BACK_S = (1, 30)
# Another service has taken over this session, as the next version does: it is to have it, unless it ends.
_TAKEN_OVER = 142
_AFTER_TAKEOVER_S = 60


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came: `connection` counts the connections, for an acknowledgement is good on its own alone."""

    connection: int
    mid: int
    qos: int
    topic: str
    payload: bytes
    token: str | None
    answer_to: str | None
    correlation: bytes | None


class MqttLink:
    """One client of one broker. `on_message` is called on the event loop that started it."""

    def __init__(
        self, url: str, client_id: str, topics: tuple[str, ...], on_message: Callable[[Arrived], object]
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._topics = topics
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self.connection = 0
        self.is_subscribed = False
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5, manual_ack=True)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(*_COME_BACK_S)
        client.max_queued_messages_set(_MOST_ANSWERS)
        client.on_connect = self._connected
        client.on_connect_fail = self._not_connected
        client.on_disconnect = self._disconnected
        client.on_message = self._heard
        client.on_subscribe = self._subscribed
        self._client = client

    def start(self) -> None:
        """Connect, and connect again whenever the connection is lost, until `stop`."""
        wanted = _made(PacketTypes.CONNECT)
        wanted.SessionExpiryInterval = _SESSION_S
        wanted.ReceiveMaximum = MOST_UNDER_WAY
        wanted.MaximumPacketSize = MOST_BATCH_BYTES + 64 * 1024
        self._client.connect_async(self._host, self._port, keepalive=_KEEPALIVE_S, clean_start=False, properties=wanted)
        self._client.loop_start()

    async def stop(self) -> None:
        """Leave; the broker keeps the session and what comes meanwhile."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        MQTT_CONNECTED.set(0)

    def acknowledge(self, message: Arrived) -> None:
        """Tell the broker that a message need not come again, if the connection is still the one that it came by.

        On the next one its number may stand for another message.
        """
        if message.connection == self.connection and message.qos > 0:
            self._client.ack(message.mid, message.qos)

    def answer(self, message: Arrived, body: bytes) -> None:
        """Send what became of a message where it asked for it."""
        if message.answer_to is None:
            return
        properties = _made(PacketTypes.PUBLISH)
        if message.correlation is not None:
            properties.CorrelationData = message.correlation
        self._client.publish(message.answer_to, body, qos=1, properties=properties)

    # From here on: called by the library's thread.

    def _connected(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("the MQTT broker refuses us", reason=str(reason))
            return
        client.reconnect_delay_set(*_COME_BACK_S)
        self.connection += 1
        log.info("connected to the MQTT broker", host=self._host, resumed=flags.session_present)
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])

    def _not_connected(self, _client: Client, _data: Any) -> None:
        log.warning("the MQTT broker cannot be reached", host=self._host, port=self._port)

    def _disconnected(
        self, client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        MQTT_CONNECTED.set(0)
        self.is_subscribed = False
        # Whatever is still to be acknowledged comes again.
        self.connection += 1
        if reason.value == _TAKEN_OVER:
            client.reconnect_delay_set(_AFTER_TAKEOVER_S, _AFTER_TAKEOVER_S)
        log.warning("the MQTT broker is gone", reason=str(reason))

    def _subscribed(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(each) for each in reasons if each.is_failure]
        if refused:
            log.error("the MQTT broker lets us hear nothing", topics=self._topics, reasons=refused)
        self.is_subscribed = not refused
        MQTT_CONNECTED.set(0 if refused else 1)

    def _heard(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        properties = message.properties
        arrived = Arrived(
            self.connection,
            message.mid,
            message.qos,
            message.topic,
            bytes(message.payload),
            dict(getattr(properties, "UserProperty", ())).get(TOKEN),
            getattr(properties, "ResponseTopic", None),
            getattr(properties, "CorrelationData", None),
        )
        self._loop.call_soon_threadsafe(self._on_message, arrived)
