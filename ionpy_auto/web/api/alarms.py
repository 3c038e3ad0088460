"""``/api/alarms``: what is wrong now, what was, who has seen it, and how good the alarms are."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import Parameter

from ionpy_auto.alarms.history import Wanted
from ionpy_auto.engine import Engine
from ionpy_auto.engine.alarm_desk import AlarmDesk

PERSON = "rest"

Text = Annotated[str, Parameter(max_length=200)]
Time = Annotated[float | None, Parameter(description="Unix seconds")]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """A word about it; may be empty."""

    comment: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class ShelfWish(msgspec.Struct, forbid_unknown_fields=True):
    """For how long, and why."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]
    minutes: Annotated[float, msgspec.Meta(gt=0, le=72 * 60)]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class NewText(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file, and the ``etag`` of the text it started from."""

    text: Annotated[str, msgspec.Meta(max_length=500_000)]
    etag: str


class Shown(msgspec.Struct, forbid_unknown_fields=True):
    """Which alarms were shown: the filter of the list."""

    severity: Literal["", "info", "warning", "critical"] = ""
    device: str = ""
    source: str = ""
    text: str = ""


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """Alarms by id, or all that a filter shows."""

    ids: Annotated[list[int], msgspec.Meta(max_length=10_000)] | None = None
    all_shown: Shown | None = None
    comment: Annotated[str, msgspec.Meta(max_length=2000)] = ""


def desk_of(engine: Engine) -> AlarmDesk:
    """The desk of the open project's alarms."""
    return AlarmDesk(engine.project)


class AlarmsController(Controller):
    """Alarms of the open project."""

    path = "/api/alarms"
    tags = ("alarms",)

    @get(operation_id="listAlarms")
    async def list_alarms(
        self,
        engine: Engine,
        which: Annotated[Literal["active", "history"], Parameter(query="state")] = "active",
        severity: Literal["", "info", "warning", "critical"] = "",
        device: Text = "",
        source: Text = "",
        text: Text = "",
        since: Time = None,
        until: Time = None,
        before: Annotated[int | None, Parameter(ge=1)] = None,
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Active ones, or all transitions newest first; with the counts of the badge."""
        wanted = Wanted(
            severity=severity,
            device=device,
            source=source,
            text=text,
            since=since,
            until=until,
            before=before,
            limit=limit,
        )
        return await desk_of(engine).listing(which, wanted)

    @get("/quality", operation_id="alarmQuality")
    async def quality(
        self, engine: Engine, days: Annotated[float, Parameter(gt=0, le=366)] = 7
    ) -> dict[str, Any]:
        """Rate, floods, chattering and standing alarms, and how soon people react."""
        return await desk_of(engine).quality(days)

    @get("/export", operation_id="exportAlarms")
    async def export(
        self,
        engine: Engine,
        file_format: Annotated[Literal["csv", "json"], Parameter(query="format")] = "csv",
        since: Time = None,
        until: Time = None,
    ) -> Response[bytes]:
        """All transitions of a time as a file, oldest first."""
        text = await desk_of(engine).export(file_format, Wanted(since=since, until=until))
        media = "text/csv" if file_format == "csv" else "application/json"
        name = f'attachment; filename="alarms.{file_format}"'
        return Response(text.encode(), media_type=media, headers={"content-disposition": name})

    @get("/definitions", operation_id="alarmDefinitions", sync_to_thread=False)
    def definitions(self, engine: Engine) -> dict[str, Any]:
        """The project's ``alarms.yaml``, what is wrong with it, and what is watched."""
        return desk_of(engine).definitions()

    @put("/definitions", operation_id="writeAlarmDefinitions")
    async def write_definitions(self, engine: Engine, data: NewText) -> dict[str, Any]:
        """Write it and put it in force; 412 if it changed meanwhile, 422 with findings."""
        return await desk_of(engine).write_definitions(data.text, data.etag, PERSON)

    @post("/ack", operation_id="acknowledgeAlarms", status_code=200)
    async def acknowledge_many(self, engine: Engine, data: Many) -> dict[str, Any]:
        """Acknowledge several; hidden and covered ones only by id."""
        shown = data.all_shown
        wanted = Wanted(**msgspec.structs.asdict(shown)) if shown is not None else None
        return await desk_of(engine).acknowledge_many(data.ids, wanted, PERSON, data.comment)

    @post("/{alarm_id:int}/ack", operation_id="acknowledgeAlarm", status_code=200)
    async def acknowledge(
        self, engine: Engine, alarm_id: int, data: Said | None = None
    ) -> dict[str, Any]:
        """Say that somebody has seen it."""
        return await desk_of(engine).act("ack", alarm_id, PERSON, _word(data))

    @post("/{alarm_id:int}/unack", operation_id="unacknowledgeAlarm", status_code=200)
    async def unacknowledge(
        self, engine: Engine, alarm_id: int, data: Said | None = None
    ) -> dict[str, Any]:
        """Take an acknowledgement back."""
        return await desk_of(engine).act("unack", alarm_id, PERSON, _word(data))

    @post("/{alarm_id:int}/reset", operation_id="resetAlarm", status_code=200)
    async def reset(
        self, engine: Engine, alarm_id: int, data: Said | None = None
    ) -> dict[str, Any]:
        """Release a latched alarm."""
        return await desk_of(engine).act("reset", alarm_id, PERSON, _word(data))

    @post("/{alarm_id:int}/shelve", operation_id="shelveAlarm", status_code=200)
    async def shelve(self, engine: Engine, alarm_id: int, data: ShelfWish) -> dict[str, Any]:
        """Put one aside for a while; its priority says for how long at most."""
        return await desk_of(engine).shelve(alarm_id, PERSON, data.reason, data.minutes)

    @post("/{alarm_id:int}/unshelve", operation_id="unshelveAlarm", status_code=200)
    async def unshelve(
        self, engine: Engine, alarm_id: int, data: Said | None = None
    ) -> dict[str, Any]:
        """Take one from the shelf; it counts as seen."""
        return await desk_of(engine).act("unshelve", alarm_id, PERSON, _word(data))

    @post("/{alarm_id:int}/out-of-service", operation_id="takeAlarmOut", status_code=200)
    async def out_of_service(self, engine: Engine, alarm_id: int, data: Reason) -> dict[str, Any]:
        """Take one out for maintenance, until somebody puts it back."""
        return await desk_of(engine).out_of_service(alarm_id, PERSON, data.reason)

    @post("/{alarm_id:int}/return-to-service", operation_id="returnAlarm", status_code=200)
    async def return_to_service(
        self, engine: Engine, alarm_id: int, data: Said | None = None
    ) -> dict[str, Any]:
        """The maintenance is over."""
        return await desk_of(engine).act("return-to-service", alarm_id, PERSON, _word(data))


def _word(said: Said | None) -> str:
    return said.comment if said is not None else ""
