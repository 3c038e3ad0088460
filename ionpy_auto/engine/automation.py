"""The automation of an open project: alarms, flows, rules and runs, built and wired in order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from ionpy_auto.alarms import heartbeat
from ionpy_auto.alarms.ack_links import AckLinks
from ionpy_auto.alarms.channels import Kit
from ionpy_auto.alarms.dispatcher import Dispatcher
from ionpy_auto.alarms.heartbeat import Heartbeat, read_heartbeat
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.alarms.messages import Texts
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.receivers import Receivers
from ionpy_auto.alarms.routing import Routing
from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_desk import FlowDesk
from ionpy_auto.automation.flows import FlowStore, layers_of
from ionpy_auto.automation.hooks import Hooks
from ionpy_auto.automation.names import Site, channel_units
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.automation.rules.references import Known, check_references
from ionpy_auto.automation.rules.shared import check_shared
from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.automation.schema import flow_schema
from ionpy_auto.automation.scripts.desk import ScriptDesk
from ionpy_auto.automation.scripts.journal import ScriptJournal
from ionpy_auto.automation.scripts.manager import ScriptManager
from ionpy_auto.automation.scripts.native import Interpreters
from ionpy_auto.automation.scripts.sandbox import Sandbox
from ionpy_auto.automation.scripts.store import ScriptStore
from ionpy_auto.automation.scripts.trust import ScriptTrust
from ionpy_auto.automation.sequences.callbacks import Callbacks
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.sequences.manager import RunKit, RunManager
from ionpy_auto.automation.sequences.resume import resume_findings
from ionpy_auto.automation.sequences.run import Run, RunRequest, RunState
from ionpy_auto.automation.starting import StartArms
from ionpy_auto.automation.topics import Topics
from ionpy_auto.automation.variables import Variables
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import (
    Conflict,
    Finding,
    IonpyError,
    NotFound,
    Rejected,
    StaleRevision,
)
from ionpy_auto.core.files import read_json, revision_of, shipped_path, write_json
from ionpy_auto.core.samples import Scalar
from ionpy_auto.engine.alarm_desk import surroundings
from ionpy_auto.engine.scripting import WorkbenchDesk
from ionpy_auto.language import Fields
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.sessions import ChannelRecording

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench

log = structlog.get_logger(__name__)

Answer = dict[str, Any]

PAUSE_PATIENCE_S = 20.0
PREDICTIONS = "predictions"
TEXT_POINTS = frozenset({"phase", "step"})


class Automation:
    """Owns what acts by itself.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench
        engine = bench.engine
        self.env = LocalEnvironment(
            bench.env,
            {
                "session.id": lambda: self._session("id"),
                "session.name": lambda: self._session("name"),
            },
        )
        self.alarms: AlarmManager = AlarmManager(
            bench.database,
            bench.bus,
            bench.clock,
            session_id=lambda: self._number(self._session("id")),
            marker=self._mark,
            around=surroundings(bench, self.env),
        )
        self.webhook = Outward(bench.clock, engine.settings.webhook_allow)
        secrets = Secrets(engine.home.root / "config" / "secrets.json")
        self._reader = ReceiverReader(secrets)
        self.receivers = Receivers(Kit(bench.clock, self.webhook, engine.event), secrets)
        self.outbox = Outbox(
            bench.database, bench.bus, bench.clock, self.receivers, self._path_changed
        )
        self.links = AckLinks(
            bench.database,
            bench.clock,
            secrets,
            engine.settings.public_url,
            self.alarms.acknowledge,
        )
        self.receivers.fill = self.links.fill
        texts = Texts(
            engine.settings.public_url, bench.project.file.name, is_simulated=bench.clock.is_virtual
        )
        self.dispatcher = Dispatcher(bench.database, bench.bus, self.outbox, texts, self.links)
        self.variables = Variables(bench.project.path("variables.json"), bench.bus, bench.clock)
        self.hooks = Hooks(bench.clock)
        self.topics = Topics(bench.connections, engine.clock)
        self.flows = FlowStore(
            layers_of(bench.project.folder, engine.home.root / "rules", shipped_path("rules")),
            bench.site,
            bench.bus,
            bench.clock,
            (self._check,),
            self._is_running,
            self._judged,
            self._remarks,
        )
        self.starts = StartArms(
            engine.home.root / "config" / "armed_flows.json",
            bench.project.folder.resolve().as_posix(),
            engine.clock,
        )
        kept = engine.home.folder("var") / "flow-versions"
        self.desk = FlowDesk(
            self.flows,
            bench.bus,
            {"project": kept / bench.project.id, "server": kept / "server"},
        )
        self.rules = RuleEngine(bench.lab, self.env, DatabaseRuleStore(bench.database))
        self.rules.may_start = self.starts.is_armed
        self.runs = RunManager(
            RunKit(
                lab=bench.lab,
                devices=bench.devices,
                gate=bench.gate,
                environment=bench.env,
                shelf=self,
                site=bench.site,
                sessions=bench.sessions,
                database=bench.database,
                accepted=self._accepted,
                recording=ChannelRecording(bench.database, bench.recorder.tables),
                may_resume=self.starts.why_not,
                text_of=bench.site.text_of,
                mains_w=self._mains_w,
            )
        )
        self._outward = Outward(engine.clock, engine.settings.webhook_allow)
        self.heartbeat = Heartbeat(
            self._outward,
            engine.clock,
            secrets,
            {"dispatcher": self.dispatcher.sick, "outbox": self.outbox.sick},
            self._vital,
        )
        self.callbacks = Callbacks(
            self._outward, engine.clock, self.runs.journal, self.runs.describe
        )
        sandbox = Interpreters(Sandbox(bench.clock), bench.clock)
        self.script_trust: ScriptTrust = ScriptTrust(
            engine.home.root, bench.project.path("scripts"), engine.clock
        )
        self.scripts: ScriptManager = ScriptManager(
            WorkbenchDesk(bench),
            ScriptStore(
                bench.project.path("scripts"),
                sandbox,
                bench.bus,
                bench.clock,
                self.script_trust.require,
            ),
            sandbox,
            ScriptJournal(bench.database),
            engine.latch,
            lambda: engine.audit,
        )
        script_versions = engine.home.folder("var") / "script-versions" / bench.project.id
        self.script_desk = ScriptDesk(self.scripts.store, bench.clock, script_versions)
        self._known: tuple[Sequence[Flow], Known] | None = None
        self._thinned: dict[str, list[Callable[[], None]]] = {}
        self._leave: list[Callable[[], None]] = []

    def _accepted(self, channel_id: str) -> Mapping[str, Mapping[str, Any]]:
        """What persons accepted for the channel file as it is now."""
        path = self._bench.site.channels.paths().get(channel_id)
        if path is None:
            return {}
        digest = revision_of(path.read_text(encoding="utf-8"))
        return self._bench.engine.acceptances.of(self._bench.project.id, channel_id, digest)

    def _session(self, field: str) -> Scalar | None:
        active = self._bench.sessions.active
        return None if active is None else active[field]

    @staticmethod
    def _number(value: Scalar | None) -> int | None:
        return value if isinstance(value, int) else None

    async def _mark(self, label: str, device: str | None) -> None:
        await self._bench.markers.add(label, device_id=device)

    def _check(self, flow: Flow, site: Site) -> list[Finding]:
        found = check_flow(flow, site, self._bench.devices)
        return [*found, *resume_findings(flow, self.runs.may_resume)]

    def _judged(self, flow: Flow, findings: list[Finding]) -> list[Finding]:
        return self.starts.judged(flow, findings)

    def _remarks(self, flow: Flow) -> list[Finding]:
        """What a flow names and is not there, as things are now."""
        flows = self.flows.live()
        if self._known is None or self._known[0] is not flows:
            self._known = (flows, Known(flows=flows))
        known = replace(
            self._known[1],
            scripts=self.scripts.store.names() if "script" in flow.text else None,
            brokers=list(self._bench.connections.connections),
            receivers=self.receivers.names,
        )
        return [*check_references(flow, known), *check_shared(flow, flows)]

    def _is_running(self, flow_id: str) -> bool:
        return any(run.flow.id == flow_id for run in self.runs.active())

    # -- life -------------------------------------------------------------------------------

    async def before_devices(self) -> None:
        """Alarms hear the first sample."""
        await self.alarms.start()
        await asyncio.to_thread(self.links.start)
        await self.outbox.start()
        desk = self._bench.engine.routing
        self.receivers.take(self._reader.all(desk.routing))
        project = {"project": self._bench.project.slug}
        silenced = desk.silences.covering
        await self.dispatcher.start(self.alarms, lambda: project, desk.routing, silenced)
        self._leave.append(desk.follow(self._rerouted))
        self._beat_as(desk.routing)
        self._leave.append(self.runs.held.watch())

    async def start(self) -> None:
        """Everything else, once devices were looked at."""
        known = {*self._bench.devices.stacks, *self._bench.site.channels.paths()}
        self.alarms.devices_loaded(None if self._bench.devices_file.unread else known)
        for channel_id in self._bench.site.channels.paths():
            await self._open_channel(channel_id)
        if problem := self.variables.start():
            self.server_alarm("server/variables", problem, active=True)
        await self.runs.start_up()
        await self.callbacks.start()
        self.desk.start()
        self.starts.start()
        await self.scripts.start_up()
        await self.flows.start()
        await self.rules.start()
        self.rules.follow(self.flows)
        for armed in self.starts.summary(self.flows.live()):
            log.warning("armed to drive outputs after a start", **armed)
        self.rules.tell_started()
        self._leave += [
            self._bench.bus.tap("event/run", self._run_changed),
            self._bench.bus.tap(
                ("event/device_added", "event/device_updated"), self._devices_changed
            ),
        ]

    async def stop(self) -> None:
        """Scripts and runs to their end, rules silent."""
        await self.scripts.stop()
        await self.runs.stop()
        await self.callbacks.stop()
        await self.rules.stop()
        await self.flows.stop()
        self.desk.stop()
        for leave in self._leave:
            leave()
        self._leave.clear()
        self.alarms.expect_offline()

    async def after_devices(self) -> None:
        """Alarms hear the last sample."""
        await self.heartbeat.stop()
        await self.alarms.stop()
        await self.dispatcher.stop()
        await self.outbox.stop()

    async def _open_channel(self, channel_id: str) -> None:
        columns = [
            EntityColumn(name, "text" if name in TEXT_POINTS else "numeric", unit)
            for name, unit in channel_units(self._bench.site.channel(channel_id)).items()
        ]
        try:
            await self._bench.recorder.declare(channel_id, columns)
            self.runs.channel(channel_id)
        except IonpyError as error:
            log.warning("channel cannot be opened", channel=channel_id, reason=error.message)

    def _devices_changed(self, event: Event) -> None:
        del event
        for channel_id in self._bench.site.channels.paths():
            if channel_id not in self.runs.channels:
                self._bench.tasks.start("open channel", self._open_channel(channel_id))

    def _run_changed(self, event: Event) -> None:
        """While a run runs its rules live and its ``record`` block thins what is stored."""
        run_id, state = str(event.payload.get("id")), event.payload.get("state")
        if state == "running" and run_id not in self._thinned:
            run = self.runs.runs.get(run_id)
            if run is not None:
                self._thinned[run_id] = self._begin_run(run)
        elif state == "finished":
            for undo in self._thinned.pop(run_id, ()):
                undo()
            run = self.runs.runs.get(run_id)
            if run is not None and run.request.callback_url:
                self._bench.tasks.start(f"over {run_id}", self._call_back(run))

    async def _call_back(self, run: Run) -> None:
        await run.done.wait()  # its books are closed
        self.callbacks.tell(run.id, run.request.callback_url)

    def _begin_run(self, run: Run) -> list[Callable[[], None]]:
        undo = [self.rules.add_run(run)]
        record = run.flow.record
        if record is not None and run.channel is not None:
            changes = record.on_change.model_dump(exclude_none=True) if record.on_change else {}
            changes |= {"step_count": 1.0, "edge": 1.0, "phase": 1.0}
            thin = self._bench.recorder.thin
            undo.append(thin(run.channel.id, record.every, changes))
            wiring = run.flow.names.channel
            devices = {*run.leased, *(wiring.devices if wiring is not None else ())}
            undo += [thin(device, record.every) for device in sorted(devices)]
        return undo

    def _mains_w(self) -> float | None:
        limits = self._bench.project.file.limits
        return limits.mains_power if limits is not None else None

    # -- runs -------------------------------------------------------------------------------

    def flow_text(self, flow_id: str) -> tuple[str, str]:
        """Text and file name of the live version of a flow: what a run reads.

        Raises:
            NotFound: No such flow.
            Rejected: It never was without errors.
        """
        entry = self.flows.get(flow_id)
        flow = self.flows.flow(flow_id)
        if flow is None:
            found = [Finding(**finding) for finding in entry["findings"]]
            msg = f"flow {flow_id!r} has errors"
            raise Rejected(msg, code="FLOW_INVALID", hint="see the findings", findings=found)
        return flow.text, entry["file"]

    def abort_runs(self, reason: str) -> None:
        """Tell every run to end at once."""
        for run in self.runs.active():
            run.interrupt("aborted", "panic", reason)

    def active_runs(self) -> list[Run]:
        """Runs that have not finished."""
        return self.runs.active()

    async def pause_run(self, run_id: str) -> None:
        """Pause a run and wait until its outputs are off; one that is paused stays so.

        Raises:
            Conflict: It cannot be paused now, or does not come to rest in time.
        """
        run = self.runs.get(run_id)
        rested = asyncio.Event()
        leave = self._bench.bus.tap("event/run", lambda _event: self._look(run, rested))
        try:
            if run.state is not RunState.PAUSED:
                self.runs.pause(run_id)
                async with self._bench.clock.timeout(PAUSE_PATIENCE_S):
                    await rested.wait()
        except TimeoutError:
            msg = f"run {run_id} does not come to rest"
            raise Conflict(msg, code="OWNED", hint="stop the run", args={"owner": run_id}) from None
        finally:
            leave()

    @staticmethod
    def _look(run: Run, rested: asyncio.Event) -> None:
        if run.state in {RunState.PAUSED, RunState.FINISHED}:
            rested.set()

    async def check_run(self, request: RunRequest) -> dict[str, Any]:
        """What a start would find, without starting."""
        return await self.runs.check(request)

    async def start_run(self, request: RunRequest) -> dict[str, Any]:
        """Check everything, then start."""
        if request.callback_url:
            await self._outward.check(request.callback_url)
        run = await self.runs.start(request)
        self._bench.engine.audit.event(
            "run_started", request.actor, {"run": run.id, "sequence": request.sequence}
        )
        if request.prediction is not None:
            await self._keep_prediction(run.id, request.prediction)
        return run.as_dict()

    async def _keep_prediction(self, run_id: str, prediction: Mapping[str, Any]) -> None:
        """With the project, for the report; a run does not fail because of it."""
        path = self._prediction_file(run_id)

        def write() -> None:
            path.parent.mkdir(exist_ok=True)
            write_json(path, dict(prediction), backup=False)

        try:
            with self._bench.clock.hold():
                await asyncio.to_thread(write)
        except (IonpyError, OSError) as error:
            log.warning("prediction not stored", run=run_id, error=str(error))

    def _prediction_file(self, run_id: str) -> Path:
        return self._bench.project.path(PREDICTIONS, f"{run_id}.json")

    async def prediction(self, run_id: str) -> dict[str, Any]:
        """What was predicted before a run.

        Raises:
            NotFound: Nothing was.
        """
        path = self._prediction_file(run_id)
        if not path.is_file():
            raise NotFound(f"nothing was predicted for run {run_id}", hint="start with preflight")
        with self._bench.clock.hold():
            found = await asyncio.to_thread(read_json, path)
        return found if isinstance(found, dict) else {}

    # -- rules ------------------------------------------------------------------------------

    async def switch_rule(self, rule_id: str, *, enabled: bool, by: str) -> dict[str, Any]:
        """Switch a rule on or off at run time."""
        rule = await self.rules.set_enabled(rule_id, enabled=enabled)
        self._audit("rule_switched", by, {"rule": rule_id, "enabled": enabled})
        return rule

    async def switch_action(
        self, rule_id: str, place: str, *, enabled: bool | None, by: str
    ) -> dict[str, Any]:
        """Switch one action of a rule on or off at run time (None: as the file says)."""
        rule = await self.rules.set_action_enabled(rule_id, place, enabled=enabled)
        detail = {"rule": rule_id, "action": place, "enabled": enabled}
        self._audit("rule_action_switched", by, detail)
        return rule

    def _audit(self, action: str, by: str, detail: dict[str, Any]) -> None:
        self._bench.engine.audit.event(action, by, detail)

    async def resume_run(self, run_id: str, by: str) -> dict[str, Any]:
        """Go on after a pause, or with a held run."""
        run = await self.runs.resume_run(run_id, by)
        details = {"run": run.id, "sequence": run.flow.id, "resumed": run.past.resumed[-1:]}
        self._bench.engine.audit.event("run_resumed", by, details)
        return run.as_dict()

    async def end_run(self, run_id: str, by: str, *, abort: bool) -> dict[str, Any]:
        """Stop or abort a run, also a held one."""
        run = await self.runs.end_run(run_id, abort=abort, by=by)
        what = "run_aborted" if abort else "run_stopped"
        self._bench.engine.audit.event(what, by, {"run": run_id})
        return dict(run)

    async def change_variables(
        self,
        by: str,
        values: Mapping[str, Scalar],
        amounts: Mapping[str, float],
        remove: Sequence[str],
    ) -> Answer:
        """Change variables for a person or another program, all or none."""
        await self.variables.change(values, amounts, by, remove)
        wanted = {"set": dict(values), "add": dict(amounts), "remove": list(remove)}
        self._audit("variables_changed", by, {key: one for key, one in wanted.items() if one})
        items = self.variables.list()
        return {"items": items, "total": len(items)}

    # -- flows ------------------------------------------------------------------------------

    async def arm_start(self, flow_id: str, text: str | None, revision: str, by: str) -> Answer:
        """Arm a flow to drive outputs after a start: its file as it is, or a text to be saved.

        Raises:
            StaleRevision: The file, or the text, is not of that revision.
            Conflict: Nothing in it needs arming.
            Rejected: It has other errors, or is another flow.
        """
        shown = self.flows.text_of(flow_id) if text is None else text
        if revision_of(shown) != revision:
            msg = f"flow {flow_id!r} is not what was read"
            args = {"current_revision": revision_of(shown)}
            raise StaleRevision(msg, hint="read it again, then arm it", args=args)
        flow, findings = self.flows.typed(shown, f"{flow_id}.yaml")
        if flow is None or flow.id != flow_id:
            msg = f"the text is no flow {flow_id!r}"
            raise Rejected(msg, code="FLOW_INVALID", hint="see the findings", findings=findings)
        with self._bench.clock.hold():
            entry = await asyncio.to_thread(self.starts.arm, flow, findings, by)
        await self._start_changed("flow_start_armed", flow_id, by, dict(entry))
        return {"id": flow_id, "armed": self.start_of(flow_id)}

    async def disarm_start(self, flow_id: str, by: str) -> Answer:
        """Arm it no more."""
        self.flows.text_of(flow_id)
        with self._bench.clock.hold():
            was = await asyncio.to_thread(self.starts.disarm, flow_id)
        if was:
            await self._start_changed("flow_start_disarmed", flow_id, by, {})
        return {"id": flow_id, "armed": None}

    def start_of(self, flow_id: str) -> Answer | None:
        """Who armed a flow when; ``valid`` is false once its text has changed."""
        entry, live = self.starts.entry(flow_id), self.flows.flow(flow_id)
        if entry is None:
            return None
        return {**entry, "valid": live is not None and self.starts.is_armed(live)}

    async def _start_changed(self, what: str, flow_id: str, by: str, detail: Answer) -> None:
        self._audit(what, by, {"flow": flow_id, **detail})
        await self.flows.recheck()
        self._bench.engine.event(what, {"flow": flow_id, "by": by})

    def flow_revisions(self) -> dict[str, str]:
        """Flow id → content hash of the live version."""
        return dict(self.flows.revisions())

    @staticmethod
    def schema() -> dict[str, Any]:
        """JSON Schema of flow files."""
        return flow_schema()

    # -- alarms -----------------------------------------------------------------------------

    def server_alarm(self, key: str, text: str, *, active: bool) -> None:
        """Raise or clear an alarm of the server itself."""
        work = (
            self.alarms.raise_alarm(key, severity="critical", text=text)
            if active
            else self.alarms.clear(key)
        )
        self._bench.tasks.start("server alarm", work)

    def _rerouted(self, routing: Routing) -> None:
        """Another routing file is in force."""
        self.receivers.take(self._reader.all(routing))
        self.dispatcher.reroute(routing, self._bench.engine.routing.silences.covering)
        self._beat_as(routing)

    def _beat_as(self, routing: Routing) -> None:
        config = read_heartbeat(routing.extras.get(heartbeat.KEY), Fields(None, "", []))
        self._bench.tasks.start("heartbeat", self.heartbeat.follow(config))

    def _vital(self) -> Answer:
        """What a sign of life tells besides."""
        return {
            "project": self._bench.project.slug,
            "alarms": self.alarms.counts(),
            "messages": self.outbox.status()["under_way"],
            "loop_lag_ms": round(self._bench.engine.loop_lag_s * 1000, 1),
        }

    def receivers_shown(self) -> Answer:
        """All receivers and how delivery to them goes."""
        items = self.receivers.shown(self.outbox.paths())
        return {"items": items, "total": len(items)}

    async def acknowledge_by_link(self, token: str, name: str) -> Answer:
        """What the button behind a link of a message does."""
        shown = await self.links.use(token, name)
        if shown["state"] == "done":
            detail = {"alarms": shown["alarms"], "receiver": shown["receiver"]}
            self._audit("alarms_acknowledged_by_link", f"link:{shown['used_by']}", detail)
        return shown

    async def look_at_link(self, token: str) -> Answer:
        """What a link of a message is about, with the alarms that are still there."""
        shown = await self.links.look(token)
        there = [one for one in self.alarms.active() if one["id"] in shown["alarms"]]
        return {**shown, "there": there}

    async def _path_changed(self, receiver: str, error: str) -> None:
        """A receiver is not reached, or is again: that is an alarm by itself."""
        key = f"server/notification/{receiver}"
        if error:
            text = f"{receiver} gets no messages: {error}"
            await self.alarms.raise_alarm(key, severity="warning", text=text)
        else:
            await self.alarms.clear(key)

    # -- to be looked at --------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Active alarms, runs and scripts."""
        return {
            "alarms": self.alarms.active(),
            "runs": [run.as_dict() for run in (*self.runs.active(), *self.runs.held)],
            "script_runs": [run.as_dict() for run in self.scripts.active()],
            "armed_flows": self.starts.summary(self.flows.live()),
            "channels": [{"id": channel_id} for channel_id in self.runs.channels],
        }
