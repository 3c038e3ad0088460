"""Names of a run: what ``voltage``, ``step.ah``, ``cycle.ce`` or ``run.time`` are just now."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ionpy_auto.automation.blocks import Step
from ionpy_auto.automation.context import Lab
from ionpy_auto.automation.environment import LiveEnvironment, LocalEnvironment
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.names import Names
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.counting import Counting, magnitude
from ionpy_auto.automation.sequences.peaks import Peak
from ionpy_auto.automation.sequences.steps import StepRun
from ionpy_auto.core.samples import Scalar

Getter = Callable[[], Scalar | None]


class Told(Protocol):
    """The part of a run its names are about."""

    id: str
    verdict: str
    lab: Lab
    flow: Flow
    names: Names
    channel: CyclerChannel | None
    counting: Counting | None
    session: Mapping[str, Any] | None
    started_mono: float | None
    history: list[StepRun]
    peak: Peak
    env: "RunEnvironment"

    @property
    def step(self) -> StepRun | None:
        """Under way or last done."""

    @property
    def state(self) -> str:
        """Where it stands."""


class RunEnvironment(LocalEnvironment):
    """Names of a run; the channel's points come straight from the channel."""

    def __init__(
        self,
        outer: LiveEnvironment | LocalEnvironment,
        own: Mapping[str, Callable[[], Scalar | None]],
        channel_id: str,
    ) -> None:
        super().__init__(outer, own)
        self._prefix = f"{channel_id}."

    def age(self, address: str) -> float | None:
        """The channel's points age like any other."""
        if address.startswith(self._prefix):
            return self._outer.age(address)
        return super().age(address)

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        """The channel's points have history."""
        if address.startswith(self._prefix):
            return self._outer.window(function, address, seconds)
        return super().window(function, address, seconds)


def own_names(run: Told, channel_id: str) -> dict[str, Getter]:
    """All names that are the run's own, each with the way to its value now."""
    own = {**_step_names(run), **_scope_names(run), **_run_names(run)}
    channel = run.channel
    if channel is not None:
        own |= _changes(run, channel)
        own |= {
            f"{channel_id}.voltage": lambda: channel.voltage.value,
            f"{channel_id}.current": lambda: channel.current,
            f"{channel_id}.power": lambda: product(channel.voltage.value, channel.current),
            f"{channel_id}.temp": lambda: channel.temp.value if channel.temp else None,
            f"{channel_id}.phase": lambda: channel.phase,
            f"{channel_id}.temp_min": lambda: channel.coldest,
            f"{channel_id}.temp_max": lambda: channel.hottest,
            f"{channel_id}.cell_min": lambda: _part(channel.cell_range(), 0),
            f"{channel_id}.cell_max": lambda: _part(channel.cell_range(), 1),
            f"{channel_id}.cell_spread": lambda: _spread(channel.cell_range()),
            f"{channel_id}.ah": lambda: channel.step_amounts()[0],
            f"{channel_id}.wh": lambda: channel.step_amounts()[1],
        }
    return own


def _part(pair: tuple[float, float] | None, place: int) -> float | None:
    return None if pair is None else pair[place]


def _spread(pair: tuple[float, float] | None) -> float | None:
    return None if pair is None else pair[1] - pair[0]


