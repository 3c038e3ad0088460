"""A lab on paper: a virtual clock, samples by hand, and a protocol of what rules did and when."""

from collections.abc import Mapping, Sequence
from typing import Any

from ionpy_auto.automation.context import AlarmCall, PointRange, RunCall, WebCall
from ionpy_auto.automation.environment import LiveEnvironment, LocalEnvironment
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.hooks import Hooks
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.automation.topics import Topics
from ionpy_auto.automation.variables import Variables
from ionpy_auto.connections import Message, Publication, Wish
from ionpy_auto.connections.topics import matches
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Origin, Outcome, OutcomeKind
from ionpy_auto.core.errors import Conflict, Finding, Unavailable
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Scalar, Snapshot
from ionpy_auto.storage.recent import Recent

UNITS = {
    "PSU_01.u_out": "V",
    "PSU_01.u_set": "V",
    "PSU_01.i_set": "A",
    "PSU_01.i_ma": "mA",
    "PSU_01.i_out": "A",
    "PSU_01.temp": "°C",
    "PSU_01.on": "",
    "PSU_01.mode": "",
    "FAN_01.speed": "%",
}
RANGES = {"PSU_01.u_set": PointRange(0.0, 60.0, 0.01), "PSU_01.i_ma": PointRange(0.0, 5e3, 1.0)}
KINDS = {"PSU_01.on": "bool", "PSU_01.mode": "text"}


class PaperSite:
    """Two devices."""

    def __init__(self, units: Mapping[str, str] = UNITS) -> None:
        self.units = dict(units)

    def unit_of(self, address: str) -> str | None:
        return self.units.get(address)

    def kind_of(self, address: str) -> str:
        return KINDS.get(address, "number" if address in self.units else "")

    def channel(self, channel_id: str) -> None:
        return None

    def cell(self, name: str) -> None:
        return None

    def profile(self, name: str) -> tuple[None, list[Finding]]:
        return None, []

    def is_writable(self, address: str) -> bool:
        return not address.endswith("_out")

    def has_device(self, device_id: str) -> bool:
        return any(point.startswith(f"{device_id}.") for point in self.units)

    def range_of(self, address: str) -> PointRange | None:
        is_number = self.kind_of(address) == "number" and self.is_writable(address)
        return RANGES.get(address, PointRange(0.0, 100.0, 0.01)) if is_number else None


def paper_run(run_id: str, channel: str) -> dict[str, Any]:
    """A run as the lab describes it."""
    return {"id": run_id, "bindings": {"channel": channel} if channel else {}}


class PaperBroker:
    """Sends what is published back to whoever listens, as a broker does."""

    def __init__(self, lab: "PaperLab") -> None:
        self._lab = lab
        self._heard: list[tuple[Wish, Any]] = []
        self.is_up = True

    def listen(self, wish: Wish, tell: Any) -> Any:
        self._heard.append((wish, tell))
        return lambda: self._heard.remove((wish, tell))

    def receive(self, topic: str, payload: bytes | str, *, retained: bool = False) -> None:
        raw = payload.encode() if isinstance(payload, str) else payload
        for wish, tell in tuple(self._heard):
            if matches(wish.topic, topic) and (wish.retained or not retained):
                tell(Message("lab", topic, raw, 0, retained))

    async def publish(self, what: Publication) -> Mapping[str, Any]:
        if not self.is_up:
            msg = "broker lab is offline"
            raise Unavailable(msg, code="BROKER_OFFLINE")
        self._lab.note("publish", (what.topic, what.payload.decode(), what.qos, what.retain))
        await self._lab.clock.sleep(0)
        self.receive(what.topic, what.payload)
        return {"topic": what.topic, "acknowledged": what.qos > 0}


