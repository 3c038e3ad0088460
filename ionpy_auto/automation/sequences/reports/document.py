"""A report as sections of tables, facts and pictures: what HTML and PDF set into pages alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ionpy_auto.automation.sequences.reports.drawing import Drawing
from ionpy_auto.automation.sequences.reports.model import DEFINITIONS, RunReport
from ionpy_auto.automation.sequences.reports.plots import all_plots
from ionpy_auto.automation.sequences.reports.words import Words
from ionpy_auto.automation.sequences.steps import worst

MOST_STEPS: Final = 240
MOST_CYCLES: Final = 1000
MOST_MEASURES: Final = 60
"""With more of them they are summed up, and those that did not pass are listed."""
MOST_EVENTS: Final = 300
SOUND: Final = frozenset({"pass", "not_set"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell with a meaning: a verdict, or ``warn``, ``bad``, ``good``, ``muted``."""

    text: str
    tone: str


Cell = str | Mark


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column; numbers stand to the right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The few figures a reader looks for first."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence."""

    text: str
    tone: str = "muted"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures beside each other where there is room."""

    drawings: Sequence[Drawing]


Block = Table | Facts | Figures | Note | Pictures


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report in one language."""

    title: str
    subtitle: str
    verdict: Mark
    lang: str
    head: Sequence[Block]
    sections: Sequence[Section]


def document_of(report: RunReport, lang: str) -> Document:
    """Set a report into sections."""
    t = Words(lang)
    plots = all_plots(report, t)
    sections = (
        Section(t("What the run measured"), list(_measured(report, t))),
        Section(t("Curves"), list(_curves(report, t, plots))),
        Section(t("Cycles"), list(_cycles(report, t, plots))),
        Section(t("Protections and limits"), list(_limits(report, t))),
        Section(t("Conditions and parameters"), list(_conditions(report, t))),
        Section(t("Checks before the start"), list(_checks(report, t))),
        Section(t("Steps"), list(_steps(report, t))),
        Section(t("Our Ah against the instruments' counters"), list(_counters(report, t))),
        Section(t("Contact"), list(_contact(report, t, plots))),
        Section(t("Sampling"), list(_sampling(report, t, plots))),
        Section(t("Events"), list(_events(report, t))),
        Section(t("Traceability"), list(_sheet(report, t))),
        Section(t("Definitions"), [Facts([(t(n), t(text)) for n, text in DEFINITIONS])]),
    )
    run = report.run
    return Document(
        title=str(run["title"]),
        subtitle=f"{t('Run report')} · {run['id']}",
        verdict=verdict(report.verdict, t),
        lang=lang,
        head=list(_head(report, t)),
        sections=[section for section in sections if section.blocks],
    )


def verdict(word: str, t: Words) -> Mark:
    """A verdict in the reader's language."""
    return Mark(t(word.replace("_", " ")), word)


def _columns(*titles: str) -> list[Column]:
    """Heads; ``>`` before a title: numbers."""
    return [Column(title.removeprefix(">"), title.startswith(">")) for title in titles]


# --- the head ------------------------------------------------------------------------------------


def _head(report: RunReport, t: Words) -> Iterator[Block]:
    run = report.run
    if run["state"] != "finished":
        text = "This run is not over: the report shows it as it was stored last."
        yield Note(t(text), "warn")
    yield Facts(
        [
            (t("Flow"), str(run["flow"])),
            (t("Channel"), t.known(run["channel"])),
            (t("Cell id"), t.known(report.sheet["cell"]["id"])),
            (t("Operator"), t.known(report.sheet["operator"])),
            (t("State"), t(run["state"])),
            (t("Ended by"), t.known(run["ended_by"])),
            (t("Started"), t.moment(run["started"])),
            (t("Ended"), t.moment(run["ended"])),
            (t("Duration"), t.duration(run["duration_s"])),
            (t("Started by"), t.known(run["actor"])),
            *([(t("Message"), str(run["message"]))] if run["message"] else []),
        ]
    )
    figures = list(_figures(report, t))
    if figures:
        yield Figures(figures)


