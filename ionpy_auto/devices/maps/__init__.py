"""Devices described by a file: ``drivers/<name>/device.yaml`` becomes a driver, without Python.

The way of a map: `read_map` judges what is common to all protocols and imports nothing;
`MapDriver.from_map` of the base it names judges the rest and makes the driver class.
"""

from ionpy_auto.devices.maps.driver import MapDriver
from ionpy_auto.devices.maps.models import KINDS, EntityPart, Head, PointPart, ProtocolPart
from ionpy_auto.devices.maps.reading import MapModel, MapReading
from ionpy_auto.devices.maps.text import DeviceMap, read_map
from ionpy_auto.devices.maps.values import Number, Texts, Whole, YesNo, fail

__all__ = [
    "KINDS",
    "DeviceMap",
    "EntityPart",
    "Head",
    "MapDriver",
    "MapModel",
    "MapReading",
    "Number",
    "PointPart",
    "ProtocolPart",
    "Texts",
    "Whole",
    "YesNo",
    "fail",
    "read_map",
]
