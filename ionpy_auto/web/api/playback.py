"""The past of the open project by time: one moment with all that stood then, or values in a row."""

from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import Parameter

from ionpy_auto.engine import Engine
from ionpy_auto.engine.moment import Past
from ionpy_auto.storage.moments import MAX_FRAMES
from ionpy_auto.web.fields import MAX_TIME, RowId

At = Annotated[float, Parameter(ge=0, le=MAX_TIME)]


class PlaybackController(Controller):
    """What was, for whoever plays it back."""

    path = "/api/projects/active"
    tags = ("history",)

    @get("/moment", operation_id="moment")
    async def moment(self, engine: Engine, at: At) -> dict[str, Any]:
        """Values, alarms, runs with their step, the last rules that fired, and the session."""
        return await Past(engine.project).moment(at)

    @get("/frames", operation_id="frames")
    async def frames(
        self,
        engine: Engine,
        session_id: RowId,
        start: At,
        step: Annotated[float, Parameter(gt=0, le=1e6)],
        count: Annotated[int, Parameter(ge=1, le=MAX_FRAMES)] = 60,
    ) -> dict[str, Any]:
        """The rows that held at ``start``, ``start + step``, … of every device, each once."""
        return await Past(engine.project).frames(session_id, start, step, count)