def _figures(report: RunReport, t: Words) -> Iterator[tuple[str, str]]:
    totals = report.totals
    if not totals:
        return
    for way, name in (("charge", "Charge"), ("discharge", "Discharge")):
        ah, wh = totals.get(f"{way}_ah"), totals.get(f"{way}_wh")
        if ah:
            yield t(name), f"{t.number(ah, 4)} Ah · {t.number(wh, 3)} Wh"
    if report.cycles:
        valid = totals.get("cycles_valid", 0)
        count = len(report.cycles)
        yield t("Cycles"), t("{count}, {valid} with valid CE", count=count, valid=valid)
    last = next((c for c in reversed(report.cycles) if c["ce_state"] == "valid"), None)
    if last is not None:
        u = (last.get("u") or {}).get("ce")
        yield f"{t('CE')} ({t('cycle')} {last['cycle']})", t.figure(last["ce"], u)
    if totals.get("temp_max") is not None:
        yield t("Highest temperature"), f"{t.number(totals['temp_max'], 1)} °C"


def _measured(report: RunReport, t: Words) -> Iterator[Block]:
    found = [(step, one) for step in report.steps for one in step.get("measures", ())]
    shown = found
    if len(found) > MOST_MEASURES:
        yield _summary(found, t)
        shown = [(step, one) for step, one in found if one["verdict"] not in SOUND]
    rows = [_measure(step, one, t) for step, one in shown[:MOST_MEASURES]]
    if rows:
        titles = ("Measurement", "Step", ">Cycle", ">Value", ">Lower limit", ">Upper limit")
        yield Table(_columns(*_told(t, *titles, "Verdict")), rows)
    yield from _left_out(len(found) - len(rows), t)


def _measure(step: Mapping[str, Any], one: Mapping[str, Any], t: Words) -> Sequence[Cell]:
    value = t("not known")
    if one["value"] is not None:
        value = f"{t.figure(one['value'], _measure_u(step, one))} {one['unit']}".strip()
    return (
        str(one["name"]),
        str(step["title"] or step["step_id"]),
        str(step["cycle"] or "–"),
        value,
        t.short(one.get("min"), 6),
        t.short(one.get("max"), 6),
        verdict(one["verdict"], t),
    )


def _summary(found: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], t: Words) -> Table:
    """Each measurement over all its steps: how often, from where to where, the worst verdict."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for step, one in found:
        groups.setdefault((one["name"], step["title"] or step["step_id"]), []).append(one)
    rows: list[Sequence[Cell]] = []
    for (name, title), measures in list(groups.items())[:MOST_MEASURES]:
        values = [one["value"] for one in measures if one["value"] is not None]
        unit = measures[0]["unit"]
        ends = (min(values), max(values)) if values else (None, None)
        rows.append(
            (
                name,
                title,
                str(len(measures)),
                *(f"{t.short(value, 5)} {unit}".strip() for value in ends),
                verdict(worst(*(one["verdict"] for one in measures)), t),
            )
        )
    titles = ("Measurement", "Step", ">Count", ">Lowest", ">Highest", "Verdict")
    return Table(_columns(*_told(t, *titles)), rows)


def _measure_u(step: Mapping[str, Any], one: Mapping[str, Any]) -> float | None:
    """The uncertainty of a measure that is one of the step's own figures."""
    for name, u in (step.get("u") or {}).items():
        if one["value"] is not None and step.get(name) == one["value"]:
            return float(u) if u is not None else None
    return None


def _told(t: Words, *titles: str) -> list[str]:
    """Heads in the reader's language."""
    return [f"{'>' if x.startswith('>') else ''}{t(x.removeprefix('>'))}" for x in titles]


def _left_out(count: int, t: Words) -> Iterator[Block]:
    if count > 0:
        text = "{count} more are left out here; the JSON report has them."
        yield Note(t(text, count=count))


# --- limits and conditions -----------------------------------------------------------------------


def _limits(report: RunReport, t: Words) -> Iterator[Block]:
    rows: list[Sequence[Cell]] = [
        (
            f"{row['name'].upper() if row['name'] in {'ovp', 'ocp'} else row['name']}",
            str(row["point"] or "–"),
            f"{t.short(row['wanted'])} {row['unit']}" if row["wanted"] is not None else "–",
            f"{t.short(row['achieved'])} {row['unit']}"
            if row["achieved"] is not None
            else Mark(t("not known"), "warn"),
            t.known(row["origin"]),
            t.known(row["kind"]),
            str(row["note"]),
        )
        for row in report.protections
    ]
    if rows:
        titles = ("Hardware protection", "Point", ">Wanted", ">Achieved", "Origin", "Kind", "Note")
        yield Table(_columns(*_told(t, *titles)), rows)
    else:
        yield Note(t("No hardware protection was armed in this run."), "warn")
    limits: list[Sequence[Cell]] = [
        (
            str(row["quantity"]),
            f"{t.known(row['value'])} {row['unit']}".strip(),
            str(row["origin"]),
            f"{t.short(row.get('reaction_s'))} s" if row.get("reaction_s") is not None else "–",
        )
        for row in report.limits
    ]
    if limits:
        heads = ("Limit", "Value", "Origin", ">Worst-case reaction")
        yield Table(_columns(*_told(t, *heads)), limits)
        yield Note(t("Reaction = poll + debounce + switching off, proven."))
    accepted: list[Sequence[Cell]] = [
        (Mark(item, "warn"), t.known(by.get("by")), t.known(by.get("date") or by.get("at")))
        for item, by in report.accepted.items()
    ]
    if accepted:
        yield Table(_columns(*_told(t, "Accepted by a person", "By", "Date")), accepted)


