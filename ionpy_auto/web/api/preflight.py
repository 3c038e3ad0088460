"""``/api/runs/preflight``: what a run will do, before it is started; and what was predicted."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post

from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.errors import Conflict, NotFound, Rejected
from ionpy_auto.engine import Engine
from ionpy_auto.simulation.jobs import simulations_of
from ionpy_auto.simulation.preflight import stored_form

Scalar = bool | int | float | str
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class PreflightStart(msgspec.Struct, forbid_unknown_fields=True):
    """What to predict; as for a start, ``text`` is a draft in place of the saved flow."""

    sequence: str
    bindings: dict[str, str] = {}
    parameters: dict[str, Scalar] = {}
    soc: Share | None = None
    text: str = ""


class PreflightController(Controller):
    """Predictions of runs."""

    path = "/api/runs"
    tags = ("runs",)

    @post("/preflight", operation_id="preflightRun", status_code=202)
    async def start(self, engine: Engine, data: PreflightStart) -> Response[dict[str, Any]]:
        """Start a prediction; nothing is switched. The job is followed as simulations are."""
        bench = engine.project
        bindings = {key: text for key, text in data.bindings.items() if key != "channel"}
        request = RunRequest(
            sequence=data.sequence,
            channel=data.bindings.get("channel", ""),
            bindings=bindings,
            parameters=data.parameters,
        )
        flow = await bench.automation.runs.flow(request, data.text)  # says what is wrong at once
        channel = flow.names.channel
        if channel is None or flow.names.cell is None:
            msg = f"{flow.id} names no channel or no cell"
            raise Rejected(msg, code="NOT_PREDICTABLE", hint="a prediction needs both")
        if "capacity" in bindings:  # what was measured is known here, not in the worker
            bindings["capacity"] = f"{flow.names.cell.capacity} Ah"
        temp = _measured(engine, channel.temp.source) if channel.temp is not None else None
        job = {
            "folder": str(bench.project.folder),
            "home": str(engine.home.root),
            "flow": flow.id,
            "text": data.text,
            "channel": request.channel,
            "bindings": bindings,
            "parameters": dict(data.parameters),
            "soc": data.soc,
            "voltage": _measured(engine, channel.voltage.source),
            "temp": temp,
        }
        about: dict[str, Any] = {
            "flow": flow.id,
            "channel": flow.channel,
            "parameters": data.parameters,
            "draft": bool(data.text),
        }
        made = simulations_of(engine).start("preflight", job, about)
        location = f"/api/simulations/{made['id']}"
        return Response(made, status_code=202, headers={"location": location})

    @get("/{run_id:str}/prediction", operation_id="runPrediction")
    async def prediction(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """What was predicted before this run was started."""
        automation = engine.project.automation
        await automation.runs.describe(run_id)  # an unknown one is refused here
        return await automation.prediction(run_id)


def _measured(engine: Engine, point: str) -> float | None:
    sample = engine.values.get(point)
    known = sample.known if sample is not None else None
    return known if isinstance(known, float) else None


def prediction_of(engine: Engine, job_id: str, flow_id: str) -> dict[str, Any]:
    """The prediction a run is started with.

    Raises:
        NotFound: There is none, or it was forgotten.
        Conflict: It is of another flow or version, or has not come to its end.
    """
    job = simulations_of(engine).get(job_id)
    found = job["result"]
    if job["kind"] != "preflight":
        raise NotFound(f"there is no prediction {job_id!r}", hint="POST /api/runs/preflight")
    if found is None:
        raise Conflict(f"prediction {job_id} is {job['state']}", code="WRONG_STATE")
    revision = engine.project.automation.flow_revisions().get(flow_id)
    if found["flow"] != flow_id or (revision is not None and found["revision"] != revision):
        msg = f"prediction {job_id} is of another flow or version"
        raise Conflict(msg, code="OUTDATED", hint="predict anew")
    return stored_form(found)
