"""Entities: the declared data of a device, one file per kind."""

from ionpy_auto.devices.entities.action import Action
from ionpy_auto.devices.entities.base import RO, RW, WO, Access, Entity, Missing, Reading
from ionpy_auto.devices.entities.bitmask import Bitmask
from ionpy_auto.devices.entities.enum import Enum
from ionpy_auto.devices.entities.numeric import Numeric, ValidWhen
from ionpy_auto.devices.entities.text import Text
from ionpy_auto.devices.entities.toggle import Toggle
from ionpy_auto.devices.entities.waveform import Waveform

__all__ = [
    "RO",
    "RW",
    "WO",
    "Access",
    "Action",
    "Bitmask",
    "Entity",
    "Enum",
    "Missing",
    "Numeric",
    "Reading",
    "Text",
    "Toggle",
    "ValidWhen",
    "Waveform",
]