def _conditions(report: RunReport, t: Words) -> Iterator[Block]:
    given = {**report.parameters, **report.conditions}
    if given:
        yield Facts([(str(name), t.known(value)) for name, value in given.items()])
    if report.leakage:
        rows: list[Sequence[Cell]] = [
            (device, t("not known") if amps is None else f"{t.short(amps * 1e3)} mA")
            for device, amps in report.leakage.items()
        ]
        titles = ("Instrument", ">Leakage with the outputs off")
        yield Table(_columns(*_told(t, *titles)), rows)


_SIGNS: Final = {True: ("✓", "pass"), False: ("✗", "fail"), None: ("!", "warn")}


def _checks(report: RunReport, t: Words) -> Iterator[Block]:
    rows: list[Sequence[Cell]] = [
        (Mark(*_SIGNS[check["ok"]]), str(check["name"]), str(check["text"]))
        for check in report.checks
    ]
    if rows:
        yield Table(_columns("", *_told(t, "Check", "Found")), rows)


# --- curves and cycles ---------------------------------------------------------------------------


def _curves(report: RunReport, t: Words, plots: Mapping[str, Drawing]) -> Iterator[Block]:
    if "time" not in plots:
        yield Note(t("Nothing of this run was recorded; there are no curves."), "warn")
    for names in (("time",), ("loops", "capacity", "efficiency", "contact")):
        found = [plots[name] for name in names if name in plots]
        if found:
            yield Pictures(found)
    if report.omitted.get("loops"):
        yield Note(t("{count} more cycles are not drawn.", count=report.omitted["loops"]))


def _cycles(report: RunReport, t: Words, plots: Mapping[str, Drawing]) -> Iterator[Block]:
    del plots
    if not report.cycles:
        return
    titles = (
        *(">Cycle", ">Charge Ah", ">Discharge Ah", ">CE", ">EE", ">Mean V charge"),
        *(">Mean V discharge", ">CV share", ">DCIR", ">Tmax °C", ">Duration", "Remark"),
    )
    shown = report.cycles[:MOST_CYCLES]
    yield Table(_columns(*_told(t, *titles)), [_cycle(cycle, t) for cycle in shown])
    yield from _left_out(len(report.cycles) - len(shown), t)


def _cycle(cycle: Mapping[str, Any], t: Words) -> Sequence[Cell]:
    u = cycle.get("u") or {}
    efficiency = t.figure(cycle["ce"], u.get("ce"))
    remark = [t("partial")] if cycle["partial"] else []
    remark += [str(cycle["note"])] if cycle.get("note") else []
    return (
        str(cycle["cycle"]),
        t.figure(cycle["charge_ah"], u.get("charge_ah")),
        t.figure(cycle["discharge_ah"], u.get("discharge_ah")),
        efficiency if cycle["ce_state"] == "valid" else Mark(efficiency, "muted"),
        t.figure(cycle["ee"], u.get("ee")),
        t.figure(cycle["mean_v_charge"], u.get("mean_v_charge")),
        t.figure(cycle["mean_v_discharge"], u.get("mean_v_discharge")),
        t.percent(cycle["cv_share"]),
        _dcir(cycle.get("dcir") or [], t),
        t.number(cycle["t_max"], 1),
        t.duration(cycle["duration_s"]),
        Mark("; ".join(remark), "warn" if cycle["partial"] else "muted"),
    )


def _dcir(rows: Sequence[Mapping[str, Any]], t: Words) -> str:
    """Resistances at their times; what was inconclusive is said."""
    found = []
    for row in rows[:4]:
        ohm, at = row.get("ohm"), row.get("at_s")
        value = t("inconclusive") if ohm is None else f"{t.short(ohm * 1e3)} mΩ"
        found.append(value if at is None else f"{value} ({t.short(at)} s)")
    return ", ".join(found) or "–"


