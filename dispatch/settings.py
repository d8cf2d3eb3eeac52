"""Every setting of the service, its default and what it is for. Each is a `DISPATCH_…` environment variable."""

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dispatch.storage.database import driver_url
from dispatch.storage.redis_address import read_redis_url

_SHORTEST_SECRET = 32

# Variables of single commands' own options, which are no settings of the service.
_COMMANDS_OWN = re.compile(r"DISPATCH_(TOKEN|IMPORT|DOCTOR)_[A-Z_]+|DISPATCH_ADMIN_TOKEN")


class Settings(BaseSettings):
    """Read from the environment; options of the command line come before it."""

    model_config = SettingsConfigDict(env_prefix="DISPATCH_", env_ignore_empty=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every network of the machine.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 lets the system choose.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Worker processes. Several need DISPATCH_REDIS_URL.",
    )
    database_url: str | None = Field(
        None,
        description="PostgreSQL with PostGIS, as postgresql://user:password@host/name. "
        "Without it the service starts a private one in its data folder.",
    )
    database_direct_url: str | None = Field(
        None,
        description="The PostgreSQL server itself, where DISPATCH_DATABASE_URL leads to a pooler such as PgBouncer in "
        "transaction mode.",
    )
    database_replica_url: str | None = Field(
        None,
        description="A standby of the database, for pages that may be some seconds old. Not a pooler's address.",
    )
    database_replica_lag_s: float = Field(
        5.0, gt=0, description="How far behind a standby may be to be read from; the server itself is asked otherwise."
    )
    redis_url: str | None = Field(
        None,
        description=(
            "Redis, as redis://host:6379/0, redis+sentinel://host:26379,…/service or redis+cluster://host:6379,…"
            " With it any number of workers over one database are one service."
        ),
    )
    data_dir: Path = Field(
        Path(".data"),
        description="Folder of the private database, the token secret, the key of Web Push, the journal and logs.",
    )
    keep_positions_days: int = Field(
        30, ge=0, description="For how many days it is kept where people were while they were alerted; 0: not at all."
    )
    keep_reports_days: int = Field(
        400, ge=0, description="For how many days the reports about AEDs are kept; 0: as long as there is room."
    )
    keep_aed_events_days: int = Field(
        1830, ge=0, description="For how many days it is kept what happened to AEDs; 0: as long as there is room."
    )
    keep_incidents_days: int = Field(
        0, ge=0, description="After how many days incidents are put into archive tables; 0: they stay where they are."
    )
    keep_messages_days: int = Field(
        30, ge=0, description="For how many days a message waits for somebody to fetch it; 0: for ever."
    )
    secret: SecretStr | None = Field(
        None,
        description="Key that signs tokens, 32 characters or more. Without it one is made in the data folder.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line written."
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="How log lines look; without it: console on a terminal, json elsewhere."
    )
    timezone: str = Field(
        "Asia/Shanghai",
        description="Where opening hours and day/night are read when the place does not say otherwise.",
    )
    sos_per_minute: int = Field(
        600,
        ge=1,
        description=(
            "SOS taken from one address in a minute; of a crowd within a moment, by each worker."
            " High: a mobile network shows thousands of phones as one."
        ),
    )
    reports_per_minute: int = Field(
        60, ge=1, description="Public fault reports about AEDs taken from one address in a minute."
    )
    routing_url: str | None = Field(
        None,
        description="Valhalla server that knows the streets, as http://host:8002. Without it: straight lines x detour.",
    )
    routing_deadline_s: float = Field(
        0.15, gt=0, le=2, description="How long a plan waits for the routing engine before straight lines stand."
    )
    policy_file: Path | None = Field(
        None,
        description="JSON with the policy values that differ from the defaults: docs/policy.md lists them.",
    )
    vapid_subject: str | None = Field(
        None,
        pattern=r"^(mailto:.+@.+|https://.+)$",
        description="Whom a push service may write to about our Web Push, as mailto:… or https://….",
    )
    vapid_private_key: SecretStr | None = Field(
        None,
        description="Key of our Web Push, 32 bytes in base64url. Without it one is made in the data folder; machines "
        "that share a database need the same one.",
    )
    webhook_url: str | None = Field(
        None,
        description="Where alerts are posted for SMS, voice calls or a vendor's push, when a phone's socket is silent.",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Key that signs what is posted there (Standard Webhooks): whsec_ and 24 bytes in base64."
    )
    push_allow_private: bool = Field(
        default=False,
        description="Take push services on private and loopback addresses, without TLS too: for trials only.",
    )
    centre_networks: Annotated[list[IPv4Network | IPv6Network], NoDecode] = Field(
        default_factory=list,
        description="Private networks in which 120 centres' own systems are told what happens, separated by commas.",
    )
    cap_sender: str = Field(
        "first-minutes",
        pattern=r"^[^\s,<&]{1,100}$",
        description="Who CAP messages say they are from: unique in the world, a domain name of the operator's, say.",
    )
    mqtt_url: SecretStr | None = Field(
        None,
        description="Broker at which AEDs report, as mqtts://user:password@host:8883. Needs the extra `mqtt`.",
    )
    mqtt_topic: str = Field(
        "dispatch", min_length=1, max_length=200, description="What the topics of AEDs' reports there begin with."
    )
    open_data_licence: str = Field(
        "", max_length=500, description="Under which licence the open data of the registry are given away."
    )
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], NoDecode] = Field(
        default_factory=list,
        description="Networks of reverse proxies whose X-Forwarded-For is believed, separated by commas.",
    )
    max_body_bytes: int = Field(64 * 1024, ge=1024, description="Largest request body, imports apart.")
    max_import_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="Largest file taken by the AED import.")
    heartbeat_s: float = Field(25.0, gt=0, description="How often a socket's client must say something.")
    session_queue: int = Field(
        256,
        ge=8,
        description="Messages that may wait for one slow socket before it is closed with a come-back code.",
    )
    tile_url: str | None = Field(
        None,
        description="Raster tiles for the maps, as https://host/{z}/{x}/{y}.png. Without it: outlines and a grid.",
    )
    tile_attribution: str = Field("", description="What the tiles' owner wants said on the map.")
    tile_datum: Literal["wgs84", "gcj02", "bd09"] = Field("wgs84", description="Datum that the tiles are drawn in.")
    map_latitude: float = Field(30.2741, ge=-90, le=90, description="Where the maps open, WGS-84.")
    map_longitude: float = Field(120.1551, ge=-180, le=180, description="Where the maps open, WGS-84.")
    map_zoom: float = Field(11.0, ge=0, le=22, description="How close the maps open.")
    emergency_number: str = Field("120", pattern=r"^[0-9]{2,6}$", description="The ambulance's number on every page.")

    @field_validator("trusted_proxies", "centre_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return [ip_network(part.strip()) for part in value.split(",") if part.strip()]
        except ValueError as error:
            raise ValueError(f"{error}; give networks such as 10.0.0.0/8, separated by commas") from error

    @field_validator("secret")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"must have {_SHORTEST_SECRET} characters or more")
        return value

    @field_validator("tile_url")
    @classmethod
    def _is_a_tile_url(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if not value.startswith(("http://", "https://")) or not all(each in value for each in ("{z}", "{x}", "{y}")):
            raise ValueError("must be an http(s) address with {z}, {x} and {y} in it")
        return value

    @field_validator("database_url", "database_direct_url", "database_replica_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None:
            driver_url(value)
        return value

    @field_validator("routing_url", "webhook_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        if value is not None:
            read_redis_url(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not a time zone of the IANA database") from error
        return value


def unknown_settings() -> list[str]:
    """Variables of the environment that look like settings and are none: misspelt ones, most likely."""
    known = {f"DISPATCH_{name.upper()}" for name in Settings.model_fields}
    named = {name.upper() for name in os.environ if name.upper().startswith("DISPATCH_")}
    return sorted(name for name in named - known if not _COMMANDS_OWN.fullmatch(name))


def plainly(message: str) -> str:
    """A validator's sentence without the validator's own words."""
    return message.removeprefix("Value error, ").partition("\n")[0]
