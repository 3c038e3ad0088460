"""``/api/runs``: test runs, started and watched by people, browsers and programs."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from ionpy_auto.automation.sequences.listing import RunFilter
from ionpy_auto.automation.sequences.prompts import find_prompt
from ionpy_auto.automation.sequences.recount import recount
from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.bus import Event, Overflow, Subscription
from ionpy_auto.core.errors import Unavailable
from ionpy_auto.engine import Engine
from ionpy_auto.storage.history import Query
from ionpy_auto.web.api.history import shown
from ionpy_auto.web.api.preflight import prediction_of
from ionpy_auto.web.fields import Offset, Page, Time
from ionpy_auto.web.live import encode

Scalar = bool | int | float | str
Name = Annotated[str, msgspec.Meta(max_length=500)]
Address = Annotated[str, msgspec.Meta(max_length=2000)]
Word = Annotated[str | None, Parameter(max_length=200)]
State = Literal["queued", "starting", "running", "paused", "held", "stopping", "finished"]
Verdict = Literal["not_set", "pass", "inconclusive", "fail", "aborted", "error"]

BEAT_S = 15.0
"""A comment this often keeps proxies from closing a quiet stream."""


class RunSession(msgspec.Struct, forbid_unknown_fields=True):
    """The recording a run opens when none is running."""

    name: Name = ""


class RunStart(msgspec.Struct, forbid_unknown_fields=True):
    """What to run, on what, with what."""

    sequence: str
    bindings: dict[str, str] = {}
    parameters: dict[str, Scalar] = {}
    session: RunSession | int | None = None
    conditions: dict[str, Any] = {}
    callback_url: Address | None = None
    queue: bool = False
    preflight: str | None = None


class PromptAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """What a person says to the question of a run; ``step`` where several are open."""

    answer: bool | int | float | str | None = None
    step: str = ""
    by: str = ""


def request_of(
    data: RunStart, key: str | None, prediction: dict[str, Any] | None = None
) -> RunRequest:
    """What the run manager takes."""
    session = data.session
    return RunRequest(
        sequence=data.sequence,
        channel=data.bindings.get("channel", ""),
        bindings={key: text for key, text in data.bindings.items() if key != "channel"},
        parameters=data.parameters,
        conditions=data.conditions,
        session_name=session.name if isinstance(session, RunSession) else "",
        session_id=session if isinstance(session, int) else None,
        queue=data.queue,
        idempotency_key=key,
        callback_url=data.callback_url or "",
        actor="rest",
        prediction=prediction,
    )


class RunsController(Controller):
    """Executions of sequences."""

    path = "/api/runs"
    tags = ("runs",)

    @post(operation_id="startRun", status_code=202)
    async def start(
        self,
        engine: Engine,
        data: RunStart,
        idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key")] = None,
    ) -> Response[dict[str, Any]]:
        """Check everything, then start; the same key twice answers with the same run."""
        known = None
        if data.preflight is not None:
            known = prediction_of(engine, data.preflight, data.sequence)
        request = request_of(data, idempotency_key, known)
        run = await engine.project.automation.start_run(request)
        return Response(run, status_code=202, headers={"location": f"/api/runs/{run['id']}"})

    @post("/check", operation_id="checkRun", status_code=200)
    async def check(self, engine: Engine, data: RunStart) -> dict[str, Any]:
        """What a start would find: findings, limits with their reaction, conditions; no start."""
        return await engine.project.automation.check_run(request_of(data, None))

    @get(operation_id="listRuns")
    async def list_runs(
        self,
        engine: Engine,
        limit: Page = 100,
        offset: Offset = 0,
        in_state: Annotated[State | None, QueryParameter(name="state")] = None,
        verdict: Verdict | None = None,
        sequence: Word = None,
        channel: Word = None,
        cell_id: Word = None,
        since: Time = None,
        until: Time = None,
        text: Word = None,
    ) -> dict[str, Any]:
        """Newest first; what is given narrows the list."""
        wanted = RunFilter(
            state=in_state,
            verdict=verdict,
            sequence=sequence,
            channel=channel,
            cell_id=cell_id,
            since=since,
            until=until,
            text=text,
        )
        items, total = await engine.project.automation.runs.list(limit, offset, wanted)
        return {"items": list(items), "total": total}

    @get("/{run_id:str}", operation_id="getRun")
    async def one(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """One run."""
        return dict(await engine.project.automation.runs.describe(run_id))

    @get("/{run_id:str}/steps", operation_id="runSteps")
    async def steps(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Executed steps and what ended them."""
        items = await engine.project.automation.runs.steps(run_id)
        return {"items": items, "total": len(items)}

    @get("/{run_id:str}/files", operation_id="runFiles")
    async def files(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """The texts it was started with: flow, cell, channel, called flows."""
        items = await engine.project.automation.runs.files(run_id)
        return {"items": items, "total": len(items)}

    @get("/{run_id:str}/cycles", operation_id="runCycles")
    async def cycles(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Figures per cycle."""
        items = await engine.project.automation.runs.cycles(run_id)
        return {"items": items, "total": len(items)}

    @get("/{run_id:str}/recount", operation_id="recountRun")
    async def recount(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Count a finished run again from its recorded rows, and compare."""
        bench = engine.project
        await bench.automation.runs.describe(run_id)
        await bench.automation.runs.journal.flush()
        await bench.recorder.flush()
        with bench.clock.hold():
            return await asyncio.to_thread(recount, bench.database.path, run_id)

    @get("/{run_id:str}/curve", operation_id="runCurve")
    async def curve(
        self,
        engine: Engine,
        run_id: str,
        points: Annotated[int, Parameter(ge=2, le=20_000)] = 2000,
    ) -> dict[str, Any]:
        """Voltage, current and temperature of the run's channel over its time."""
        run = await engine.project.automation.runs.describe(run_id)
        channel = run["bindings"].get("channel") or "CH1"
        query = Query(
            channel,
            ("voltage", "current", "temp"),
            run["started"],
            run["ended"],
            None if len(run["sessions"]) > 1 else run["session_id"],  # it goes on in another
            points,
        )
        content = shown(await engine.project.history.history(query))
        return {"t": content["t"], "resolution_s": content["resolution_s"], **content["series"]}

    @post("/{run_id:str}/pause", operation_id="pauseRun", status_code=200)
    async def pause(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Outputs off, proven; the step's clock stops, limits stay."""
        return engine.project.automation.runs.pause(run_id).as_dict()

    @post("/{run_id:str}/resume", operation_id="resumeRun", status_code=200)
    async def resume(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Go on after a pause or a power loss, in the switching order of a start."""
        return await engine.project.automation.resume_run(run_id, "rest")

    @post("/{run_id:str}/skip", operation_id="skipStep", status_code=200)
    async def skip(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """End the present step."""
        return engine.project.automation.runs.skip(run_id).as_dict()

    @post("/{run_id:str}/stop", operation_id="stopRun", status_code=200)
    async def stop(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """End after ``finally`` and the safe state."""
        return await engine.project.automation.end_run(run_id, "rest", abort=False)

    @post("/{run_id:str}/abort", operation_id="abortRun", status_code=200)
    async def abort(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Outputs off now, then ``finally``."""
        return await engine.project.automation.end_run(run_id, "rest", abort=True)

    @get("/{run_id:str}/prompt", operation_id="runPrompt")
    async def prompt(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """What the run asks a person now; of several questions the oldest."""
        run = engine.project.automation.runs.get(run_id)
        return find_prompt(run.prompts, next(iter(run.prompts), "")).as_dict()

    @post("/{run_id:str}/prompt", operation_id="answerPrompt", status_code=200)
    async def answer(self, engine: Engine, run_id: str, data: PromptAnswer) -> dict[str, Any]:
        """Answer it; the run goes on."""
        run = engine.project.automation.runs.get(run_id)
        run.answer(data.answer, data.step, data.by or "rest")
        return run.as_dict()

    @get("/{run_id:str}/events", operation_id="runEvents")
    async def events(
        self,
        engine: Engine,
        run_id: str,
        last: Annotated[str | None, Parameter(header="Last-Event-ID", max_length=40)] = None,
    ) -> ServerSentEvent:
        """Server-sent events of one run until it has finished: first the run as it is.

        Whoever comes back with the id of the last event also gets the steps that changed since.
        """
        await engine.project.automation.runs.describe(run_id)  # an unknown one is refused here
        return ServerSentEvent(_stream(engine, run_id, _moment(last)))


def _moment(last: str | None) -> float | None:
    """The time an id of an event stands for; None for what is no id of ours."""
    try:
        found = float(last or "nan")
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _message(kind: str, content: Mapping[str, Any], at: float) -> ServerSentEventMessage:
    """One event; its id is its time, so it says from when somebody has to catch up."""
    return ServerSentEventMessage(
        data=encode(content).decode(), event=kind, id=f"{at:.6f}", retry=2000
    )


async def _missed(engine: Engine, run_id: str, since: float) -> list[ServerSentEventMessage]:
    """Steps that began or ended at or after a moment."""
    found = []
    for row in await engine.project.automation.runs.steps(run_id):
        at = row["ended"] if row["ended"] is not None else row["started"]
        if at >= since:
            what = "started" if row["ended"] is None else "ended"
            found.append(_message("run_step", {**row, "run": run_id, "event": what}, at))
    return found


async def _stream(
    engine: Engine, run_id: str, since: float | None
) -> AsyncIterator[ServerSentEventMessage]:
    queue = engine.bus.subscribe(
        ("event/run", "event/run_step", "event/run_cycle", "event/run_prompt"),
        name=f"events of run {run_id}",
        policy=Overflow.CLOSE,
        bound=2000,
    )
    try:
        # Read after subscribing: an end that came between the two would never be heard.
        first = await engine.project.automation.runs.describe(run_id)
        for message in await _missed(engine, run_id, since) if since is not None else ():
            yield message
        yield _message("run", first, engine.project.clock.now())
        state = first["state"]
        while state != "finished":
            for event in await _heard(queue):
                if event is None:
                    yield ServerSentEventMessage(comment="still there")
                    continue
                if run_id not in {event.payload.get("id"), event.payload.get("run")}:
                    continue
                yield _message(event.kind, event.payload, event.timestamp)
                state = event.payload.get("state", state) if event.kind == "run" else state
    except (Unavailable, asyncio.CancelledError):
        return
    finally:
        queue.close()


async def _heard(queue: Subscription) -> list[Event | None]:
    """Events, or None when there was none for a while."""
    try:
        async with asyncio.timeout(BEAT_S):
            return [one for one in await queue.wait() if isinstance(one, Event)]
    except TimeoutError:
        return [None]
