"""What is kept of everything ever reported about a device: enough to conclude, whatever order it came in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from dispatch.aeds.health.evidence import EMPTY, SEEN_AT, Evidence, Latest
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import BY_PUBLIC, StoredReport
from geo.place import Place

# What an inspection sees of a device and the record keeps.
SEEN_DATES = (
    "battery_fitted_on",
    "battery_expires_on",
    "pads_fitted_on",
    "pads_expire_on",
    "pads_child_fitted_on",
    "pads_child_expire_on",
)
PLACE = "place"
# When somebody last said by hand where it hangs: what it told of its position before says nothing about that.
PLACED = "placed"

BY_DEVICE = "device:"
# What a device shows of itself by such a report.
_LEARNED = {ReportKind.HEARTBEAT: "is_connected", ReportKind.SELF_TEST: "has_self_test"}


@dataclass(frozen=True, slots=True)
class Sight:
    """When a field of the record was last seen or said, and by which report (empty: by hand).

    Of two at the same instant the greater id stands, so that the order of arrival never matters.
    """

    at: datetime
    report_id: str = ""

    @property
    def rank(self) -> tuple[datetime, str]:
        """By which the newest is told."""
        return self.at, self.report_id


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest evidence of each kind, and of which moment the record's own fields are.

    `as_of`: the record's `updated_at` when this was kept. Where the record tells another one, a service of an older
    version, which keeps nothing but the reports, has written to it since.
    """

    latest: Latest = EMPTY
    sights: Mapping[str, Sight] = field(default_factory=dict)
    look_again_at: datetime | None = None
    as_of: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """As `aed_health.evidence` has it."""
        sights = {name: [sight.at.isoformat(), sight.report_id] for name, sight in self.sights.items()}
        as_of = None if self.as_of is None else self.as_of.isoformat()
        return {"latest": self.latest.as_json(), "sights": sights, "as_of": as_of}

    @staticmethod
    def of_json(data: Mapping[str, Any], look_again_at: datetime | None = None) -> "Kept":
        """As it was kept."""
        sights = {name: Sight(datetime.fromisoformat(at), by) for name, (at, by) in data["sights"].items()}
        as_of = None if data.get("as_of") is None else datetime.fromisoformat(data["as_of"])
        return Kept(Latest.of_json(data["latest"]), sights, look_again_at, as_of)

    def until(self, look_again_at: datetime | None, *, as_of: datetime) -> "Kept":
        """The same, kept with a record that was written then, to be looked at again at that moment."""
        return Kept(self.latest, self.sights, look_again_at, as_of)

    def is_behind(self, aed: Aed) -> bool:
        """Whether reports may have been taken of which nothing is known here."""
        return self.as_of is not None and self.as_of != aed.updated_at

    def with_edits(self, names: Iterable[str], now: datetime) -> "Kept":
        """After somebody has entered these fields by hand, now."""
        said = {name: Sight(now) for name in names if name in SEEN_DATES or name == PLACE}
        if PLACE in said:
            said[PLACED] = said[PLACE]
        return replace(self, sights={**self.sights, **said}) if said else self

    @property
    def judged(self) -> Latest:
        """What the device is judged by: without where it was before it was put where it hangs."""
        placed, seen = self.sights.get(PLACED), self.latest.when(SEEN_AT)
        if placed is None or seen is None or seen > placed.at:
            return self.latest
        newest = {key: each for key, each in self.latest.newest.items() if key != SEEN_AT}
        return replace(self.latest, newest=newest)

    def with_reports(self, reports: Iterable[StoredReport]) -> "Kept":
        """After reports, which may be older than what is known."""
        taken = list(reports)
        if not taken:
            return self
        sights = dict(self.sights)
        for report in taken:
            for name in _fields_seen(report):
                sight = Sight(report.counts_from, str(report.id))
                if name not in sights or sight.rank > sights[name].rank:
                    sights[name] = sight
        return replace(self, latest=self.latest.with_(*map(evidence_of, taken)), sights=sights)


def is_trusted(report: StoredReport) -> bool:
    """Whether it is more than a passer-by's word."""
    return report.reported_by != BY_PUBLIC


def evidence_of(report: StoredReport) -> Evidence:
    """A report as the rules see it."""
    return Evidence(report.kind, report.counts_from, is_trusted(report), report.data, str(report.id))


def _fields_seen(report: StoredReport) -> list[str]:
    if not is_trusted(report):
        return []
    if report.kind is ReportKind.INSPECTION:
        return [name for name in SEEN_DATES if name in report.data]
    return [PLACE] if report.kind is ReportKind.LOCATION else []


def seen_values(aed: Aed, kept: Kept, reports: Iterable[StoredReport]) -> dict[str, Any]:
    """The fields of the record that these reports change: `kept` is what is known with them.

    A report that is not the newest word on a field leaves it. Where a device that stays in its place says it is, is
    evidence for its fence and moves nothing.
    """
    values: dict[str, Any] = {}
    for report in reports:
        sight = Sight(report.counts_from, str(report.id))
        for name in _fields_seen(report):
            if kept.sights[name] != sight:
                continue
            if name != PLACE:
                values[name] = date.fromisoformat(report.data[name])
            elif aed.is_mobile:
                values[PLACE] = Place(report.data["latitude"], report.data["longitude"])
                values["fix_at"] = report.counts_from
        learned = _LEARNED.get(report.kind)
        if learned is not None and getattr(aed, learned) is None and report.reported_by.startswith(BY_DEVICE):
            values[learned] = True
    return values
