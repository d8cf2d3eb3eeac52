"""A telephone number as somebody writes it."""

from typing import Annotated

from pydantic import StringConstraints

Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ()\-]{1,30}$")]
