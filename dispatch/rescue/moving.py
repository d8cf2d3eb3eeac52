"""Whether those who said yes come nearer, as far as their positions say."""

from dispatch.rescue.alert import Alert
from dispatch.rescue.arrival import estimate_arrivals, turnout_s
from dispatch.rescue.events import Believed
from dispatch.rescue.scene import Scene


def still_needs_s(alert: Alert, scene: Scene, floor: int | None) -> float | None:
    """How long somebody on the way still needs from where they are now, in seconds; None where that is not known.

    By way of the AED they are to fetch, unless they have it or it is on no list; with what is left of their turnout.
    """
    here = next((each for each in scene.under_way if each.responder_id == alert.responder_id), None)
    if here is None:
        return None
    fetched = [each for each in scene.aeds if each.aed_id == alert.aed_id and not alert.has_aed]
    arrivals = estimate_arrivals(
        [here],
        fetched,
        floor=floor,
        is_night=scene.is_night,
        travel=scene.policy.travel,
        streets=scene.streets,
    )
    way_s = float(arrivals.via_aed_s[0, 0] if fetched else arrivals.direct_s[0])
    turnout = turnout_s(scene.policy.travel, is_night=scene.is_night)
    since_s = (scene.now - alert.counts_from(scene.now)).total_seconds()
    return way_s - (turnout if alert.is_moving else min(since_s, turnout))


def lag_s(alert: Alert, scene: Scene, floor: int | None) -> float | None:
    """How far behind what was promised somebody on the way is, in seconds; None where that is not known.

    A phone that has sent no position since counts as standing where it was last: its owner is asked, which does no
    harm to who is running.
    """
    needs_s = still_needs_s(alert, scene, floor)
    if needs_s is None:
        return None
    return (scene.now - alert.counts_from(scene.now)).total_seconds() + needs_s - alert.eta_s


def believed(alert: Alert, behind_s: float | None) -> Believed:
    """That somebody who was asked comes after all, later by what they are behind now; as known, where it is not."""
    late_s = alert.lag_s if behind_s is None else behind_s
    return Believed(alert_id=alert.alert_id, eta_s=round(alert.eta_s + max(0.0, late_s), 1))