class PaperLab:
    """Notes everything rules do."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.bus = Bus()
        self.values = LiveValues()
        self.recent = Recent(self.bus)
        self.done: list[tuple[float, str, Any]] = []
        self.refuse: set[str] = set()
        self.echo = False
        self.write_takes = 0.0
        self.session: int | None = None
        self.broker = PaperBroker(self)
        self.board = Topics(self.broker, self.clock)
        self.variables = Variables(None, self.bus, self.clock)
        self.hooks = Hooks(self.clock)
        self.runs: list[dict[str, Any]] = []
        self.answer: Any = {"status": 200, "body": "ok"}
        self.bus.tap("sample/", self.values.update)
        self.recent.start()
        self.bus.tap("event/", self._event)
        self.events: list[Event] = []

    def _event(self, event: Event) -> None:
        self.events.append(event)

    def note(self, what: str, value: Any) -> dict[str, Any]:
        self.done.append((round(self.clock.monotonic(), 3), what, value))
        return {"ok": True}

    def sample(
        self,
        point: str,
        value: Scalar | None,
        quality: Quality = Quality.GOOD,
    ) -> None:
        now = self.clock.monotonic()
        sample = Sample(
            point, value, UNITS.get(point, ""), quality, AlarmState.NORMAL, self.clock.now(), now
        )
        self.bus.publish(Snapshot(point.partition(".")[0], self.clock.now(), now, 0.0, (sample,)))

    def event(self, kind: str, **payload: Any) -> None:
        self.bus.publish(Event(kind, payload, self.clock.now(), self.clock.monotonic()))

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        if point in self.refuse:
            msg = f"{point} is held by run:7"
            raise Conflict(msg, code="OWNED")
        if self.write_takes:
            await self.clock.sleep(self.write_takes)
        self.note("set", (point, value, origin.id))
        if self.echo:
            self.sample(point, value)
        return Outcome(OutcomeKind.DONE, value, value, value, self.clock.monotonic())

    async def marker(
        self, label: str, *, device: str | None = None, color: str | None = None, notes: str = ""
    ) -> Mapping[str, Any]:
        self.event("marker", label=label, action="added")
        return self.note("marker", label)

    async def alarm(self, call: AlarmCall) -> Mapping[str, Any]:
        return self.note("alarm" if call.active else "alarm off", (call.key, call.text))

    async def export(
        self, *, file_format: str, device: str | None, session_id: int | None
    ) -> Mapping[str, Any]:
        return self.note("export", (file_format, device, session_id))

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        return self.note("notify", (to, message))

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.note("session", name)

    async def stop_session(self) -> Mapping[str, Any]:
        return self.note("session", None)

    async def safe_state(
        self, devices: Sequence[str] | None, owner: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        del owner
        self.note("safe_state", None if devices is None else tuple(devices))
        return [{"device": "PSU_01", "ok": True}]

    async def panic(self, by: str, reason: str) -> None:
        self.note("panic", by)

    @property
    def topics(self) -> Topics:
        return self.board

    def range_of(self, point: str) -> PointRange | None:
        return PaperSite().range_of(point)

    async def acknowledge(self, key: str, by: str, comment: str) -> Mapping[str, Any]:
        return self.note("ack", (key, by, comment))

    async def start_run(self, call: RunCall) -> Mapping[str, Any]:
        self.note("run", call)
        self.runs.append(paper_run(f"r{len(self.runs) + 1}", call.channel))
        return {**self.runs[-1], "state": "starting"}

    async def stop_run(self, run_id: str, *, abort: bool, by: str) -> Mapping[str, Any]:
        self.note("abort" if abort else "stop", (run_id, by))
        return {"id": run_id, "state": "stopping"}

    def active_runs(self) -> Sequence[Mapping[str, Any]]:
        return self.runs

    async def request(self, call: WebCall) -> Mapping[str, Any]:
        self.note("http", call)
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict(self.answer)


class Timeline:
    """``await lab.at(1).sample(...)``; then what was done between two times."""

    def __init__(self, store: Any = None, timezone: Any = None) -> None:
        self.lab = PaperLab()
        live = LiveEnvironment(self.lab.values, self.lab.recent, self.lab.clock)
        self.env = LocalEnvironment(live, {"session.id": lambda: self.lab.session})
        self.engine = RuleEngine(self.lab, self.env, store, timezone)

    async def until(self, seconds: float) -> None:
        """Let virtual time pass to this second."""
        await self.lab.clock.sleep(seconds - self.lab.clock.monotonic())

    async def at(self, seconds: float, point: str, value: Scalar | None) -> None:
        """A sample at this second; None is one of bad quality."""
        await self.until(seconds)
        self.lab.sample(point, value, Quality.GOOD if value is not None else Quality.BAD)
        await self.settle()

    async def settle(self) -> None:
        await self.lab.clock.sleep(0)
        await self.lab.clock.sleep(0)

    def load(self, text: str, site: Any = None) -> Flow:
        flow = flow_of(text, site)
        self.engine.put(flow.id, flow)
        return flow

    def did(self, what: str, first: float = 0.0, last: float = 1e12) -> list[Any]:
        return [v for t, name, v in self.lab.done if name == what and first <= t <= last]

    def rule(self, rule_id: str) -> dict[str, Any]:
        return next(rule for rule in self.engine.list() if rule["id"] == rule_id)


def flow_of(text: str, site: Any = None) -> Flow:
    flow, findings = read_flow(text, "test.yaml", site or PaperSite())
    assert flow is not None, [str(finding) for finding in findings]
    return flow


def one_rule(rule: str, flow_id: str = "f") -> str:
    """A flow with one rule; ``rule`` is indented YAML without the id."""
    body = "\n".join("    " + line for line in rule.strip("\n").splitlines())
    return f"version: 1\nid: {flow_id}\nrules:\n  - id: r\n{body}\n"
