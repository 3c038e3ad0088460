"""Accuracy classes of a channel's meters: from its file, else from the drivers."""

from ionpy_auto.automation.accuracy import AccuracyClass
from ionpy_auto.automation.sequences.channel import CyclerChannel, Input
from ionpy_auto.automation.sequences.instruments import numeric
from ionpy_auto.automation.sequences.uncertainty import Accuracy, Meters


def meters_of(channel: CyclerChannel) -> Meters:
    """What is known of the meters now."""
    written = channel.file.accuracy
    voltage, current = (written.voltage, written.current) if written else (None, None)
    charge = (written.charge if written else None) or current
    discharge = (written.discharge if written else None) or current
    signed = channel.signed
    return Meters(
        _class_of(channel, channel.voltage, voltage),
        _class_of(channel, signed or channel.charging, charge),
        _class_of(channel, signed or channel.discharging, discharge),
        is_one_meter=signed is not None,
    )


def _class_of(
    channel: CyclerChannel, place: Input | None, written: AccuracyClass | None
) -> Accuracy | None:
    entity = numeric(channel.devices, place.point) if place is not None else None
    count = entity.grain if entity is not None else 0.0
    if written is not None:
        return Accuracy(written.gain, written.offset, count)
    if entity is None or entity.accuracy is None:
        return None
    return Accuracy(0.0, entity.accuracy, count)
