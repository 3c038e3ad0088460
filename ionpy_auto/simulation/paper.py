"""A lab on paper: takes every wish of an action, notes it and does nothing."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ionpy_auto.automation.context import AlarmCall, PointRange, RunCall, ScriptCall, WebCall
from ionpy_auto.automation.variables import Variables
from ionpy_auto.connections import Message, Publication, Wish
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Origin, Outcome, OutcomeKind
from ionpy_auto.core.samples import LiveValues, Scalar

Note = dict[str, Any]
MAX_NOTES = 500
ANYTHING = 1e12


class PaperLab:
    """The `Lab` of tests: what rules cause in each other (markers, alarms) happens on its bus.

    Args:
        clock: Time of the test.
        values: Latest samples of the test.

    Attributes:
        variables: In memory, known to the rules of the test alone.
        notes: What would have been done, oldest first; the last ones only.
    """

    def __init__(self, clock: Clock, values: LiveValues | None = None) -> None:
        self.clock = clock
        self.bus = Bus()
        self.values = values or LiveValues()
        self.notes: deque[Note] = deque(maxlen=MAX_NOTES)
        self.variables = Variables(None, self.bus, clock)
        self.hooks = _Board()
        self.topics = _Topics(self)
        self._alarms: dict[str, Mapping[str, Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Note]]:
        """Any further wish: noted by its name."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def wish(*args: object, **kwargs: object) -> Note:
            return self.note(name, args=[str(arg) for arg in args], **kwargs)

        return wish

    def note(self, wish: str, **what: object) -> Note:
        """Remember a wish; what is returned becomes the result of the action."""
        found: Note = {"would": wish, **what}
        self.notes.append(found)
        return found

    def publish(self, kind: str, payload: Mapping[str, Any], cause: tuple[str, ...] = ()) -> None:
        """Tell the rules of the test."""
        self.bus.publish(Event(kind, payload, self.clock.now(), self.clock.monotonic(), cause))

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Nothing is sent."""
        self.note("write", point=point, value=value, by=origin.id)
        return Outcome(OutcomeKind.SHADOWED, value, value, None, self.clock.monotonic())

    async def marker(
        self, label: str, *, device: str | None = None, color: str | None = None, notes: str = ""
    ) -> Mapping[str, Any]:
        """Rules hear of it."""
        self.publish(
            "marker",
            {
                "action": "added",
                "label": label,
                "device_id": device,
                "color": color,
                "notes": notes,
                "timestamp": self.clock.now(),
            },
        )
        return self.note("marker", label=label, device=device)

    async def alarm(self, call: AlarmCall) -> Mapping[str, Any]:
        """Rules hear when it is raised and when it is over."""
        is_active = call.key in self._alarms
        payload = {
            "key": call.key,
            "severity": call.severity,
            "text": call.text or call.key,
            "device_id": call.device,
            "entity_id": call.entity,
            "value": call.value,
            "source": call.key.partition(":")[0],
        }
        if call.active and not is_active:
            self._alarms[call.key] = payload
            self.publish("alarm", {**payload, "transition": "raised"}, call.cause)
        elif not call.active and is_active:
            known = self._alarms.pop(call.key)
            self.publish("alarm", {**known, "transition": "cleared"}, call.cause)
        return self.note("raise alarm" if call.active else "clear alarm", **payload)

    async def export(
        self, *, file_format: str, device: str | None, session_id: int | None
    ) -> Mapping[str, Any]:
        """No file is written."""
        return self.note("export", format=file_format, device=device, session_id=session_id)

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        """Nobody is told."""
        return self.note("notify", to=to, title=title, message=message)

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing is recorded."""
        del conditions
        return self.note("start session", name=name)

    async def stop_session(self) -> Mapping[str, Any]:
        """What is recorded goes on."""
        return self.note("stop session")

    async def safe_state(
        self, devices: Sequence[str] | None, owner: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        """Nothing is driven."""
        del owner
        chosen = None if devices is None else list(devices)
        return [{**self.note("safe state", devices=chosen), "ok": True}]

    async def script(self, call: ScriptCall, origin: Origin) -> Mapping[str, Any]:
        """No script is run."""
        return self.note("script", name=call.name, params=dict(call.parameters), by=origin.id)

    async def panic(self, by: str, reason: str) -> None:
        """Nothing is latched."""
        self.note("panic", by=by, reason=reason)

    def range_of(self, point: str) -> PointRange | None:
        """Nobody knows the device: anything goes."""
        del point
        return PointRange(-ANYTHING, ANYTHING, 0.0)

    async def acknowledge(self, key: str, by: str, comment: str) -> Mapping[str, Any]:
        """Nobody has seen it."""
        return self.note("acknowledge", key=key, by=by, comment=comment)

    async def start_run(self, call: RunCall) -> Mapping[str, Any]:
        """Nothing runs."""
        told = {"id": "", "sequence": call.sequence, "channel": call.channel}
        return {**told, **self.note("start run", **told, parameters=dict(call.parameters))}

    async def stop_run(self, run_id: str, *, abort: bool, by: str) -> Mapping[str, Any]:
        """Nothing is stopped."""
        return {"id": run_id, **self.note("stop run", id=run_id, abort=abort, by=by)}

    def active_runs(self) -> Sequence[Mapping[str, Any]]:
        """None."""
        return ()

    async def request(self, call: WebCall) -> Mapping[str, Any]:
        """Nobody is asked; every answer is an empty success."""
        self.note("request", method=call.method, url=call.url, body=call.body)
        return {"status": 200, "body": ""}


class _Board:
    """Posts from outside never come."""

    def listen(
        self, name: str, tell: Callable[[Mapping[str, Scalar | None]], None]
    ) -> Callable[[], None]:
        """Takes it."""
        del name, tell
        return lambda: None


class _Topics:
    """Messages of brokers never come, and none is sent."""

    def __init__(self, lab: PaperLab) -> None:
        self._lab = lab

    def listen(
        self, wish: Wish, tell: Callable[[Message, tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Takes it."""
        del wish, tell
        return lambda: None

    async def publish(self, what: Publication, cause: tuple[str, ...]) -> Mapping[str, Any]:
        """No broker hears it."""
        del cause
        text = what.payload.decode("utf-8", "replace")
        return self._lab.note(
            "publish",
            topic=what.topic,
            payload=text,
            broker=what.connection,
            qos=what.qos,
            retain=what.retain,
        )
