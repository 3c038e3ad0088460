"""The server itself: a database that lags, messages and samples that were dropped, a slow loop."""

from typing import Final, NamedTuple

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.clock import Timer

LOOK_S: Final = 1.0
CALM_LOOKS: Final = 60
"""Good looks in a row before an alarm of the server is over."""


class Rule(NamedTuple):
    """When a figure is an alarm.

    Attributes:
        figure: Its name; ``+`` in front: what it grew by since the last look.
        above: More than this is bad.
        looks: Bad so often in a row.
        text: For people, with the figure.
    """

    figure: str
    above: float
    looks: int
    severity: str
    text: str


RULES: Final = {
    "writer_lag": Rule("writer_lag_s", 2.0, 3, "warning", "the database is {0:.1f} s behind"),
    "loop_lag": Rule("loop_lag_s", 0.05, 10, "warning", "the server answers {0:.2f} s late"),
    "loop_blocked": Rule("loop_lag_s", 2.0, 1, "critical", "the server stood still for {0:.1f} s"),
    "dropped": Rule("+dropped", 0.0, 1, "warning", "{0:.0f} messages were dropped: see the status"),
    "samples_lost": Rule("+lost", 0.0, 1, "critical", "{0:.0f} samples were lost"),
    "tap_errors": Rule("+tap_errors", 0.0, 1, "critical", "a listener of samples failed"),
}


class Source:
    """Looks at the figures of the server once a second."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._timer: Timer | None = None
        self._last: dict[str, float] = {}
        self._bad: dict[str, int] = {}
        self._good: dict[str, int] = {}

    def start(self) -> None:
        """Begin to look, if somebody has figures."""
        if self._desk.figures is not None:
            self._plan()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _plan(self) -> None:
        clock = self._desk.clock
        self._timer = clock.call_at(clock.monotonic() + LOOK_S * clock.pace, self._on_time)

    def _on_time(self) -> None:
        self._plan()
        self.look()

    def look(self) -> None:
        """Judge the figures as they are now."""
        if self._desk.figures is None:
            return
        figures = dict(self._desk.figures())
        for name, value in list(figures.items()):
            figures[f"+{name}"] = value - self._last.get(name, value)
            self._last[name] = value
        for what, rule in RULES.items():
            if rule.figure in figures:
                self._judge(what, rule, figures[rule.figure])

    def _judge(self, what: str, rule: Rule, value: float) -> None:
        key = f"server/{what}"
        if value > rule.above:
            self._good[what] = 0
            self._bad[what] = self._bad.get(what, 0) + 1
            alarm = self._desk.book.alarms.get(key)
            is_told = alarm is not None and alarm.state.is_active
            if self._bad[what] >= rule.looks and not is_told:
                text = rule.text.format(value)
                call = Alarm(0, key, source="server", severity=rule.severity, text=text)
                self._desk.book.raise_(call)
            return
        self._bad[what] = 0
        self._good[what] = self._good.get(what, 0) + 1
        if self._good[what] >= CALM_LOOKS:
            self._desk.book.clear(key, actor="server")
