"""JUnit XML as Jenkins and GitLab read it: a test case per measurement and per judged step.

``fail`` and ``inconclusive`` are failures (the measurement is not shown to be good), ``aborted``
and ``error`` errors; what has no verdict yet is skipped. What ended the run without ending in a
step is the test case ``run``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree as ET  # written, not read: nothing foreign is parsed

from ionpy_auto.automation.sequences.reports.model import RunReport
from ionpy_auto.automation.sequences.steps import VERDICTS, worst

FAILURES: Final = frozenset({"fail", "inconclusive"})
ERRORS: Final = frozenset({"aborted", "error"})


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case."""

    suite: str
    name: str
    verdict: str
    seconds: float = 0.0
    text: str = ""


class JunitReport:
    """See the module's first lines; the language changes nothing."""

    name = "junit"
    suffix = ".xml"
    media_type = "application/xml"

    def render(self, report: RunReport, lang: str) -> bytes:
        """One suite."""
        del lang
        cases = list(_cases(report))
        run = report.run
        whole = {
            "name": _clean(run["flow"]),
            "tests": str(len(cases)),
            "failures": str(sum(case.verdict in FAILURES for case in cases)),
            "errors": str(sum(case.verdict in ERRORS for case in cases)),
            "time": f"{run['duration_s']:.3f}",
        }
        root = ET.Element("testsuites", whole)
        began = datetime.fromtimestamp(run["started"] or run["created"], UTC)
        skipped = str(sum(case.verdict == "not_set" for case in cases))
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                **whole,
                "skipped": skipped,
                "timestamp": f"{began:%Y-%m-%dT%H:%M:%S}",
                "hostname": _clean(run["channel"] or "ionpy-auto"),
            },
        )
        properties = ET.SubElement(suite, "properties")
        for name, value in _properties(report):
            ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
        for case in cases:
            _add(suite, case)
        ET.indent(root)
        text: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
        return text + b"\n"


def _cases(report: RunReport) -> Iterator[_Case]:
    flow = str(report.run["flow"])
    seen: dict[str, int] = {}
    below = "not_set"
    for step in report.steps:
        place = f"{step['step_id']} (cycle {step['cycle']})" if step["cycle"] else step["step_id"]
        seen[place] = seen.get(place, 0) + 1
        place = place if seen[place] == 1 else f"{place} #{seen[place]}"
        for one in step.get("measures", ()):
            yield _Case(flow, f"{place}: {one['name']}", one["verdict"], 0.0, _measured(one))
        verdict = step["verdict"]
        below = worst(below, verdict)
        if verdict == "not_set" and step["ended"] is not None:
            continue  # an action, a label: it has nothing to say
        yield _Case(flow, place, verdict, step.get("duration_s") or 0.0, _ended(step))
    verdict = report.verdict
    is_over = report.run["state"] == "finished"
    if not is_over or VERDICTS.index(verdict) > VERDICTS.index(below):
        text = f"{report.run['ended_by']}: {report.run['message']}".strip(": ")
        yield _Case(flow, "run", verdict, 0.0, text or f"the run is {report.run['state']}")


def _measured(one: Mapping[str, Any]) -> str:
    """Value and limits."""
    unit = one["unit"]
    limits = [f"{word} {one[word]:g} {unit}".strip() for word in ("min", "max") if word in one]
    value = one["text"] if one["value"] is None else f"{one['value']:.6g} {unit}".strip()
    return f"{one['name']} = {value}" + (f", limits: {', '.join(limits)}" if limits else "")


def _ended(step: Mapping[str, Any]) -> str:
    value = step.get("end_value")
    text = f"ended by {step['ended_by'] or 'nothing yet'}"
    text += f" at {value:.6g}" if isinstance(value, int | float) else ""
    warnings = step.get("warnings", ())
    return "; ".join([text, *map(str, warnings)])


def _properties(report: RunReport) -> Iterator[tuple[str, object]]:
    run, cell = report.run, report.sheet["cell"]
    yield "run", run["id"]
    yield "title", run["title"]
    yield "verdict", report.verdict
    for name in ("id", "batch", "mass"):
        if cell[name]:
            yield f"cell.{name}", cell[name]
    if report.sheet["operator"]:
        yield "operator", report.sheet["operator"]
    for role, file in report.hashes.items():
        yield f"hash.{role}", file["revision"]


def _add(suite: ET.Element, case: _Case) -> None:
    words = {"classname": _clean(case.suite), "name": _clean(case.name)}
    found = ET.SubElement(suite, "testcase", {**words, "time": f"{case.seconds:.3f}"})
    text = _clean(case.text)
    if case.verdict in FAILURES or case.verdict in ERRORS:
        kind = "failure" if case.verdict in FAILURES else "error"
        detail = ET.SubElement(found, kind, {"message": text, "type": case.verdict})
        detail.text = text
    elif case.verdict == "not_set":
        ET.SubElement(found, "skipped")
    elif text:
        ET.SubElement(found, "system-out").text = text


def _clean(value: object) -> str:
    """A text XML can hold: most control characters and lone surrogates it cannot."""
    return "".join(c if _may_stand(ord(c)) else "\ufffd" for c in str(value))


def _may_stand(code: int) -> bool:
    if code < 0x20:
        return code in {0x9, 0xA, 0xD}
    return not (0xD800 <= code <= 0xDFFF or code in {0xFFFE, 0xFFFF})