def _step_names(run: Told) -> dict[str, Getter]:
    def of_step(name: str) -> Getter:
        return lambda: _step_value(run, name)

    names = (
        *("id", "name", "index", "ended_by", "end_value", "verdict"),
        *("wh", "charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "cv_share"),
    )
    own = {f"step.{name}": of_step(f"step.{name}") for name in (*names, *_measured(run))}
    # These two stand in most ends and limits: they take the short way.
    own["step.time"] = lambda: _step_time(run)
    own["step.ah"] = lambda: _step_ah(run)
    return own


def _changes(run: Told, channel: CyclerChannel) -> dict[str, Getter]:
    """How far voltage and current have gone from where they were."""

    def since_start(index: int) -> Scalar | None:
        now = (channel.voltage.value, channel.current)[index]
        then = run.step.at_start[index] if run.step is not None else None
        return None if now is None or then is None else now - then

    return {
        "step.minus_dv": lambda: run.peak.drop,
        "step.dv": lambda: since_start(0),
        "step.di": lambda: since_start(1),
    }


def _measured(run: Told) -> frozenset[str]:
    """Names of figures that steps of the flow measure."""
    blocks = [node.block for node in run.flow.steps()]
    return frozenset(
        name for block in blocks if isinstance(block, Step) for name in block.figures()
    )


def _step_value(run: Told, name: str) -> Scalar | None:
    if run.step is None:
        return None
    totals = run.counting.now("step") if run.counting is not None else None
    return run.step.names(run.lab.clock.monotonic(), totals).get(name)


def _step_time(run: Told) -> Scalar | None:
    return None if run.step is None else run.step.time(run.lab.clock.monotonic())


def _step_ah(run: Told) -> Scalar | None:
    step, counting = run.step, run.counting
    if step is None or counting is None:
        return None
    return magnitude(step.totals or counting.now("step"), step.direction)[0]


def _scope_names(run: Told) -> dict[str, Getter]:
    counting = run.counting
    if counting is None:
        return {}

    def of(scope: str, name: str) -> Getter:
        return lambda: float(getattr(counting.now(scope), name))

    amounts = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
    own = {f"{s}.{name}": of(s, name) for s in ("cycle", "run") for name in amounts}
    own["run.net_ah"] = of("run", "net_ah")
    own["run.soc"] = lambda: _soc(run, counting)
    own["cycle.time"] = of("cycle", "duration_s")
    own["cycle.number"] = own["run.cycle"] = lambda: float(counting.cycle)
    own["cycle.ce"] = lambda: _efficiency(run, "ah")
    own["cycle.ee"] = lambda: _efficiency(run, "wh")
    return own


def _soc(run: Told, counting: Counting) -> float | None:
    """In %, from where the flow says that the run began, by what has passed since."""
    cell, began = run.names.cell, run.flow.soc
    if cell is None or began is None:
        return None
    return began + 100.0 * counting.now("run").net_ah / cell.capacity


def _efficiency(run: Told, unit: str) -> float | None:
    if run.counting is None:
        return None
    totals = run.counting.now("cycle")
    above: float = getattr(totals, f"discharge_{unit}")
    below: float = getattr(totals, f"charge_{unit}")
    return above / below if below > 0 and above > 0 else None


def _run_names(run: Told) -> dict[str, Getter]:
    cell, clock = run.names.cell, run.lab.clock
    own: dict[str, Getter] = {
        "run.id": lambda: run.id,
        "run.state": lambda: str(run.state),
        "run.verdict": lambda: run.verdict,
        "run.time": lambda: clock.monotonic() - (run.started_mono or clock.monotonic()),
        "session.id": lambda: _number((run.session or {}).get("id")),
        "session.name": lambda: (run.session or {}).get("name"),
    }
    if cell is not None:
        own |= {
            "cell.capacity": lambda: cell.capacity,
            "cell.charge_voltage": lambda: cell.charge_voltage * cell.series,
            "cell.cutoff_voltage": lambda: cell.cutoff_voltage * cell.series,
            "cell.series": lambda: float(cell.series),
        }
    if cell is not None and cell.precharge is not None:
        how, series = cell.precharge, cell.series
        own |= {
            "cell.precharge_below": lambda: how.below * series,
            "cell.precharge_current": lambda: how.current,
            "cell.precharge_max": lambda: how.max,
        }
    return own


def names_of_step(run: Told, index: int) -> LocalEnvironment:
    """Names as they were for one step, also when the run has gone on since."""
    step = run.history[index]
    counts = run.counting is not None and not step.is_side
    totals = run.counting.now("step") if run.counting is not None and counts else None
    values = step.names(run.lab.clock.monotonic(), totals)

    def constant(value: Scalar | None) -> Getter:
        return lambda: value

    return LocalEnvironment(run.env, {key: constant(v) for key, v in values.items()})


def product(one: float | None, other: float | None) -> float | None:
    """Of two numbers that may be unknown."""
    return None if one is None or other is None else one * other


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
