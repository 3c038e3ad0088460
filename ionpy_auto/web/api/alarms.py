"""``/api/alarms``: what is wrong now, what was, and who has seen it."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import Parameter

from ionpy_auto.engine import Engine


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    """A word about it; may be empty."""

    comment: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class AlarmsController(Controller):
    """Alarms of the open project."""

    path = "/api/alarms"
    tags = ("alarms",)

    @get(operation_id="listAlarms")
    async def list_alarms(
        self,
        engine: Engine,
        which: Annotated[Literal["active", "history"], Parameter(query="state")] = "active",
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Active ones, or all transitions newest first; with the counts of the badge."""
        alarms = engine.project.automation.alarms
        items = alarms.active() if which == "active" else await alarms.history(limit)
        return {"items": items, "total": len(items), "counts": alarms.counts()}

    @post("/{alarm_id:int}/ack", operation_id="acknowledgeAlarm", status_code=200)
    async def acknowledge(
        self, engine: Engine, alarm_id: int, data: Acknowledge | None = None
    ) -> dict[str, Any]:
        """Say that somebody has seen it."""
        comment = data.comment if data else ""
        return await engine.project.automation.alarms.acknowledge(
            alarm_id, by="rest", comment=comment
        )
