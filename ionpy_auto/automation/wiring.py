"""Channel files and cell files: the wiring of a cycler channel, and what a cell may be put to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.automation.accuracy import Accuracies
from ionpy_auto.automation.blocks import Block
from ionpy_auto.automation.fields import (
    AmpHours,
    Amps,
    Celsius,
    Count,
    Ohms,
    PositiveAmps,
    PositiveVolts,
    PositiveWatts,
    Reading,
    Seconds,
    Volts,
    Word,
    YesNo,
)
from ionpy_auto.core.errors import ConfigInvalid, Finding
from ionpy_auto.language import Scope, UnitError, parse_quantity, read_with_findings


class Precharge(Block):
    """How a deeply discharged cell is brought back."""

    below: Volts
    current: Amps
    max: Seconds


class CellLimits(Block):
    """What the cell may be put to; each pair is lowest and highest."""

    voltage: tuple[Volts, Volts] | None = None
    charge_current: PositiveAmps | None = None
    discharge_current: PositiveAmps | None = None
    charge_temp: tuple[Celsius, Celsius] | None = None
    discharge_temp: tuple[Celsius, Celsius] | None = None


class CellFile(Block):
    """``cells/<name>.yaml``: one cell type.

    Voltages and capacity are those of the whole object that is tested: of a pack with ``series``
    cells they are given per cell and multiplied where they meet the terminals.
    """

    title: str = ""
    chemistry: str = ""
    manufacturer: str = ""
    series: Count = 1
    capacity: AmpHours
    charge_voltage: PositiveVolts
    cutoff_voltage: PositiveVolts
    storage_voltage: PositiveVolts | None = None
    mass: str = ""
    precharge: Precharge | None = None
    limits: CellLimits = Field(default_factory=CellLimits)
    notes: str = ""


class VoltageSense(Block):
    """Where the cell voltage comes from; precedence of SEQ-13."""

    source: Annotated[Word, Field(alias="from")]
    wires: Count = 2
    back_check: Volts | None = None


class CurrentSense(Block):
    """Where the current comes from: one meter, or one source for each direction."""

    source: Annotated[Word | None, Field(alias="from")] = None
    charge: Word | None = None
    discharge: Word | None = None
    corrected: YesNo = False


class TempSense(Block):
    """Where the cell temperature comes from."""

    source: Annotated[Word, Field(alias="from")]
    plausible: tuple[Celsius, Celsius] = (-30.0, 120.0)
    place: str = ""
    ambient: Word | None = None


class RelayContact(Block):
    """The relay of ``isolation: relay``: closed before an output goes on, open after it is off."""

    shorthand = "point"
    point: Word


class ChannelLimits(Block):
    """Limits of the wiring; they can only tighten those of the cell."""

    voltage: tuple[Volts, Volts] | None = None
    charge_current: PositiveAmps | None = None
    discharge_current: PositiveAmps | None = None
    temp: tuple[Celsius, Celsius] | None = None
    mains_power: PositiveWatts | None = None


class ChannelFile(Block):
    """``channels/<id>.yaml``: which instruments form one cycler channel."""

    title: str = ""
    source: Word | None = None
    sink: Word | None = None
    source_output: Word = ""
    sink_output: Word = ""
    shared_minus: Word = ""
    lifted: YesNo = False
    voltage: VoltageSense
    current: CurrentSense
    temp: TempSense | None = None
    temps: tuple[TempSense, ...] = ()
    cell_voltages: tuple[Word, ...] = ()
    isolation: Literal["none", "diode", "ideal_diode", "relay"] = "none"
    relay: RelayContact | None = None
    regulation: Literal["device", "software"] = "device"
    remote_sense: YesNo = False
    dead_time: Seconds = 1.0
    path_resistance: Ohms = 0.0
    wiring: Literal["normal", "burn_in"] = "normal"
    limits: ChannelLimits = Field(default_factory=ChannelLimits)
    accuracy: Accuracies | None = None
    accept: tuple[Literal["no_cell_voltages", "no_hardware_cutoff", "unlocked_keypad"], ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        """Ids of all devices it is made of, each once."""
        points = (
            *(self.voltage.source, self.current.source, self.current.charge),
            *(self.current.discharge, self.temp.source if self.temp else None),
            *(temp.source for temp in self.temps),
            *self.cell_voltages,
            self.relay.point if self.relay else None,
        )
        measuring = [point.rsplit(".", 1)[0] for point in points if point]
        driving = [device for device in (self.source, self.sink) if device]
        return tuple(dict.fromkeys([*driving, *measuring]))


def read_cell(text: str, file: str) -> tuple[CellFile | None, list[Finding]]:
    """Type a cell file; its own capacity resolves its C-rates."""
    node, findings = read_with_findings(text, file)
    if node is None:
        return None, findings
    # C-rates inside the file need the capacity that stands in the same file: read it first.
    probe = Reading(Scope(file=file), file=file)
    bare = probe.loosen(node)
    capacity = _capacity(bare) if isinstance(bare, Mapping) else None
    reading = Reading(Scope(file=file, capacity=capacity), findings, file)
    cell = reading.model(CellFile, node)
    return cell if reading.is_ok else None, reading.findings


def _capacity(content: Mapping[str, Any]) -> float | None:
    try:
        return parse_quantity(str(content["capacity"])).to("Ah")
    except (UnitError, KeyError):
        return None


def read_channel(text: str, file: str) -> tuple[ChannelFile | None, list[Finding]]:
    """Type a channel file."""
    node, findings = read_with_findings(text, file)
    if node is None:
        return None, findings
    reading = Reading(Scope(file=file), findings, file)
    channel = reading.model(ChannelFile, node)
    if channel is not None and channel.source is None and channel.sink is None:
        reading.error(node, "no-output", "a channel needs a source, a sink or both")
    if channel is not None and channel.relay is not None and channel.isolation != "relay":
        hint = "isolation: relay"
        reading.error(node, "relay", "a relay is given, but not used as isolation", hint)
    current = channel.current if channel is not None else None
    if current is not None and current.corrected and not (current.charge and current.discharge):
        hint = "current: {charge: …, discharge: …, corrected: true}"
        reading.error(node, "corrected", "a meter for each direction is needed for it", hint)
    if current is not None and not (current.source or current.charge or current.discharge):
        reading.error(node, "no-current", "a channel needs a current", "current: {charge: …}")
    return channel if reading.is_ok else None, reading.findings


def load_cell(path: Path) -> CellFile:
    """Read a cell file from disk.

    Raises:
        ConfigInvalid: With findings.
    """
    cell, findings = read_cell(path.read_text(encoding="utf-8"), path.name)
    if cell is None:
        raise ConfigInvalid(str(findings[0]), hint=findings[0].hint, findings=findings)
    return cell


def load_channel(path: Path) -> ChannelFile:
    """Read a channel file from disk.

    Raises:
        ConfigInvalid: With findings.
    """
    channel, findings = read_channel(path.read_text(encoding="utf-8"), path.name)
    if channel is None:
        raise ConfigInvalid(str(findings[0]), hint=findings[0].hint, findings=findings)
    return channel
