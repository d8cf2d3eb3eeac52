"""What crosses the wire of imports."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from dispatch.aeds.importing.changes import What
from dispatch.aeds.importing.proposing import MatchedBy
from dispatch.aeds.importing.suspicion import Doubt


class LeftOutOut(BaseModel):
    """A row that was not taken. In a workbook `line` is the row of a sheet; `reason` names it if there are several."""

    line: int
    row: int
    reason: str
    field: str | None
    value: str | None


class NoteOut(BaseModel):
    """Something put right, or not understood, in a row that was taken."""

    line: int
    row: int
    note: str


class CandidateOut(BaseModel):
    """A device that a row may be about."""

    aed_id: UUID
    name: str
    source: str | None
    source_ref: str | None


class ChangeOut(BaseModel):
    """What becomes of one row. Of each field that is to differ `differences` has what it was and what it is to be."""

    line: int
    row: int
    sheet: str | None
    what: What
    name: str
    aed_id: UUID | None = Field(description="Of a dry run's new device: an id that is not kept.")
    matched_by: MatchedBy | None
    differences: dict[str, list[Any]]
    moved_m: float | None
    candidates: list[CandidateOut]


class GoneOut(BaseModel):
    """A device that an earlier edition of the list had and this one has not."""

    aed_id: UUID
    name: str
    source_ref: str | None


class SuspicionOut(BaseModel):
    """One thing that makes the import look like a mistake."""

    code: Doubt
    detail: str
    figures: dict[str, Any]


class ImportOut(BaseModel):
    """What became of every row: `rows` = `taken` + the number of `left_out`.

    `taken` = `created` + `updated` + `unchanged` + `ambiguous`. Of what may be long, `changes` and `gone_devices`, the
    first 1,000 are told: what somebody has to decide before the rest.
    """

    source: str
    form: str
    encoding: str
    delimiter: str | None
    datum: str
    datum_from: str
    mapping: dict[str, list[str]]
    unused: list[str]
    rows: int
    taken: int
    created: int
    updated: int
    unchanged: int
    hours_understood: int
    hours_not_understood: int
    hours_with_exceptions: int = Field(description="Of those understood: apart from exceptions, kept as words.")
    hours_only_words: int = Field(description="Rows that tell of hours without any time, such as office hours.")
    dry_run: bool
    forced: bool = Field(description="Whether it was suspicious, and taken because somebody insisted.")
    ambiguous: int = Field(description="Rows that may be about several devices; nothing was done with them.")
    gone: int = Field(description="Devices of this source that are not in the list any more.")
    removed: int
    suspicions: list[SuspicionOut]
    changes: list[ChangeOut]
    gone_devices: list[GoneOut]
    warnings: list[str]
    left_out: list[LeftOutOut]
    notes: list[NoteOut]
