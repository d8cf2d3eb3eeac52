"""Valhalla's HTTP calls as far as they are needed: the time matrix, and whether a street is near.

Two peculiarities of the engine (3.9) shape the calls. A place joined to a scrap of street of less than fifty
junctions is quietly joined to the next proper network as well, up to 35 km off, and reported as if it had not moved:
`search_cutoff` keeps that near. And one place without a street within the cutoff spoils a whole matrix, without
saying which one it was: `near_streets` tells.
"""

from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.vocabulary import TravelMode
from geo.place import Place

Costing = dict[str, object]

# Outside of these the engine takes its own default instead; kilometres per hour, from its description of costings.
_WALKING_KM_H = (0.5, 25.0)
_CYCLING_KM_H = (5.0, 60.0)


class Refused(Exception):
    """The engine answered that it will not: a place off its map, more pairs than its limit."""


class Broken(Exception):
    """No answer, or none that makes sense."""


class Cell(BaseModel):
    """One way: seconds and kilometres, or None where there is no way."""

    time: float | None = Field(ge=0, allow_inf_nan=False, strict=True)
    distance: float | None = Field(ge=0, allow_inf_nan=False, strict=True)


class OnStreet(BaseModel):
    """Where on a street the engine has put a place, in degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Matrix(BaseModel):
    """Ways from each source (rows) to each target (columns), and where those were put on streets."""

    sources_to_targets: list[list[Cell]]
    sources: list[OnStreet | None]
    targets: list[OnStreet | None]

    def has_shape(self, rows: int, columns: int) -> bool:
        """Whether it answers a question of so many sources and targets."""
        return (
            [len(row) for row in self.sources_to_targets] == [columns] * rows
            and len(self.sources) == rows
            and len(self.targets) == columns
        )


class _Located(BaseModel):
    edges: list[object] | None


class _Refusal(BaseModel):
    error_code: int
    error: str = ""


_LOCATED = TypeAdapter(list[_Located])


def costing_for(mode: TravelMode, travel: TravelPolicy) -> Costing:
    """The engine's way of moving for a mode, at the policy's speed; a car's speed is the street's.

    Raises ValueError for a speed that the engine would replace by its own.
    """
    name = {TravelMode.CAR: "auto", TravelMode.BIKE: "bicycle", TravelMode.EBIKE: "bicycle"}.get(mode, "pedestrian")
    speed_km_h = round(travel.speed_m_s[mode] * 3.6, 3)
    # A ferry only where there is no other way; its crossing then counts with its own duration.
    options: dict[str, float] = {"use_ferry": 0}
    if name == "pedestrian":
        options["walking_speed"] = _within(_WALKING_KM_H, speed_km_h, mode)
    elif name == "bicycle":
        options["cycling_speed"] = _within(_CYCLING_KM_H, speed_km_h, mode)
    return {"costing": name, "costing_options": {name: options}}


def _within(bounds_km_h: tuple[float, float], speed_km_h: float, mode: TravelMode) -> float:
    slowest, fastest = bounds_km_h
    if not slowest <= speed_km_h <= fastest:
        raise ValueError(
            f"The street-routing engine knows speeds from {slowest:g} to {fastest:g} km/h for {mode}, "
            f"not {speed_km_h:g}."
        )
    return speed_km_h


class ValhallaCalls:
    """The calls of a Valhalla server at `url`, over connections that are kept.

    `snap_limit_m` is how far a place may lie from the street that it is joined to. No call ends by itself: whoever
    calls sets the time. Raises ValueError for an address that is none.
    """

    def __init__(self, url: str, snap_limit_m: float) -> None:
        address = httpx.URL(url)
        if address.scheme not in {"http", "https"} or not address.host:
            raise ValueError(f"The street-routing engine's address must begin with http:// or https://, not {url!r}.")
        self._snap_limit_m = snap_limit_m
        self._client = httpx.AsyncClient(
            base_url=address,
            timeout=httpx.Timeout(None),
            # The engine stands nearby: a proxy meant for the wide world is not asked.
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=60),
        )

    @property
    def is_closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._client.is_closed

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def matrix(self, sources: Sequence[Place], targets: Sequence[Place], costing: Costing) -> Matrix:
        """The ways from each source to each target. Raises Refused, Broken."""
        question = {"sources": self._locations(sources), "targets": self._locations(targets), **costing}
        body = await self._post("sources_to_targets", question)
        try:
            matrix = Matrix.model_validate_json(body)
        except ValidationError as error:
            raise Broken(f"not a matrix: {error.errors(include_url=False)[0]['msg']}") from error
        if not matrix.has_shape(len(sources), len(targets)):
            raise Broken(f"a matrix of another shape than {len(sources)} x {len(targets)}")
        return matrix

    async def near_streets(self, places: Sequence[Place], costing: Costing) -> list[bool]:
        """For each place whether a street that this mode may use lies within the limit. Raises Refused, Broken."""
        body = await self._post("locate", {"locations": self._locations(places), "verbose": False, **costing})
        try:
            located = _LOCATED.validate_json(body)
        except ValidationError as error:
            raise Broken(f"not a list of places: {error.errors(include_url=False)[0]['msg']}") from error
        if len(located) != len(places):
            raise Broken(f"{len(located)} places for {len(places)}")
        return [bool(found.edges) for found in located]

    def _locations(self, places: Sequence[Place]) -> list[dict[str, float]]:
        return [{"lat": each.latitude, "lon": each.longitude, "search_cutoff": self._snap_limit_m} for each in places]

    async def _post(self, call: str, question: dict[str, object]) -> bytes:
        try:
            response = await self._client.post(call, json=question)
        except (httpx.HTTPError, RuntimeError) as error:
            # RuntimeError: closed under way, which ends a question and not an SOS.
            raise Broken(repr(error)) from error
        if response.status_code == httpx.codes.OK:
            return response.content
        try:
            refusal = _Refusal.model_validate_json(response.content)
        except ValidationError:
            raise Broken(f"status {response.status_code}") from None
        raise Refused(f"{refusal.error_code}: {refusal.error}")
