"""Types of path and query fields, so that what no database or clock could hold is refused early."""

from typing import Annotated

import msgspec
from litestar.params import Parameter

MAX_ID = 2**53 - 1  # the largest whole number every JSON reader keeps
MAX_TIME = 1e11  # [Unix s] the year 5138

RowId = Annotated[int, Parameter(ge=0, le=MAX_ID)]
OptionalRowId = Annotated[int | None, Parameter(ge=0, le=MAX_ID)]
Time = Annotated[float | None, Parameter(ge=0, le=MAX_TIME)]
Page = Annotated[int, Parameter(ge=1, le=1000)]
Offset = Annotated[int, Parameter(ge=0, le=MAX_ID)]

Color = Annotated[str, msgspec.Meta(pattern="^#[0-9a-fA-F]{6}$")]
Moment = Annotated[float, msgspec.Meta(ge=0, le=MAX_TIME)]