def _steps(report: RunReport, t: Words) -> Iterator[Block]:
    steps = list(report.steps)
    shown = steps
    if len(steps) > MOST_STEPS:
        edge = MOST_STEPS // 3
        odd = [s for s in steps[edge:-edge] if s["verdict"] not in SOUND or s.get("warnings")]
        shown = [*steps[:edge], *odd[:edge], *steps[-edge:]]
    if not shown:
        return
    titles = (
        *(">#", "Step", ">Cycle", ">Duration", "Ended by", ">End value", "Phases", ">Ah", ">Wh"),
        *(">V start → end", ">Tmax °C", "Verdict"),
    )
    yield Table(_columns(*_told(t, *titles)), [_step(step, t) for step in shown])
    if len(shown) < len(steps):
        text = "{count} passed steps without remark are left out here; the JSON report has all."
        yield Note(t(text, count=len(steps) - len(shown)))


def _step(step: Mapping[str, Any], t: Words) -> Sequence[Cell]:
    u = step.get("u") or {}
    phases = dict.fromkeys(str(phase["name"]) for phase in step.get("phases", ()))
    volts = [step.get("v_start"), step.get("v_end")]
    moved = bool(step.get("ah"))
    dcir = _dcir(step.get("dcir") or [], t)
    ended = str(step["ended_by"] or "–") + (f" · {dcir}" if dcir != "–" else "")
    return (
        str(step["index"] + 1),
        str(step["title"] or step["step_id"]),
        str(step["cycle"] or "–"),
        t.duration(step.get("duration_s")),
        ended,
        t.short(step.get("end_value")),
        " → ".join(phases),
        t.figure(step["ah"], u.get("ah")) if moved else "–",
        t.figure(step["wh"], u.get("wh")) if moved else "–",
        " → ".join(t.number(v, 3) for v in volts) if volts != [None, None] else "–",
        t.number(step.get("t_max"), 1),
        verdict(step["verdict"], t),
    )


# --- the bench itself ----------------------------------------------------------------------------


def _counters(report: RunReport, t: Words) -> Iterator[Block]:
    if not report.steps:
        return
    if not report.counters:
        yield Note(t("No instrument of this run has an Ah counter."))
        return
    rows: list[Sequence[Cell]] = [
        (
            str(row["index"] + 1),
            str(row["step_id"]),
            str(row["cycle"] or "–"),
            t.number(row["ah"], 4),
            t.number(row["device_ah"], 4),
            _deviation(row, t),
        )
        for row in report.counters[:MOST_STEPS]
    ]
    titles = (">#", "Step", ">Cycle", ">Ours Ah", ">Instrument Ah", ">Deviation")
    yield Table(_columns(*_told(t, *titles)), rows)
    yield from _left_out(len(report.counters) - len(rows), t)


def _deviation(row: Mapping[str, Any], t: Words) -> Mark:
    apart = abs(row["device_ah"] - row["ah"])
    is_far = apart > 0.01 * row["ah"] + 0.005
    return Mark(t.percent(row["deviation"], 2), "warn" if is_far else "good")


def _contact(report: RunReport, t: Words, plots: Mapping[str, Drawing]) -> Iterator[Block]:
    del plots
    if not report.series:
        return
    if not report.contact:
        yield Note(t("The voltage at the instruments was not recorded beside that at the cell."))
        return
    rows: list[Sequence[Cell]] = [
        (
            str(row["index"] + 1),
            str(row["step_id"]),
            str(row["cycle"] or "–"),
            str(report.contact["terminals"].get(row["kind"], "")),
            f"{t.number(row['ohm'] * 1e3, 2)} mΩ",
        )
        for row in report.contact["steps"]
    ]
    titles = (">#", "Step", ">Cycle", "Point", ">Resistance")
    yield Table(_columns(*_told(t, *titles)), rows)


def _sampling(report: RunReport, t: Words, plots: Mapping[str, Drawing]) -> Iterator[Block]:
    rows: list[Sequence[Cell]] = [
        (
            device,
            str(found["polls"]),
            *(
                "–" if found[word] is None else f"{t.short(found[word])} s"
                for word in ("p50_s", "p99_s", "max_s")
            ),
        )
        for device, found in report.sampling.items()
    ]
    if rows:
        titles = ("Instrument", ">Polls", ">p50", ">p99", ">longest")
        yield Table(_columns(*_told(t, *titles)), rows)
    if "sampling" in plots:
        yield Pictures([plots["sampling"]])


_TONES: Final = {"alarm": "bad", "gap": "warn", "warning": "warn", "resumed": "warn"}


