"""The texts of notices: readable on a phone, short for a thousand alarms, with links to act.

The first line says how grave it is, how many and what: ``[CRITICAL ×3] OVP PSU_01``. Then one line
per alarm, what to do, and the links. A receiver may have templates of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

import structlog

from ionpy_auto.alarms.outbox_store import MAX_TEXT, MAX_TITLE, cut
from ionpy_auto.alarms.receivers import Receiver
from ionpy_auto.alarms.routing import Alert, Notice
from ionpy_auto.alarms.states import SEVERITIES
from ionpy_auto.alarms.text_templates import fill, local_time
from ionpy_auto.core.errors import ConfigInvalid

log = structlog.get_logger(__name__)

MOST_LINES: Final = 20
MOST_OVER: Final = 10
MOST_GUIDANCE: Final = 5
MOST_ALERTS: Final = 100
"""Alarms a program gets in one message."""
MAX_LINE: Final = 200
MAX_GUIDANCE: Final = 600
BEFORE_S: Final = 300.0
AFTER_S: Final = 60.0
ACK: Final = "⟦ack⟧"
"""Stands for the link that acknowledges until the message leaves: only then it is known."""


def weight(alert: Alert) -> int:
    """How grave an alarm is."""
    severity = alert.labels.get("severity", "")
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """The gravest first, then the oldest."""
    return sorted(alerts, key=lambda alert: (-weight(alert), alert.starts, alert.key))


def severity_of(notice: Notice) -> str:
    """The gravest of what is there, else of what was."""
    alerts = notice.firing or notice.resolved
    return SEVERITIES[max(map(weight, alerts), default=0)]


def text_of(alert: Alert) -> str:
    """What an alarm says in one line."""
    text = str(alert.annotations.get("text") or alert.key)
    return cut(" ".join(text.split()), MAX_LINE)


class Texts:
    """Writes messages.

    Args:
        public_url: Where people reach this server; empty: there are no links.
        project: Name of the project, for templates.
        is_simulated: Nothing of it is real, and the first line says so.
    """

    def __init__(
        self, public_url: str = "", project: str = "", *, is_simulated: bool = False
    ) -> None:
        self._url = public_url.rstrip("/")
        self._project = project
        self._mark = "[SIMULATION] " if is_simulated else ""

    @property
    def has_links(self) -> bool:
        """Whether there is an address for links."""
        return bool(self._url)

    def write(self, notice: Notice, receiver: Receiver) -> tuple[str, str]:
        """First line and text of a notice; a template that fails gives the usual text."""
        title, message = self._title(notice), self._message(notice)
        values = self._values(notice, title, message)
        problems: list[str] = []
        title = _filled(receiver.title, values, title, problems)
        message = _filled(receiver.message, values, message, problems)
        text = "\n\n".join([message, *problems])
        return cut(self._mark + " ".join(title.split()), MAX_TITLE), cut(text, MAX_TEXT)

    # -- the usual text ---------------------------------------------------------------------

    def _title(self, notice: Notice) -> str:
        firing = worst_first(notice.firing)
        over = worst_first(notice.resolved)
        shown = firing or over
        word = severity_of(notice).upper() if firing else "RESOLVED"
        count = f" ×{len(shown)}" if len(shown) > 1 else ""
        more = f" (+{len(shown) - 1})" if len(shown) > 1 else ""
        rest = " · again" if notice.repeat else ""
        if firing and over:
            rest += f" · {len(over)} resolved"
        step = f" · nobody acknowledged, step {notice.escalation}" if notice.escalation else ""
        what = text_of(shown[0]) if shown else "nothing"
        return f"[{word}{count}] {what}{more}{rest}{step if firing else ''}"

    def _message(self, notice: Notice) -> str:
        firing, over = worst_first(notice.firing), worst_first(notice.resolved)
        parts = [
            _lines(firing, MOST_LINES, _line),
            _lines(over, MOST_OVER if firing else MOST_LINES, _line_over),
            self._guidance(firing),
            self._links(firing),
        ]
        return "\n\n".join(part for part in parts if part)

    @staticmethod
    def _guidance(alerts: Sequence[Alert]) -> str:
        texts = (str(alert.annotations.get("guidance") or "").strip() for alert in alerts)
        unique = list(dict.fromkeys(text for text in texts if text))
        return "\n".join(f"→ {cut(text, MAX_GUIDANCE)}" for text in unique[:MOST_GUIDANCE])

    def _links(self, firing: Sequence[Alert]) -> str:
        if not self._url or not firing:
            return ""
        links = [f"Chart: {self.chart(firing[0])}"]
        if any(not alert.acked for alert in firing):
            links.append(f"Acknowledge: {ACK}")
        return "\n".join(links)

    def chart(self, alert: Alert) -> str:
        """The recorded values from five minutes before, or the alarm where nothing is recorded."""
        device, session = alert.labels.get("device"), alert.annotations.get("session_id")
        if not device or session is None:
            return f"{self._url}/alarms?alarm={quote(alert.key, safe='')}"
        start, end = round(alert.starts - BEFORE_S), round(alert.starts + AFTER_S)
        query = {"session": session, "device": device, "from": start, "to": end}
        return f"{self._url}/history?{urlencode(query)}"

    # -- for templates and programs ---------------------------------------------------------

    def _values(self, notice: Notice, title: str, message: str) -> dict[str, Any]:
        firing, over = worst_first(notice.firing), worst_first(notice.resolved)
        return {
            "title": title,
            "message": message,
            "status": "firing" if firing else "resolved",
            "severity": severity_of(notice),
            "receiver": notice.receiver,
            "project": self._project,
            "group": dict(notice.group_labels),
            "alarms": [self._value(alert) for alert in (firing + over)[:MOST_ALERTS]],
            "firing": len(firing),
            "resolved": len(over),
            "repeat": notice.repeat,
            "escalation": notice.escalation,
            "chart_url": self.chart(firing[0]) if self._url and firing else "",
            "ack_url": ACK if self._url and any(not alert.acked for alert in firing) else "",
        }

    def _value(self, alert: Alert) -> dict[str, Any]:
        about = alert.annotations
        return {
            "key": alert.key,
            "text": text_of(alert),
            "status": "firing" if alert.firing else "resolved",
            "severity": alert.labels.get("severity", ""),
            "device": alert.labels.get("device", ""),
            "entity": alert.labels.get("entity", ""),
            "state": alert.labels.get("state", ""),
            "value": about.get("value"),
            "guidance": cut(str(about.get("guidance") or ""), MAX_GUIDANCE),
            "acknowledged": alert.acked,
            "starts": alert.starts,
            "ends": alert.ends,
            "labels": dict(alert.labels),
            "chart_url": self.chart(alert) if self._url else "",
        }

    def content(self, notice: Notice) -> dict[str, Any]:
        """A notice as Alertmanager posts it, with at most `MOST_ALERTS` alarms."""
        alerts = [*worst_first(notice.firing), *worst_first(notice.resolved)]
        shown = [self._for_programs(alert) for alert in alerts[:MOST_ALERTS]]
        return {
            "version": "4",
            "groupKey": f"{notice.route}:{notice.key.partition('.')[0]}",
            "truncatedAlerts": len(alerts) - len(shown),
            "status": "firing" if notice.firing else "resolved",
            "receiver": notice.receiver,
            "groupLabels": dict(notice.group_labels),
            "commonLabels": _common([alert.labels for alert in alerts]),
            "commonAnnotations": _common([one["annotations"] for one in shown]),
            "externalURL": self._url,
            "alerts": shown,
        }

    def _for_programs(self, alert: Alert) -> dict[str, Any]:
        about = alert.annotations
        texts = {"summary": text_of(alert), "description": about.get("guidance")}
        return {
            "status": "firing" if alert.firing else "resolved",
            "labels": dict(alert.labels),
            "annotations": {name: str(text) for name, text in texts.items() if text},
            "startsAt": _iso(alert.starts),
            "endsAt": _iso(alert.ends) if alert.ends is not None else "0001-01-01T00:00:00Z",
            "generatorURL": self.chart(alert) if self._url else "",
            "fingerprint": sha256(alert.key.encode()).hexdigest()[:16],
            "key": alert.key,
        }


def _line(alert: Alert) -> str:
    seen = " ✓" if alert.acked else ""
    when = local_time(alert.starts)
    return f"{when} {alert.labels.get('severity', '').upper()} {text_of(alert)}{seen}"


def _line_over(alert: Alert) -> str:
    when = local_time(alert.ends if alert.ends is not None else alert.starts)
    return f"{when} resolved: {text_of(alert)}"


def _lines(alerts: Sequence[Alert], most: int, line: Callable[[Alert], str]) -> str:
    shown = [line(alert) for alert in alerts[:most]]
    rest = alerts[most:]
    if rest:
        counts = Counter(alert.labels.get("severity", "") for alert in rest)
        words = ", ".join(f"{counts[s]} {s}" for s in reversed(SEVERITIES) if counts[s])
        shown.append(f"… and {len(rest)} more" + (f": {words}" if words else ""))
    return "\n".join(shown)


def _filled(source: str, values: Mapping[str, Any], usual: str, problems: list[str]) -> str:
    if not source:
        return usual
    try:
        return fill(source, values)
    except ConfigInvalid as error:
        log.warning("a message template failed", reason=error.message)
        problems.append(f"({error.message})")
        return usual


def _common(maps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not maps:
        return {}
    first, rest = maps[0], maps[1:]
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in rest)}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
