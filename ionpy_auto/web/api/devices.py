"""``/api/devices`` and ``/api/control``: live devices, their values and their setpoints."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import Parameter
from litestar.response import Stream

from ionpy_auto.core.commands import Command, Origin, Outcome, Priority
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound
from ionpy_auto.core.samples import Sample
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.probe import parse_probe
from ionpy_auto.engine import Engine
from ionpy_auto.web.discovery import Discovery, discovery_of

Scalar = bool | int | float | str
DeviceId = Annotated[str, Parameter(max_length=128)]


class NewValue(msgspec.Struct, forbid_unknown_fields=True):
    """A setpoint: a number in the entity's unit, true/false, or an option's key.

    ``confirm`` is the token of a CONFIRMATION_REQUIRED; ``take_over`` pauses the run that owns the
    output first.
    """

    value: Scalar
    confirm: str = ""
    take_over: bool = False


class Control(msgspec.Struct, forbid_unknown_fields=True):
    """A setpoint with its address."""

    device_id: str
    key: str
    value: Scalar
    confirm: str = ""


class Enabled(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a device is loaded."""

    enabled: bool


def shown(sample: Sample) -> dict[str, Any]:
    """The JSON form of a value."""
    return {
        "value": sample.value,
        "unit": sample.unit,
        "quality": sample.quality,
        "timestamp": sample.timestamp,
        "alarm_state": sample.alarm,
        "reason": sample.reason,
    }


def outcome(result: Outcome) -> dict[str, Any]:
    """The JSON form of what a write came to."""
    return {
        "kind": result.kind,
        "requested": result.requested,
        "sent": result.sent,
        "read_back": result.read_back,
    }


