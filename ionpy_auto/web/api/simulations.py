"""Tests of rules and flows without touching hardware: validate, dry run, back-test, simulate."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, post

from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.engine import Engine
from ionpy_auto.simulation.backtest import MAX_FIRINGS, zone_of
from ionpy_auto.simulation.dry_run import dry_run, dry_run_all
from ionpy_auto.simulation.glance import LONGEST, MOST, glance
from ionpy_auto.simulation.jobs import Kind, simulations_of
from ionpy_auto.simulation.simulate import MOST_HOURS

Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=4e9)]
Scalar = bool | int | float | str


class RulesText(msgspec.Struct, forbid_unknown_fields=True):
    """What to validate: a text, or a flow or rule by its id."""

    text: Text | None = None
    id: str | None = None
    file: str = ""


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    """A text in place of the saved one."""

    text: Text | None = None


class Evaluation(msgspec.Struct, forbid_unknown_fields=True):
    """Expressions, and the flow they stand in."""

    expressions: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=LONGEST)]], msgspec.Meta(max_length=MOST)
    ]
    flow: Annotated[str, msgspec.Meta(max_length=100)] = ""
    channel: Annotated[str, msgspec.Meta(max_length=100)] = ""
    cell: Annotated[str, msgspec.Meta(max_length=200)] = ""
    parameters: dict[str, Scalar] = {}


class BacktestRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Over which recording: a session, or a range of time."""

    session_id: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    start: Moment | None = msgspec.field(default=None, name="from")
    end: Moment | None = msgspec.field(default=None, name="to")
    text: Text | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = MAX_FIRINGS
    timezone: Annotated[str, msgspec.Meta(max_length=100)] = ""


class SimulateRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How to simulate a flow."""

    text: Text | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=MOST_HOURS)] | None = None
    channel: str = ""
    parameters: dict[str, Scalar] = {}


class RuleTestsController(Controller):
    """Rules and flows, tested."""

    path = "/api"
    tags = ("rules",)

    @post("/rules/validate", operation_id="validateRules", status_code=200)
    async def validate(self, engine: Engine, data: RulesText) -> dict[str, Any]:
        """All findings of a text, or of a flow or rule that is there; nothing is kept."""
        flows = engine.project.automation.flows
        if (data.text is None) == (data.id is None):
            msg = "either text or id is needed"
            raise BadInput(msg, hint='{"id": "flow/rule"} or {"text": "version: 1 …"}')
        if data.text is not None:
            return _with_rules(await flows.check(data.text, data.file))
        flow_id, _, rule = str(data.id).partition("/")
        saved = flows.get(flow_id)
        answer = _with_rules(await flows.check(saved["text"], saved["file"]))
        if rule and answer["ok"] and data.id not in {found["id"] for found in answer["rules"]}:
            msg = f"there is no rule {data.id!r}"
            raise NotFound(msg, hint="GET /api/rules lists them")
        return answer

    @post("/expressions/evaluate", operation_id="evaluateExpressions", status_code=200)
    async def evaluate(self, engine: Engine, data: Evaluation) -> dict[str, Any]:
        """What each expression is worth now, or why nobody knows; nothing is kept or sent."""
        head = {"channel": data.channel, "cell": data.cell}
        return glance(engine.project, data.expressions, data.flow, head, data.parameters)

    @post("/rules/{flow_id:str}/{rule_id:str}/dry-run", operation_id="dryRunRule", status_code=200)
    async def dry_run(
        self, engine: Engine, flow_id: str, rule_id: str, data: Draft | None = None
    ) -> dict[str, Any]:
        """What the rule sees and would do now, and what the gate would refuse; nothing is sent."""
        return await dry_run(engine.project, f"{flow_id}/{rule_id}", data.text if data else None)

    @post("/flows/{flow_id:str}/dry-run", operation_id="dryRunFlow", status_code=200)
    async def dry_run_flow(
        self, engine: Engine, flow_id: str, data: Draft | None = None
    ) -> dict[str, Any]:
        """The same of all rules of a flow."""
        return await dry_run_all(engine.project, flow_id, data.text if data else None)

    @post(
        "/rules/{flow_id:str}/{rule_id:str}/backtest",
        operation_id="backtestRule",
        status_code=202,
    )
    async def backtest(
        self, engine: Engine, flow_id: str, rule_id: str, data: BacktestRequest
    ) -> Response[dict[str, Any]]:
        """Start a back-test of one rule; the others of its flow work beside it."""
        return await _start_backtest(engine, flow_id, f"{flow_id}/{rule_id}", data)

    @post("/flows/{flow_id:str}/backtest", operation_id="backtestFlow", status_code=202)
    async def backtest_flow(
        self, engine: Engine, flow_id: str, data: BacktestRequest
    ) -> Response[dict[str, Any]]:
        """Start a back-test of all rules of a flow."""
        return await _start_backtest(engine, flow_id, "", data)

    @post("/flows/{flow_id:str}/simulate", operation_id="simulateFlow", status_code=202)
    async def simulate(
        self, engine: Engine, flow_id: str, data: SimulateRequest | None = None
    ) -> Response[dict[str, Any]]:
        """Start a simulation of sequence and rules on virtual devices."""
        wanted = data or SimulateRequest()
        if wanted.text is None:
            engine.project.automation.flow_text(flow_id)  # says what is wrong at once
        job = {
            "folder": str(engine.project.project.folder),
            "home": str(engine.home.root),
            "flow": flow_id,
            "text": wanted.text or "",
            "hours": wanted.hours,
            "channel": wanted.channel,
            "parameters": wanted.parameters,
        }
        about = {"flow": flow_id, "draft": wanted.text is not None, "hours": wanted.hours}
        return _started(engine, "simulate", job, about)


class SimulationsController(Controller):
    """Tests under way in a worker process, and the last ones."""

    path = "/api/simulations"
    tags = ("rules",)

    @get(operation_id="listSimulations", sync_to_thread=False)
    def list_simulations(self, engine: Engine) -> dict[str, Any]:
        """Newest first, without their results."""
        items = simulations_of(engine).list()
        return {"items": items, "total": len(items)}

    @get("/{job_id:str}", operation_id="getSimulation", sync_to_thread=False)
    def one(self, engine: Engine, job_id: str) -> dict[str, Any]:
        """State, progress and result."""
        return simulations_of(engine).get(job_id)

    @delete("/{job_id:str}", operation_id="cancelSimulation", status_code=200)
    async def cancel(self, engine: Engine, job_id: str) -> dict[str, Any]:
        """End it; its process is gone when this answers."""
        return await simulations_of(engine).cancel(job_id)


def _with_rules(answer: dict[str, Any]) -> dict[str, Any]:
    outline = answer["outline"]
    return {**answer, "rules": outline["rules"] if outline else []}


async def _start_backtest(
    engine: Engine, flow_id: str, rule: str, data: BacktestRequest
) -> Response[dict[str, Any]]:
    if data.session_id is None and data.start is None and data.end is None:
        msg = "which recording?"
        raise BadInput(msg, hint='{"session_id": 3}, or {"from": …, "to": …}')
    zone_of(data.timezone)
    bench = engine.project
    text, file = (data.text, "draft") if data.text else bench.automation.flow_text(flow_id)
    await bench.recorder.flush()  # everything recorded so far takes part
    job = {
        "folder": str(bench.project.folder),
        "home": str(engine.home.root),
        "text": text,
        "file": file,
        "rule": rule,
        "session_id": data.session_id,
        "start": data.start,
        "end": data.end,
        "limit": data.limit,
        "timezone": data.timezone,
    }
    about = {
        "flow": flow_id,
        "rule": rule or None,
        "draft": data.text is not None,
        "session_id": data.session_id,
        "from": data.start,
        "to": data.end,
    }
    return _started(engine, "backtest", job, about)


def _started(
    engine: Engine, kind: Kind, job: dict[str, Any], about: dict[str, Any]
) -> Response[dict[str, Any]]:
    made = simulations_of(engine).start(kind, job, about)
    location = f"/api/simulations/{made['id']}"
    return Response(made, status_code=202, headers={"location": location})
