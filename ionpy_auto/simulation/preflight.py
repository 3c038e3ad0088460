"""Pre-flight: what a run will do, predicted on the simulators of its instruments (SEQ-11).

The sequence runs through the same program as the real run, with the channel's own configuration,
on virtual time and on a model of the cell that is scaled to the cell file. Nothing is switched, no
port is opened. What comes out is the same each time.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.automation.wiring import CellFile, ChannelFile
from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import IonpyError, Rejected
from ionpy_auto.core.samples import Scalar, Snapshot
from ionpy_auto.core.settings import load_settings
from ionpy_auto.engine import Engine
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.simulation.findings import findings_of
from ionpy_auto.simulation.model import model_of, put_in, soc_at
from ionpy_auto.simulation.simulate import MOST_HOURS, SimulateJob, Tell, copied

CURVE_POINTS: Final = 2000
STORED_POINTS: Final = 500
STORED_STEPS: Final = 2000
SETTLE_S: Final = 30.0
TELL_EVERY_S: Final = 600.0
ANSWER_S: Final = 10.0
ASSUMED_SOC: Final = 0.5
SUPPLY_EFFICIENCY: Final = 0.85
"""Of an ordinary bench supply under load; its idle consumption is not in it."""

HEARD: Final = ("event/run_step", "event/run_prompt", "event/alarm", "event/rule_fired")
MOST_FIRINGS: Final = 500
CURVES: Final = ("t", "voltage", "current", "temp")
STEP_WORDS: Final = (
    *("step_id", "cycle", "start_s", "end_s", "duration_s", "ended_by", "verdict"),
    *("ah", "wh", "v_end"),
)

Point = tuple[float, float | None, float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightJob:
    """What is to be predicted.

    Attributes:
        folder: The project.
        flow: Id of the flow.
        home: Its home; empty without.
        text: In place of the saved flow; empty: as saved.
        channel: To bind in place of the flow's own.
        bindings: Which cell it is and what its capacity is, as for a start.
        parameters: Values of ``$names``.
        hours: Most virtual hours.
        soc: State of charge at the start, 0 to 1; None: from the voltage.
        voltage: What the meter at the cell shows now; None: not known.
        temp: °C around the cell; None: as the simulated bench has it.
    """

    folder: str
    flow: str
    home: str = ""
    text: str = ""
    channel: str = ""
    bindings: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    hours: float = MOST_HOURS
    soc: float | None = None
    voltage: float | None = None
    temp: float | None = None


async def preflight(job: PreflightJob, tell: Tell) -> dict[str, Any]:
    """Predict a run.

    Raises:
        NotFound: There is no such flow.
        Rejected: The flow has no channel or no cell, or its instruments have no simulated cell.
    """
    about = SimulateJob(
        folder=job.folder,
        flow=job.flow,
        home=job.home,
        text=job.text,
        channel=job.channel,
        parameters=job.parameters,
    )
    with copied(about, polling="adaptive") as (home, slug):
        engine = Engine(home, load_settings(None, {}, guard="off", synchronous="NORMAL"))
        await engine.start()
        try:
            return await _Prediction(job, await engine.open_project(slug), tell).make()
        finally:
            await engine.stop()


class _Prediction:
    """One prediction in an open copy of the project."""

    def __init__(self, job: PreflightJob, bench: Workbench, tell: Tell) -> None:
        self._job = job
        self._bench = bench
        self._tell = tell
        self._begin = 0.0
        self._points: list[Point] = []
        self._steps: dict[int, dict[str, Any]] = {}
        self._alarms: list[dict[str, Any]] = []
        self._fired: list[dict[str, Any]] = []
        self._answers: list[tuple[str, str]] = []
        self._run: Run | None = None

    async def make(self) -> dict[str, Any]:
        """Run it to its end and tell what happened."""
        job, bench = self._job, self._bench
        self._tell(0.0, "")
        request = RunRequest(
            sequence=job.flow,
            channel=job.channel,
            bindings=job.bindings,
            parameters=job.parameters,
            actor="preflight",
        )
        flow = await bench.automation.runs.flow(request)
        cell, channel = flow.names.cell, flow.names.channel
        if cell is None or channel is None:
            msg = f"{job.flow} names no {'cell' if cell is None else 'channel'}"
            raise Rejected(msg, code="NOT_PREDICTABLE", hint="a prediction needs both")
        start = await self._set_up(cell, channel)
        leave = (
            bench.bus.tap(f"sample/{flow.channel}", self._keep),
            bench.bus.tap(HEARD, self._note),
        )
        telling = asyncio.ensure_future(self._tell_for_ever())
        refused: IonpyError | None = None
        unfinished = False
        try:
            unfinished = await self._go(request)
        except IonpyError as error:
            refused = error
        finally:
            telling.cancel()
            for each in leave:
                each()
        return self._result(flow, start, refused, unfinished=unfinished)

    async def _set_up(self, cell: CellFile, channel: ChannelFile) -> dict[str, Any]:
        """The cell as it is now, in the place of the simulated one."""
        job, clock = self._job, self._bench.clock
        model = model_of(cell)
        soc, source = job.soc, "given"
        if soc is None and job.voltage is not None:
            soc, source = soc_at(model, job.voltage), "measured"
        if soc is None:
            soc, source = ASSUMED_SOC, "assumed"
        devices = self._bench.devices
        if not put_in(devices.benches, model, channel, soc, job.temp):
            msg = "the instruments have no simulated cell"
            raise Rejected(msg, code="NOT_PREDICTABLE", hint="see the drivers' simulators")
        await clock.sleep(SETTLE_S)  # what was on the table before is out of every window
        volts = round(model.ocv.voltage(soc), 4)
        start = {"soc": round(soc, 4), "source": source, "voltage": volts}
        self._begin = clock.monotonic()
        return start

    async def _go(self, request: RunRequest) -> bool:
        """Start and wait for the end; whether it had to be broken off."""
        automation, clock = self._bench.automation, self._bench.clock
        started = await automation.start_run(request)
        run = self._run = automation.runs.get(started["id"])
        try:
            async with clock.timeout(self._job.hours * 3600.0):
                await run.done.wait()
        except TimeoutError:
            run.interrupt("aborted", "hours", f"not finished after {self._job.hours:g} h")
            await run.done.wait()
            return True
        return False

    async def _tell_for_ever(self) -> None:
        clock = self._bench.clock
        while True:
            await clock.sleep(TELL_EVERY_S)
            passed = (clock.monotonic() - self._begin) / 3600.0
            share, title = passed / self._job.hours, ""
            if self._run is not None:
                about = self._run.as_dict()
                share, title = about["progress"] or 0.0, f", {about['step_title']}"
            self._tell(share, f"{passed:.1f} h{title}")

    # --- what happens, in the publisher's turn ------------------------------------------------

    def _keep(self, snapshot: Snapshot) -> None:
        if self._run is None:
            return
        volts, amps, _, temp, *_ = (sample.value for sample in snapshot.samples)
        at = snapshot.mono - self._begin
        point = (at, _number(volts), _number(amps), _number(temp))
        if self._points and self._points[-1][0] == at:
            self._points[-1] = point  # once all instruments of the moment were heard
        else:
            self._points.append(point)

    def _note(self, event: Event) -> None:
        at = round(event.mono - self._begin, 3)
        content = dict(event.payload)
        if event.kind == "alarm":
            if content.get("transition") == "raised":
                self._alarms.append({"at": at, "key": content["key"], "text": content["text"]})
        elif event.kind == "run_prompt":
            self._answer(content)
        elif event.kind == "rule_fired":
            self._fired.append({"at": at, "rule": content["id"], "outcome": content["outcome"]})
        elif content["event"] == "started":
            self._steps[content["index"]] = {"start_s": at}
        elif content["index"] in self._steps:
            self._steps[content["index"]] |= {"end_s": at, "row": content}

    def _answer(self, prompt: Mapping[str, Any]) -> None:
        """Nobody is there to be asked: the first good answer is given a moment later."""
        run, clock = self._run, self._bench.clock
        if prompt["event"] != "asked" or run is None:
            return
        answer = usual_answer(prompt)
        shown = str(prompt["text"]), "ok" if answer is True else str(answer)
        if shown not in self._answers:
            self._answers.append(shown)
        step = str(prompt["step"])
        clock.call_at(clock.monotonic() + ANSWER_S, lambda: _give(run, step, answer))

    # --- the result -----------------------------------------------------------------------------

    def _result(
        self,
        flow: Flow,
        start: dict[str, Any],
        refused: IonpyError | None,
        *,
        unfinished: bool,
    ) -> dict[str, Any]:
        run = self._run
        rows = [step for _, step in sorted(self._steps.items()) if "row" in step]
        steps = [_step(one) for one in rows]
        outcome = "unfinished" if unfinished else "finished"
        outcome = "refused" if run is None else outcome
        end = max((step["end_s"] for step in steps), default=0.0)
        limits = run.limits.as_list() if run is not None else []
        curve = thinned([p for p in self._points if p[0] <= end + 1.0], CURVE_POINTS)
        found: dict[str, Any] = {
            "flow": flow.id,
            "title": flow.title,
            "revision": flow.revision,
            "channel": flow.channel,
            "parameters": dict(self._job.parameters),
            "outcome": outcome,
            "verdict": run.verdict if run is not None else "error",
            "ended_by": run.ended_by if run is not None else "refused",
            "message": run.message if run is not None else str(refused),
            "start": start,
            "duration_s": round(end, 3),
            "energy": _energy(steps),
            "peaks": _peaks(self._points),
            "limits": limits,
            "steps": steps,
            "cycles": [_plain(row) for row in run.cycles] if run is not None else [],
            "alarms": self._alarms,
            "fired": self._fired[:MOST_FIRINGS],
            "answers": [{"text": text, "answer": answer} for text, answer in self._answers],
            "curve": curves(curve),
        }
        found["findings"] = findings_of(found, flow, refused)
        return found


def usual_answer(prompt: Mapping[str, Any]) -> Scalar:
    """What somebody who wants the run to go on would answer."""
    if prompt["choices"]:
        return str(prompt["choices"][0])
    if prompt["unit"] is None:
        return True
    low, high = prompt["min"], prompt["max"]
    if low is not None and high is not None:
        return (float(low) + float(high)) / 2.0
    return float(low if low is not None else high if high is not None else 1.0)


def _give(run: Run, step: str, answer: Scalar) -> None:
    """A question that was closed meanwhile needs none."""
    with contextlib.suppress(IonpyError):
        run.answer(answer, step)


def stored_form(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a prediction is kept with a run: small enough for its report."""
    curve = found["curve"]
    points = list(zip(*(curve[name] for name in CURVES), strict=True))
    steps = [{word: step[word] for word in STEP_WORDS} for step in found["steps"]]
    words = ("flow", "revision", "channel", "parameters", "outcome", "verdict", "ended_by", "start")
    more = ("duration_s", "energy", "peaks", "limits", "findings")
    return {
        **{word: found[word] for word in (*words, *more)},
        "steps": steps[:STORED_STEPS],
        "curve": curves(thinned(points, STORED_POINTS)),
    }


