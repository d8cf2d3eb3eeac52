"""What the simulated cities are like: values with their sources, read from a file and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

HOURS: Final = 24
MODES: Final = 5
"""Walk, run, bike, e-bike, car: in this order wherever they are counted."""

OWN_FILE: Final = Path(__file__).with_name("parameters.toml")


class BadParametersError(Exception):
    """A file of parameters has a fault; the message names the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrestParameters:
    """When and where people collapse, and what those around do."""

    by_hour: tuple[float, ...]
    at_home_share: float
    witnessed_share: float
    witnessed_call_median_s: float
    witnessed_call_sigma: float
    unwitnessed_call_mean_s: float
    bystander_cpr_share: float
    bystander_cpr_median_s: float
    told_of_cpr_share: float
    shockable_home_share: float
    shockable_public_share: float
    accuracy_m: float
    floor_told_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingParameters:
    """From the kerb to the patient."""

    entry_home_median_s: float
    entry_public_median_s: float
    entry_sigma: float
    floor_s: float
    crew_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleParameters:
    """First-aiders: where they are, whether and when they answer, what they do then."""

    registered_share: float
    on_duty_day_share: float
    on_duty_night_share: float
    reachable_share: float
    home_by_hour: tuple[float, ...]
    moving_by_hour: tuple[float, ...]
    moving_speed_m_s: float
    delivery_median_s: float
    delivery_sigma: float
    never_delivered_share: float
    acceptance_by_hour: tuple[float, ...]
    acceptance_spread: float
    acceptance_per_km: float
    silent_share: float
    answer_median_s: float
    answer_night_factor: float
    answer_sigma: float
    turnout_day_median_s: float
    turnout_night_median_s: float
    turnout_sigma: float
    past_alerts_mean: float
    gives_up_share: float
    says_so_share: float
    taps_share: float
    replies_share: float
    fix_age_mean_s: float
    fix_error_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelParameters:
    """How fast people really are, and how crooked the streets."""

    walk_m_s: float
    run_m_s: float
    bike_m_s: float
    ebike_m_s: float
    car_m_s: float
    speed_sigma: float
    other_mode_share: float
    detour_median: float
    detour_sigma: float
    barrier_share: float
    barrier_factor: float

    @property
    def speeds_m_s(self) -> tuple[float, ...]:
        """The median of each mode."""
        return self.walk_m_s, self.run_m_s, self.bike_m_s, self.ebike_m_s, self.car_m_s


@dataclass(frozen=True, slots=True, kw_only=True)
class AedParameters:
    """Whether devices work, when they can be reached, and what the registry knows of either."""

    not_ready_share: float
    fault_known_share: float
    verified_share: float
    fault_seen_share: float
    always_open_share: float
    shop_hours_share: float
    hours_known_share: float
    hours_wrong_share: float
    collection_median_s: float
    collection_sigma: float
    in_vain_s: float
    attach_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbulanceParameters:
    """When the crew comes, and what the centre says of it. The means are each density's own."""

    by_hour: tuple[float, ...]
    sigma: float
    announced_after_s: float
    announced_sigma: float
    advanced_care_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalParameters:
    """What rival rules leave open."""

    on_the_way_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityParameters:
    """One kind of place."""

    side_km: float
    people_per_km2: float
    centres_per_km2: float
    spread_m: float
    centre_sigma: float
    aeds_per_10000: float
    ambulance_mean_s: float
    modes: tuple[float, ...]
    speed_factor: float
    floor_mean: float
    floor_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """All of them; `density` by name. `sources` says of each value, as `section.name`, where it comes from."""

    arrest: ArrestParameters
    building: BuildingParameters
    people: PeopleParameters
    travel: TravelParameters
    aed: AedParameters
    ambulance: AmbulanceParameters
    rivals: RivalParameters
    density: Mapping[str, DensityParameters]
    sources: Mapping[str, str]


_SECTIONS: Final[dict[str, type]] = {
    "arrest": ArrestParameters,
    "building": BuildingParameters,
    "people": PeopleParameters,
    "travel": TravelParameters,
    "aed": AedParameters,
    "ambulance": AmbulanceParameters,
    "rivals": RivalParameters,
}
_MAY_BE_NEGATIVE: Final = frozenset({"people.acceptance_per_km"})


def read_parameters(path: Path = OWN_FILE) -> Parameters:
    """Read a file of parameters. Raises BadParametersError, which names the value at fault."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadParametersError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParametersError(f"{path}: {error}") from error
    unknown = sorted(set(told) - {*_SECTIONS, "density"})
    if unknown:
        raise BadParametersError(f"{unknown[0]}: there is no such section")
    sources: dict[str, str] = {}
    sections = {name: _section(name, told.get(name), cls, sources) for name, cls in _SECTIONS.items()}
    densities = told.get("density")
    if not isinstance(densities, dict) or not densities:
        raise BadParametersError("density: at least one is needed, as [density.NAME]")
    density = {name: _section(f"density.{name}", each, DensityParameters, sources) for name, each in densities.items()}
    return Parameters(**sections, density=density, sources=sources)


def _section(name: str, told: object, cls: type, sources: dict[str, str]) -> Any:
    if not isinstance(told, dict):
        raise BadParametersError(f"{name}: the section is missing")
    wanted = {each.name: each.type for each in fields(cls)}
    for key in told:
        if key not in wanted:
            raise BadParametersError(f"{name}.{key}: there is no such value")
    values: dict[str, Any] = {}
    for key, kind in wanted.items():
        full = f"{name}.{key}"
        entry = told.get(key)
        if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
            raise BadParametersError(f"{full}: has to be given as {{ value = …, source = … }}")
        if not isinstance(entry["source"], str) or not entry["source"].strip():
            raise BadParametersError(f"{full}: has no source")
        sources[full] = entry["source"]
        values[key] = _value(full, entry["value"], kind)
    return cls(**values)


def _value(full: str, value: object, kind: object) -> Any:
    if kind == tuple[float, ...]:
        length = MODES if full.endswith(".modes") else HOURS
        if not isinstance(value, list) or len(value) != length:
            raise BadParametersError(f"{full}: has to be {length} numbers")
        return tuple(_number(full, each) for each in value)
    number = _number(full, value)
    if kind is int and number != int(number):
        raise BadParametersError(f"{full}: has to be a whole number, not {value}")
    return int(number) if kind is int else number


def _number(full: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadParametersError(f"{full}: has to be a number, not {value!r}")
    if full not in _MAY_BE_NEGATIVE and not 0 <= value < float("inf"):
        raise BadParametersError(f"{full}: has to be 0 or more, not {value}")
    is_share = full.endswith(("_share", ".home_by_hour", ".moving_by_hour", ".acceptance_by_hour"))
    if is_share and value > 1:
        raise BadParametersError(f"{full}: is a share and has to be between 0 and 1, not {value}")
    return float(value)
