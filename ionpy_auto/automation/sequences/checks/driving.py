"""Modes against the instruments: what is done by software needs a fast and fine enough bench."""

from collections.abc import Iterator
from typing import Any

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.regulation import SLOWEST_SENSE_S, TRIM_STEP_V
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.devices import ProtectionKind, Role

TERMINALS_V = "the drop of the diode is not seen by the supply"


def check(review: Review) -> Iterator[Finding]:
    """Each way in which a step drives the cell."""
    if review.channel is None:
        return
    for node in review.driving():
        for drive in node.drives:
            if drive.direction == "charge" and drive.mode == "cr":
                message = "a supply cannot charge at constant resistance"
                yield review.finding(node, "no-such-mode", message, "charge at constant power")
            if drive.direction == "charge":
                yield from _supply(review, node)
            yield from _software(review, node, drive)


def _supply(review: Review, node: StepNode) -> Iterator[Finding]:
    """What a supply must be to charge this channel (SEQ-16, 19)."""
    channel = review.channel
    if channel is None:
        return
    blind = channel.regulation == "device" and not channel.remote_sense
    if channel.isolation == "diode" and blind:
        hint = "regulation: software, or remote_sense: true with the sense wires behind the diode"
        yield review.finding(node, "diode-needs-sense", TERMINALS_V, hint)
    source = _loaded(review.instrument("charge"))
    if source is None:
        return
    kind = source.protection.kind
    if kind is ProtectionKind.CROWBAR and channel.isolation not in {"diode", "ideal_diode"}:
        message = f"{source.device} shorts its output when it protects"
        hint = "put a diode between it and the cell"
        yield review.finding(node, "crowbar", message, hint, device=source.device)
    if kind is ProtectionKind.TRIPS_ON_CC and source.find(Role.OCP_ENABLED) is None:
        message = f"{source.device} trips as soon as it limits its current"
        hint = "use another supply for charging"
        yield review.finding(node, "trips-on-cc", message, hint, device=source.device)


def _software(review: Review, node: StepNode, drive: Drive) -> Iterator[Finding]:
    """Regulation by software: a cell voltage often enough, a setting fine enough."""
    channel = review.channel
    instrument = _loaded(review.instrument(drive.direction))
    if channel is None or instrument is None or not _is_software(review, instrument, drive):
        return
    stack = instrument.devices.stacks.get(channel.voltage.source.rpartition(".")[0])
    if stack is not None and stack.interval_s > SLOWEST_SENSE_S:
        message = f"the cell voltage comes every {stack.interval_s:g} s"
        hint = f"software regulates by it: poll it at least every {SLOWEST_SENSE_S:g} s"
        args: dict[str, Any] = {"seconds": stack.interval_s, "most": SLOWEST_SENSE_S}
        yield review.finding(node, "slow-sense", message, hint, **args)
    trims = drive.direction == "charge" and channel.regulation == "software"
    if trims and instrument.grain(Role.SET_VOLTAGE) > TRIM_STEP_V:
        message = f"{instrument.device} sets its voltage in steps of more than 5 mV"
        hint = "regulation: device with short leads, or another supply"
        yield review.finding(node, "coarse-set-voltage", message, hint, device=instrument.device)
    if trims and not channel.path_resistance:
        message = "without path_resistance the set voltage rises 10 mV at most"
        hint = "path_resistance: 40 mΩ in the channel file; contact_check measures it"
        yield review.finding(node, "no-path-resistance", message, hint, severity=Severity.WARNING)
    if drive.mode in {"cp", "cr"}:
        message = f"{instrument.device} has no mode {drive.mode}: the current is led by software"
        hint = "between two samples it is wrong by what the voltage moves"
        args = {"device": instrument.device, "mode": drive.mode}
        yield review.finding(node, "software-mode", message, hint, Severity.WARNING, **args)


def _is_software(review: Review, instrument: Instrument, drive: Drive) -> bool:
    if drive.direction == "charge":
        is_trimmed = review.channel is not None and review.channel.regulation == "software"
        return drive.mode == "cp" or is_trimmed
    return drive.voltage is not None or not instrument.has_mode(drive.mode)


def _loaded(instrument: Instrument | None) -> Instrument | None:
    """The instrument, if its driver is there; the start says when it is not."""
    if instrument is None or instrument.stack.driver is None:
        return None
    return instrument