def curves(points: Sequence[Point]) -> dict[str, list[float | None]]:
    """Points as one list per quantity."""
    return {name: [point[place] for point in points] for place, name in enumerate(CURVES)}


def _step(one: Mapping[str, Any]) -> dict[str, Any]:
    words = (
        *("step_id", "title", "kind", "cycle", "ended_by", "end_value", "verdict"),
        *("charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "ah", "wh"),
        *("v_start", "v_end", "i_end", "t_max"),
    )
    row = one["row"]
    return {
        "start_s": one["start_s"],
        "end_s": one["end_s"],
        "duration_s": round(row["duration_s"], 3),
        **{word: row[word] for word in words},
    }


def _plain(cycle: Mapping[str, Any]) -> dict[str, Any]:
    """Without dates: a prediction has none."""
    return {word: value for word, value in cycle.items() if word not in {"started", "ended"}}


def _energy(steps: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What goes in and out, and what the mains give for it."""
    total = {
        name: sum(step[word] for step in steps)
        for name, word in (
            *(("in_ah", "charge_ah"), ("out_ah", "discharge_ah")),
            *(("in_wh", "charge_wh"), ("out_wh", "discharge_wh")),
        )
    }
    return {
        **total,
        "mains_wh": total["in_wh"] / SUPPLY_EFFICIENCY,
        "supply_efficiency": SUPPLY_EFFICIENCY,
    }


def _peaks(points: Sequence[Point]) -> dict[str, float | None]:
    """Lowest and highest of each curve."""
    found: dict[str, float | None] = {}
    for place, name in ((1, "voltage"), (2, "current"), (3, "temp")):
        values = [value for point in points if (value := point[place]) is not None]
        found[f"{name}_min"] = min(values, default=None)
        found[f"{name}_max"] = max(values, default=None)
    return found


def thinned(points: Sequence[Point], count: int) -> list[Point]:
    """At most ``count`` points with the same shape: edges of the current and both ends stay.

    Args:
        points: In order of time.
        count: At least 2.
    """
    if len(points) <= count:
        return [_rounded(point) for point in points]
    edges = {0, len(points) - 1}
    swing = max((abs(p[2]) for p in points if p[2] is not None), default=0.0)
    for index in range(1, len(points)):
        before, after = points[index - 1][2], points[index][2]
        if before is not None and after is not None and abs(after - before) > 0.05 * swing:
            edges |= {index - 1, index}
    if len(edges) > count // 2:  # more edges than can be shown
        every = len(edges) / (count // 2)
        ordered = sorted(edges)
        edges = {ordered[int(number * every)] for number in range(count // 2)}
        edges |= {0, len(points) - 1}
    left = count - len(edges) - 1
    every = (len(points) - 1) / left
    kept = edges | {int(number * every) for number in range(left)}
    return [_rounded(points[index]) for index in sorted(kept)]


def _rounded(point: Point) -> Point:
    at, volts, amps, temp = point
    return round(at, 2), _short(volts, 4), _short(amps, 4), _short(temp, 2)


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None
