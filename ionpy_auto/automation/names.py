"""Names people may write in a flow besides ``device.entity``, what they mean and their units.

``voltage``, ``current``, ``power``, ``temp`` and ``phase`` are the channel's (SEQ-14: current and
power are positive into the cell). ``channel.source.x`` is entity ``x`` of the channel's supply.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

from ionpy_auto.automation.context import PointRange
from ionpy_auto.automation.profiles import Profile
from ionpy_auto.automation.wiring import CellFile, ChannelFile
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import ANY_UNIT, Quantity, Scope

CHANNEL_UNITS: Final[Mapping[str, str]] = {
    "voltage": "V",
    "current": "A",
    "power": "W",
    "temp": "°C",
    "ah": "Ah",
    "wh": "Wh",
    "step": "",
    "cycle": "",
    "phase": "",
    "charge_ah": "Ah",
    "discharge_ah": "Ah",
    "charge_wh": "Wh",
    "discharge_wh": "Wh",
    "step_count": "",
    "edge": "",
}
"""Points an open channel publishes, with their units.

``ah`` and ``wh`` are those of the step; the four amounts by direction are the run's, so that the
difference of two rows is what passed between them. ``step_count`` counts the steps as they were
executed, and ``edge`` is 1 in the first and the last row of each.
"""

CELL_UNITS: Final[Mapping[str, str]] = {"cell_min": "V", "cell_max": "V", "cell_spread": "V"}
"""Published besides where the channel has cell voltages."""
PROBE_UNITS: Final[Mapping[str, str]] = {"temp_min": "°C", "temp_max": "°C"}
"""Published besides where it has several thermometers."""


def channel_units(file: ChannelFile | None) -> Mapping[str, str]:
    """All points a channel publishes, with their units."""
    if file is None:
        return CHANNEL_UNITS
    cells = CELL_UNITS if file.cell_voltages else {}
    probes = PROBE_UNITS if file.temps else {}
    return {**CHANNEL_UNITS, **cells, **probes}


BARE: Final = frozenset({"voltage", "current", "power", "temp", "phase"})

LOCAL_UNITS: Final[Mapping[str, str]] = {
    "step.time": "s",
    "step.ah": "Ah",
    "step.wh": "Wh",
    "step.charge_ah": "Ah",
    "step.discharge_ah": "Ah",
    "step.charge_wh": "Wh",
    "step.discharge_wh": "Wh",
    "step.cv_share": "",
    "step.minus_dv": "V",
    "step.dv": "V",
    "step.di": "A",
    "step.rms_error": ANY_UNIT,
    "step.command_ah": "Ah",
    "step.deviation_ah": "Ah",
    "step.command_wh": "Wh",
    "step.deviation_wh": "Wh",
    "step.r_path": "Ω",
    "step.r_cell": "Ω",
    "step.gain": "",
    "step.offset": "A",
    "step.soaked": "s",
    "step.precharged": "s",
    "step.id": "",
    "step.name": "",
    "step.index": "",
    "step.ended_by": "",
    "step.end_value": ANY_UNIT,
    "step.verdict": "",
    "cycle.number": "",
    "cycle.charge_ah": "Ah",
    "cycle.discharge_ah": "Ah",
    "cycle.charge_wh": "Wh",
    "cycle.discharge_wh": "Wh",
    "cycle.ce": "",
    "cycle.ee": "",
    "cycle.time": "s",
    "run.id": "",
    "run.time": "s",
    "run.net_ah": "Ah",
    "run.soc": "%",
    "run.charge_ah": "Ah",
    "run.discharge_ah": "Ah",
    "run.charge_wh": "Wh",
    "run.discharge_wh": "Wh",
    "run.cycle": "",
    "run.state": "",
    "run.verdict": "",
    "cell.capacity": "Ah",
    "cell.charge_voltage": "V",
    "cell.cutoff_voltage": "V",
    "cell.series": "",
    "cell.precharge_below": "V",
    "cell.precharge_current": "A",
    "cell.precharge_max": "s",
    "session.id": "",
    "session.name": "",
}
LOCAL_TEXTS: Final = frozenset(
    {
        *("step.id", "step.name", "step.ended_by", "step.verdict", "run.id", "run.state"),
        *("run.verdict", "session.name"),
    }
)

RESISTANCE: Final = re.compile(r"step\.dcir(?:_charge|_discharge)?(?:_[0-9]{1,6}(?:s|ms))?")
"""``step.dcir_10s``, ``step.dcir_charge_500ms``: what a step measured so long after its edge."""

VARIABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Name of a project variable, read as ``var.<name>``."""
FREE_HEADS: Final = frozenset({"trigger", "alarm", "repeat", "prompt"})
"""What only the moment gives: anything may stand behind these."""


