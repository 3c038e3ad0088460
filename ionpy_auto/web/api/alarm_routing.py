"""``/api/alarms/routing``: who is told of which alarm, and which way an alarm takes."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post, put

from ionpy_auto.alarms.routing.labels import labels_of
from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.engine import Engine

PERSON = "rest"


class RoutingText(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file and the version it started from."""

    text: Annotated[str, msgspec.Meta(max_length=500_000)]
    etag: str


class WayWish(msgspec.Struct, forbid_unknown_fields=True):
    """An alarm by its labels, or the key of one that is there; and when (UTC seconds)."""

    labels: dict[str, Annotated[str, msgspec.Meta(max_length=1000)]] | None = None
    alarm: str | None = None
    at: Annotated[float, msgspec.Meta(ge=0, le=4102444800)] | None = None


class AlarmRoutingController(Controller):
    """The notification routes of the server."""

    path = "/api/alarms/routing"
    tags = ("alarms",)

    @get(operation_id="getAlarmRouting", sync_to_thread=False)
    def read(self, engine: Engine) -> dict[str, Any]:
        """The file with its version and findings, and the tree that is in force."""
        return engine.routing.as_dict()

    @put(operation_id="writeAlarmRouting")
    async def write(self, engine: Engine, data: RoutingText) -> dict[str, Any]:
        """Write the file and put it in force; 409 if it changed, 422 with all findings."""
        return await engine.routing.write(data.text, data.etag, PERSON)

    @post("/test", operation_id="testAlarmRouting", status_code=200, sync_to_thread=False)
    def test(self, engine: Engine, data: WayWish) -> dict[str, Any]:
        """The ways an alarm takes, and why not others; nobody is told."""
        if (data.labels is None) == (data.alarm is None):
            raise BadInput("give labels or an alarm", hint='{"labels": {"severity": "critical"}}')
        known = _known(engine)
        firing = {
            key: labels_of(alarm, common)
            for key, (alarm, common) in known.items()
            if str(alarm["state"]).startswith("active")
        }
        labels = data.labels
        if labels is None:
            if data.alarm not in known:
                hint = "GET /api/alarms lists the active ones"
                raise NotFound(f"there is no alarm {data.alarm!r}", hint=hint)
            labels = labels_of(*known[data.alarm])
        now = engine.now() if data.at is None else data.at
        return engine.routing.explain(labels, now, firing)


def _known(engine: Engine) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """All alarms of the open project that are not normal, with what holds for all of them."""
    bench = engine.bench
    if bench is None:
        return {}
    common = {"project": bench.project.slug}
    return {alarm["key"]: (alarm, common) for alarm in bench.automation.alarms.active()}
