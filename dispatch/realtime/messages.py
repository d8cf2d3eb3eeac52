"""What a client may say on the socket, and how a mistake in it is told."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from dispatch.locations import LocationIn
from dispatch.problems import problem_of_validation
from dispatch.rescue.vocabulary import TravelMode
from geo.bounding_box import BoundingBox

MAX_FRAME_BYTES = 64 * 1024

StrictCoordinate = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Message(BaseModel):
    # What a newer client adds is no reason to drop what it says.
    model_config = ConfigDict(extra="ignore")


class Resume(_Message):
    """Up to where the client has everything."""

    epoch: str = Field(max_length=64)
    seq: int = Field(strict=True, ge=0, le=2**53)


class Hello(_Message):
    """Who speaks, and from where to go on."""

    type: Literal["hello"]
    token: str = Field(max_length=4096)
    resume: Resume | None = None


class Position(LocationIn):
    """Where a responder is."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["position"]
    at: AwareDatetime | None = None


class Duty(_Message):
    """Whether a responder wants to be alerted, and how they get about."""

    type: Literal["duty"]
    on_duty: bool = Field(strict=True)
    mode: TravelMode | None = None


class Ack(_Message):
    """Everything up to `seq` has arrived."""

    type: Literal["ack"]
    seq: int = Field(strict=True, ge=0, le=2**53)


class Answer(_Message):
    """Yes or no to an alert."""

    type: Literal["answer"]
    alert_id: str = Field(max_length=64)
    answer: Literal["accept", "decline"]


class ProgressMade(_Message):
    """How far a responder is."""

    type: Literal["progress"]
    alert_id: str = Field(max_length=64)
    stage: Literal["en_route", "aed_collected", "on_scene", "done", "gave_up"]


class AedTrouble(_Message):
    """The AED that a runner was sent for cannot be had."""

    type: Literal["aed_problem"]
    alert_id: str = Field(max_length=64)
    problem: Literal["missing", "locked", "broken"]
    # Which one is meant, when the message is late or comes twice; without it: the one they are sent for now.
    aed_id: str | None = Field(None, max_length=64)


class WakeMe(_Message):
    """Does my phone wake? Asks for a test alert."""

    type: Literal["test_alert"]


class Watch(_Message):
    """The part of the map that an operator looks at: west, south, east, north."""

    type: Literal["watch"]
    bbox: Annotated[list[StrictCoordinate], Field(min_length=4, max_length=4)]
    zoom: float = Field(0, strict=True, ge=0, le=30, allow_inf_nan=False)

    @field_validator("bbox", mode="after")
    @classmethod
    def _is_a_box(cls, bbox: list[float]) -> list[float]:
        west, south, east, north = bbox
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
            raise ValueError("must be west, south, east, north in degrees, south not north of north")
        return bbox

    def box(self) -> BoundingBox:
        """The part of the map."""
        return BoundingBox(*self.bbox)


class Ping(_Message):
    """Still here."""

    type: Literal["ping"]


ClientMessage = Hello | Position | Duty | Ack | Answer | ProgressMade | AedTrouble | WakeMe | Watch | Ping

_PARSER: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


class BadMessage(Exception):
    """A frame that cannot be understood; `code`, `detail`, `field` and `of` go back to the client."""

    def __init__(self, code: str, detail: str, *, field: str | None = None, of: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.of = of


def read_message(frame: str | bytes) -> ClientMessage:
    """What the client says. Raises `BadMessage`."""
    if isinstance(frame, bytes):
        raise BadMessage("not_text", "Messages are text frames of JSON, not binary ones.")
    try:
        return _PARSER.validate_json(frame)
    except ValidationError as error:
        raise _bad_message(error) from error


def _bad_message(error: ValidationError) -> BadMessage:
    first = error.errors(include_url=False)[0]
    kind: Any = first["type"]
    if kind == "json_invalid":
        return BadMessage("invalid_json", f"The frame is not valid JSON: {first['msg'].removeprefix('Invalid JSON: ')}")
    if kind == "union_tag_not_found":
        return BadMessage("no_type", "A message is an object with a `type`.", field="type")
    if kind in {"union_tag_invalid", "model_attributes_type", "dict_type", "model_type"}:
        said = first.get("ctx", {}).get("tag")
        detail = f"There is no message type {said!r}." if said is not None else "A message is an object with a `type`."
        return BadMessage("unknown_type", detail, field="type")
    tag, *path = first["loc"]
    problem = problem_of_validation([{**first, "loc": tuple(path) or (tag,)}])
    field = problem.errors[0].field
    return BadMessage("invalid", f"{field}: {problem.errors[0].problem}", field=field, of=str(tag))
