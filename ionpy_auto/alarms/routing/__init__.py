"""Who is told of an alarm, and when: routes, intervals, inhibition, silences, grouping."""

from ionpy_auto.alarms.routing.alerts import Alert, Notice
from ionpy_auto.alarms.routing.grouping import Grouper, Silenced
from ionpy_auto.alarms.routing.labels import Labels, labels_of
from ionpy_auto.alarms.routing.reader import ReceiverCheck, check_address, read_routing
from ionpy_auto.alarms.routing.tree import EscalationStep, Receiver, Route, Routing

__all__ = [
    "Alert",
    "EscalationStep",
    "Grouper",
    "Labels",
    "Notice",
    "Receiver",
    "ReceiverCheck",
    "Route",
    "Routing",
    "Silenced",
    "check_address",
    "labels_of",
    "read_routing",
]
