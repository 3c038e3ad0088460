"""``/api/alarms/silences``: times in which nobody is told of alarms that fit."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import Parameter

from ionpy_auto.core.errors import BadInput
from ionpy_auto.engine import Engine

PERSON = "rest"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1500)]


class SilenceWish(msgspec.Struct, forbid_unknown_fields=True):
    """Which alarms, until when (``ends`` or ``minutes`` from the start), and why."""

    matchers: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=20)]
    comment: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    ends: float | None = None
    minutes: Annotated[float, msgspec.Meta(gt=0, le=527_040)] | None = None
    starts: float | None = None


class SilencesController(Controller):
    """Silences of the server."""

    path = "/api/alarms/silences"
    tags = ("alarms",)

    @get(operation_id="listSilences", sync_to_thread=False)
    def list_silences(self, engine: Engine) -> dict[str, Any]:
        """Those in force, those to come, and those that ended in the last five days."""
        items = engine.routing.silences.list()
        return {"items": items, "total": len(items)}

    @post(operation_id="addSilence", status_code=201)
    async def add(self, engine: Engine, data: SilenceWish) -> dict[str, Any]:
        """Silence alarms for a time; durable when this answers."""
        if (data.ends is None) == (data.minutes is None):
            raise BadInput("say until when", hint="give ends or minutes, not both")
        ends = data.ends
        if ends is None:
            begin = engine.now() if data.starts is None else data.starts
            ends = begin + (data.minutes or 0.0) * 60.0
        return await engine.routing.silences.add(
            data.matchers, ends, PERSON, data.comment, data.starts
        )

    @delete("/{silence_id:int}", operation_id="endSilence", status_code=200)
    async def end(
        self, engine: Engine, silence_id: Annotated[int, Parameter(ge=1)]
    ) -> dict[str, Any]:
        """End one now; it stays in the list for a while."""
        return await engine.routing.silences.end(silence_id, PERSON)
