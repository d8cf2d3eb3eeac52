"""What a street-routing engine knows: how long the ways really take, round the river and over the bridge."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode


@dataclass(frozen=True, slots=True)
class StreetTimes:
    """Seconds of travel along streets, without turnout, collection and floors. `math.inf`: there is no way.

    `direct_s` from a responder to the patient, `to_aed_s` from a responder to an AED, `onward_s` from an AED to the
    patient in a mode. A pair that is absent was not asked about or not answered; the straight-line estimate stands.
    """

    direct_s: Mapping[ResponderId, float] = field(default_factory=dict)
    to_aed_s: Mapping[tuple[ResponderId, AedId], float] = field(default_factory=dict)
    onward_s: Mapping[tuple[AedId, TravelMode], float] = field(default_factory=dict)