async def told_probe(discovery: Discovery, config: DeviceConfig) -> AsyncIterator[bytes]:
    """Lines of a probe: ``{"step": ...}`` as each begins and ends, at last ``{"result": ...}``.

    Who goes away ends the telling; the probe itself is over within its own time.
    """
    steps: asyncio.Queue[dict[str, Any]] = asyncio.Queue()  # at most two of each of its few steps
    work = asyncio.create_task(discovery.probe(config, steps.put_nowait))
    try:
        while not work.done() or not steps.empty():
            step = asyncio.create_task(steps.get())
            await asyncio.wait((work, step), return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                yield line({"step": step.result()})
            else:
                step.cancel()
        yield line(_result(work))
    finally:
        work.cancel()


def _result(work: asyncio.Task[dict[str, Any]]) -> dict[str, Any]:
    """What came out; a refusal has the form of any other."""
    try:
        return {"result": work.result()}
    except IonpyError as error:
        return {"error": {"code": error.error_code, "message": error.message, "hint": error.hint}}


def line(content: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(content) + b"\n"


NDJSON = "application/x-ndjson"
PERSON = Origin(Priority.PERSON, "rest")


class DevicesController(Controller):
    """Devices of the open project."""

    path = "/api/devices"
    tags = ("devices",)

    @get(operation_id="listDevices", sync_to_thread=False)
    def list_devices(self, engine: Engine) -> dict[str, Any]:
        """All devices with their entities and latest values."""
        items = engine.project.devices.manifests()
        return {"items": items, "total": len(items), "findings": engine.project.device_findings()}

    @post(operation_id="addDevice")
    async def add(self, engine: Engine, data: dict[str, Any]) -> Response[dict[str, Any]]:
        """Add a device; absent hardware is no error (state offline). ``test: true`` only probes."""
        is_test = data.pop("test", False)
        if not isinstance(is_test, bool):
            msg = "test must be true or false"
            raise BadInput(msg, hint="with true the device is probed and not added")
        if is_test:
            return Response(await discovery_of(engine).probe(parse_probe(data)), status_code=200)
        return Response(await engine.project.add_device(data), status_code=201)

    @post("/probe", operation_id="probeDevice", status_code=200)
    async def probe(
        self,
        engine: Engine,
        data: dict[str, Any],
        accept: Annotated[str, Parameter(header="Accept", max_length=200)] = "",
    ) -> Response[Any]:
        """Try a device without adding it: steps with hints, and its first values.

        Takes ``driver``, ``transport_type``, ``transport_params``, and where wanted
        ``framing_type``, ``framing_params`` and ``params``; or a whole device. With ``Accept:
        application/x-ndjson`` each step comes as a line while it happens.
        """
        config = parse_probe(data)
        if NDJSON in accept:
            return Stream(told_probe(discovery_of(engine), config), media_type=NDJSON)
        return Response(await discovery_of(engine).probe(config))

    @get("/{device_id:str}", operation_id="getDevice", sync_to_thread=False)
    def one(self, engine: Engine, device_id: DeviceId) -> dict[str, Any]:
        """One device."""
        return engine.project.devices.manifest(device_id)

    @get("/{device_id:str}/log", operation_id="deviceLog", sync_to_thread=False)
    def log(self, engine: Engine, device_id: DeviceId) -> dict[str, Any]:
        """Counters of its traffic and the last things that happened to it, newest first."""
        return engine.project.devices.stack(device_id).traffic()

    @put("/{device_id:str}", operation_id="replaceDevice")
    async def replace(
        self, engine: Engine, device_id: DeviceId, data: dict[str, Any]
    ) -> dict[str, Any]:
        """Change a device's configuration."""
        return await engine.project.update_device(device_id, data)

    @delete("/{device_id:str}", operation_id="removeDevice")
    async def remove(self, engine: Engine, device_id: DeviceId) -> None:
        """Outputs to their safe state, then disconnect and forget."""
        await engine.project.remove_device(device_id)

    @patch("/{device_id:str}/enabled", operation_id="enableDevice")
    async def enable(self, engine: Engine, device_id: DeviceId, data: Enabled) -> dict[str, Any]:
        """Load or unload a device."""
        bench = engine.project
        if not data.enabled:
            bench.require_unowned(device_id)
        return await bench.devices.set_enabled(device_id, enabled=data.enabled)

    @post("/{device_id:str}/connect", operation_id="connectDevice", status_code=200)
    async def connect(self, engine: Engine, device_id: DeviceId) -> dict[str, Any]:
        """Connect now."""
        return await engine.project.devices.connect(device_id)

    @post("/{device_id:str}/disconnect", operation_id="disconnectDevice", status_code=200)
    async def disconnect(self, engine: Engine, device_id: DeviceId) -> dict[str, Any]:
        """Outputs to their safe state, then disconnect."""
        engine.project.require_unowned(device_id)
        return await engine.project.devices.disconnect(device_id)

    @post("/{device_id:str}/rearm", operation_id="rearmDevice", status_code=200)
    async def rearm(self, engine: Engine, device_id: DeviceId) -> dict[str, Any]:
        """Take writes again after the link was lost; switches nothing on."""
        engine.audit.event("rearm_device", PERSON.id, {"device": device_id})
        return engine.project.devices.rearm(device_id)

    @get("/{device_id:str}/entities/{entity:str}", operation_id="readEntity", sync_to_thread=False)
    def read(self, engine: Engine, device_id: DeviceId, entity: DeviceId) -> dict[str, Any]:
        """The latest value of an entity."""
        stack = engine.project.devices.stack(device_id)
        slot = stack.slots.get(entity)
        if slot is None:
            msg = f"{device_id} has no entity {entity!r}"
            raise NotFound(msg, code="ENTITY_NOT_FOUND", args={"device_id": device_id})
        sample = engine.values.get(f"{device_id}.{entity}") or slot.last
        if sample is None:
            unit = str(getattr(slot.entity, "unit", ""))
            return {
                "value": None,
                "unit": unit,
                "quality": "stale",
                "timestamp": None,
                "alarm_state": "NORMAL",
                "reason": "never read",
            }
        return shown(sample)

    @put("/{device_id:str}/entities/{entity:str}", operation_id="writeEntity")
    async def write(
        self, engine: Engine, device_id: DeviceId, entity: DeviceId, data: NewValue
    ) -> dict[str, Any]:
        """Write through the gate; 409 names who or what is in the way."""
        origin = PERSON
        if data.take_over:
            await engine.project.take_over(device_id, entity)
            origin = replace(PERSON, kind=Priority.OPERATOR)
        command = Command(device_id, entity, data.value, origin, data.confirm)
        return outcome(await engine.project.gate.write(command))


class ControlController(Controller):
    """The short way to write."""

    path = "/api/control"
    tags = ("devices",)

    @post(operation_id="control", status_code=200)
    async def control(self, engine: Engine, data: Control) -> dict[str, Any]:
        """Write through the gate."""
        command = Command(data.device_id, data.key, data.value, PERSON, data.confirm)
        return outcome(await engine.project.gate.write(command))


class ActiveDevicesController(DevicesController):
    """The same under the project's path."""

    path = "/api/projects/active/devices"
    include_in_schema = False