class Site(Protocol):
    """What a flow can refer to: the devices, channels and cells of a project."""

    def unit_of(self, address: str) -> str | None:
        """Unit of a device's point; None when there is none."""

    def kind_of(self, address: str) -> str:
        """``number``, ``bool``, ``text`` or ``""``."""

    def channel(self, channel_id: str) -> ChannelFile | None:
        """A channel by id."""

    def cell(self, name: str) -> CellFile | None:
        """A cell by name (``cells/inr18650-25r`` or ``inr18650-25r``)."""

    def is_writable(self, address: str) -> bool:
        """Whether the point can be written."""

    def has_device(self, device_id: str) -> bool:
        """Whether there is such a device."""

    def range_of(self, address: str) -> PointRange | None:
        """Range of a number that can be written; None when it is none."""

    def profile(self, name: str) -> tuple[Profile | None, list[Finding]]:
        """A table of a ``profile`` step by name, or what is wrong with it; nothing: not there."""


@dataclass(frozen=True)
class NoSite:
    """Nothing is known: for texts checked outside a project. Every point is allowed."""

    def unit_of(self, address: str) -> str | None:
        """Undeclared."""
        del address
        return ANY_UNIT

    def kind_of(self, address: str) -> str:
        """Nobody knows."""
        del address
        return ""

    def channel(self, channel_id: str) -> ChannelFile | None:
        """None."""
        del channel_id
        return None

    def cell(self, name: str) -> CellFile | None:
        """None."""
        del name
        return None

    def is_writable(self, address: str) -> bool:
        """Taken as writable."""
        del address
        return True

    def has_device(self, device_id: str) -> bool:
        """Taken as there."""
        del device_id
        return True

    def range_of(self, address: str) -> PointRange | None:
        """Without bounds."""
        del address
        return PointRange(-inf, inf, 0.0)

    def profile(self, name: str) -> tuple[Profile | None, list[Finding]]:
        """Profiles are found in a project alone."""
        message = f"there is no profile {name!r} outside a project"
        return None, [Finding(code="no-project", message=message, hint="check the project")]


@dataclass(frozen=True)
class Names:
    """The names of one flow, bound to one channel and one cell.

    Attributes:
        site: The project.
        channel_id: Empty when the flow has none yet: its names are then checked by unit only.
        channel: The wiring, if it is known.
        cell: The cell, if it is known.
        parameters: Values of ``$name``.
        counters: Of the loops this stands in, read as ``loop.<name>`` or by name alone.
        in_loop: Whether it stands in a loop at all.
    """

    site: Site
    channel_id: str = ""
    channel: ChannelFile | None = None
    cell: CellFile | None = None
    parameters: Mapping[str, Quantity | float | bool | str] = field(default_factory=dict)
    file: str = ""
    unknown_points: Severity = Severity.ERROR
    counters: frozenset[str] = frozenset()
    in_loop: bool = False

    def resolve(self, name: str) -> str:
        """From a written name to an address."""
        if name in self.counters:
            return f"loop.{name}"
        if name in BARE:
            return f"{self.channel_id or 'channel'}.{name}"
        head, _, rest = name.partition(".")
        if head != "channel" or not rest:
            return name
        part, _, entity = rest.partition(".")
        devices = {"source": self.channel.source, "sink": self.channel.sink} if self.channel else {}
        device = devices.get(part)
        if entity and device:
            return f"{device}.{entity}"
        if rest in channel_units(self.channel):
            return f"{self.channel_id or 'channel'}.{rest}"
        return name

    def unit_of(self, address: str) -> str | None:
        """Unit of a resolved address; None when there is no such point."""
        local = "Ω" if RESISTANCE.fullmatch(address) else LOCAL_UNITS.get(address)
        if local is not None:
            return local
        head, _, rest = address.partition(".")
        if head == "loop":
            known = rest in self.counters or (rest == "n" and self.in_loop)
            return "" if known else None
        if rest and (head in FREE_HEADS or (head == "var" and VARIABLE.fullmatch(rest))):
            return ANY_UNIT
        units = channel_units(self.channel)
        if head == (self.channel_id or "channel") and rest in units:
            return units[rest]
        is_part = head == "channel" and rest.partition(".")[0] in {"source", "sink"}
        if is_part and self.channel is None:
            return ANY_UNIT
        return self.site.unit_of(address)

    def kind_of(self, address: str) -> str:
        """Kind of a resolved address."""
        if address in LOCAL_TEXTS or address == f"{self.channel_id or 'channel'}.phase":
            return "text"
        if RESISTANCE.fullmatch(address):
            return "number"
        if address in LOCAL_UNITS:
            return "number" if LOCAL_UNITS[address] != ANY_UNIT else ""
        return self.site.kind_of(address)

    def scope(self) -> Scope:
        """What expressions are checked against."""
        capacity = self.cell.capacity if self.cell else None
        return Scope(
            units_of=self.unit_of,
            kind_of=self.kind_of,
            resolve=self.resolve,
            parameters=self.parameters,
            capacity=capacity,
            capacity_point="",
            unknown_points=self.unknown_points,
            file=self.file,
        )
