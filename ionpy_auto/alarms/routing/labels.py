"""Labels of an alarm: the words by which routes, silences and inhibitions tell alarms apart."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ionpy_auto.alarms.states import SEVERITIES

Labels = Mapping[str, str]

LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
FIRST: Final = "alertname"
LABELS: Final = (
    *("alertname", "severity", "source", "device", "entity"),
    *("state", "priority", "project", "session"),
)
"""Names that every alarm may carry; an alarm's definition may add others."""

_FIELDS: Final = {
    "severity": "severity",
    "source": "source",
    "device": "device_id",
    "entity": "entity_id",
    "state": "new_state",
    "priority": "priority",
    "session": "session_id",
}


def labels_of(alarm: Mapping[str, Any], common: Labels | None = None) -> dict[str, str]:
    """The labels of an alarm; what is empty is left out.

    Args:
        alarm: As the event ``alarm`` carries it.
        common: What holds for all of them, for example the project.

    Example:
        >>> labels_of({"key": "PSU_01/u_out", "severity": "critical", "new_state": "HIHI"})
        {'alertname': 'u_out', 'severity': 'critical', 'state': 'HIHI'}
    """
    own = alarm.get("labels")
    found: dict[str, Any] = dict(own) if isinstance(own, Mapping) else {}
    found |= common or {}
    key = str(alarm.get("key", ""))
    found[FIRST] = key.partition("/")[2] or key
    for label, name in _FIELDS.items():
        if alarm.get(name) is not None:
            found[label] = alarm[name]
    if found.get("state") == "NORMAL":
        del found["state"]
    if found.get("priority") == 0:
        del found["priority"]
    texts = {name: str(value) for name, value in found.items() if value is not None}
    ranked = sorted(texts, key=lambda name: (name not in LABELS, _rank(name), name))
    return {name: texts[name] for name in ranked if texts[name]}


def _rank(name: str) -> int:
    return LABELS.index(name) if name in LABELS else 0


def weight(labels: Labels) -> int:
    """How grave the severity of an alarm is: larger is worse; a word nobody knows weighs least."""
    severity = labels.get("severity", "")
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def written(labels: Labels) -> str:
    """Labels as people write them: ``{device="PSU_01", severity="critical"}``."""
    inside = ", ".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels))
    return "{" + inside + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