def _events(report: RunReport, t: Words) -> Iterator[Block]:
    if not report.events:
        yield Note(t("Nothing happened beside the steps."))
        return
    begin = report.run["started"] or report.run["created"]
    shown = report.events[:MOST_EVENTS]
    rows: list[Sequence[Cell]] = [
        (
            t.moment(event.at),
            t.duration(max(event.at - begin, 0.0)),
            Mark(t(event.kind), _TONES.get(event.kind, "muted")),
            f"{event.severity}: {event.text}" if event.severity else event.text,
            event.by,
        )
        for event in shown
    ]
    titles = ("Date", ">Duration", "Kind", "Message", "By")
    yield Table(_columns(*_told(t, *titles)), rows)
    left = len(report.events) - len(shown) + report.omitted.get("events", 0)
    yield from _left_out(left, t)


# --- traceability --------------------------------------------------------------------------------


def _sheet(report: RunReport, t: Words) -> Iterator[Block]:
    sheet, cell = report.sheet, report.sheet["cell"]
    lead = sheet["lead_ohm"]
    yield Facts(
        [
            (t("Cell id"), t.known(cell["id"])),
            (t("Batch"), t.known(cell["batch"])),
            (t("Mass"), t.known(cell["mass"])),
            (t("Cycles before this run"), t.known(cell["cycles_before"])),
            (t("Cell"), t.known(cell["title"])),
            (t("Cell file"), t.known(cell["file"])),
            (t("Manufacturer"), t.known(cell["manufacturer"])),
            (t("Chemistry"), t.known(cell["chemistry"])),
            (t("Capacity for C-rates"), _with_unit(cell["capacity_ah"], "Ah", t)),
            (t("Cells in series"), t.known(cell["series"])),
            (t("Operator"), t.known(sheet["operator"])),
            (t("Fixture"), t.known(sheet["fixture"] or sheet.get("fixture_title"))),
            (t("Lead resistance"), _with_unit(None if lead is None else lead * 1e3, "mΩ", t)),
            (t("Place of the temperature sensor"), t.known(sheet["sensor_place"])),
            (t("Wires of the voltage meter"), t.known(sheet["wires"])),
            (t("Isolation"), t.known(sheet["isolation"])),
            (t("Clock at the start"), t.known(sheet["clock"])),
            (t("Software"), t.known(sheet["software"])),
        ]
    )
    yield from _meters(sheet["meters"], t)
    files: list[Sequence[Cell]] = [
        (t(role), file["name"], file["revision"] or t("not known"))
        for role, file in report.hashes.items()
    ]
    files += [(t("profile"), name, revision) for name, revision in report.sources.items()]
    files += [(t("called flow"), str(c["flow"]), str(c["revision"])) for c in report.calls]
    if files:
        yield Table(_columns(*_told(t, "Role", "File", "Hash")), files)


def _with_unit(value: float | None, unit: str, t: Words) -> str:
    return t("not known") if value is None else f"{t.short(value, 6)} {unit}"


def _meters(meters: Sequence[Mapping[str, Any]], t: Words) -> Iterator[Block]:
    words = ("model", "serial", "firmware", "calibrated", "calibration_due")
    rows: list[Sequence[Cell]] = [
        (
            str(meter["device"]),
            t.known(f"{meter.get('driver') or ''} {meter.get('driver_version') or ''}".strip()),
            *(t.known(meter.get(word)) for word in words),
        )
        for meter in meters
    ]
    if rows:
        titles = ("Instrument", "Driver", "Model", "Serial number", "Firmware", "Calibrated", "Due")
        yield Table(_columns(*_told(t, *titles)), rows)
    measures: list[Sequence[Cell]] = [
        (
            t(one["quantity"]),
            str(one["point"]),
            _accuracy(one, t),
            _with_unit(one["resolution"], one["unit"], t),
            _range(one, t),
        )
        for meter in meters
        for one in meter["measures"]
    ]
    if measures:
        heads = ("Quantity", "Point", ">Accuracy", ">Resolution", ">Range")
        yield Table(_columns(*_told(t, *heads)), measures)


def _accuracy(one: Mapping[str, Any], t: Words) -> str:
    accuracy = one["accuracy"]
    if accuracy is None:
        return t("not known")
    parts = [f"{t.short(accuracy['gain'] * 100.0)} %"] if accuracy["gain"] else []
    parts += [f"{t.short(accuracy['offset'])} {one['unit']}"] if accuracy["offset"] else []
    return f"± {' + '.join(parts)}" if parts else t("not known")


def _range(one: Mapping[str, Any], t: Words) -> str:
    if one["range"] is None:
        return t("not known")
    low, high = one["range"]
    return f"{t.short(low)} … {t.short(high)} {one['unit']}"
