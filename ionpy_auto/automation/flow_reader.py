"""Types a flow file: from a text with places to a `Flow`, or to findings that say why not."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Annotated, Any

from ionpy_auto.automation.blocks import (
    ACTIONS,
    CONDITIONS,
    STEPS,
    TRIGGERS,
    Block,
    ConditionBlock,
    Step,
    Trigger,
)
from ionpy_auto.automation.fields import (
    COUNTER,
    PlacedDict,
    Plain,
    Reading,
    fail,
    noted,
    unknown_args,
    unknown_key,
)
from ionpy_auto.automation.flow import (
    MAX_GAP_S,
    ActionNode,
    CycleDefinition,
    End,
    Flow,
    Limit,
    Measure,
    Parameter,
    Record,
    RuleNode,
    StepNode,
    TriggerNode,
)
from ionpy_auto.automation.names import Names, NoSite, Site
from ionpy_auto.automation.tapers import is_taper
from ionpy_auto.core.errors import Finding, IonpyError, Severity
from ionpy_auto.core.registry import Registry
from ionpy_auto.language import (
    Condition,
    Entry,
    Expression,
    Fields,
    ListNode,
    MapNode,
    Node,
    Quantity,
    Scope,
    TextNode,
    UnitError,
    UnknownPolicy,
    parse_quantity,
    read_with_findings,
)

FLOW_ID = re.compile(r"[a-z0-9-]{1,64}")
STEP_ID = re.compile(r"[\w.-]{1,64}")
"""What stands between ids in a place (``/``, ``|``, ``:``) stands in none of them."""
VERSION = "1"
POWER_LOSS = ("hold", "resume", "abort")
VERDICTS = ("pass", "inconclusive", "fail")
STEP_KEYS = frozenset({"id", "name", "enabled", "until", "limits", "measure", "verdict"})
ACTION_KEYS = frozenset({"id", "enabled"})
FLOW_KEYS = (
    *("version", "id", "title", "description", "cell", "channel", "parameters", "record", "cycle"),
    *("soc", "on_power_loss", "limits", "sequence", "finally", "rules", "x-layout"),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a run puts in place of the file's own words."""

    channel: str = ""
    cell: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    capacity_ah: float | None = None  # what a C-rate means, instead of the cell file's


Texts = Callable[[str], tuple[str, str] | None]
"""Text and file name of a flow that another one calls; None where nobody can know."""


def read_flow(
    text: str,
    file: str = "",
    site: Site | None = None,
    binding: Binding | None = None,
    texts: Texts | None = None,
) -> tuple[Flow | None, list[Finding]]:
    """Type a flow file.

    Args:
        text: The whole text.
        file: For the findings.
        site: What it can refer to; without one names are not checked.
        binding: Channel and parameters of a run.
        texts: Where called flows are found; without it they are left out.

    Returns:
        The flow (None when it has errors) and all findings.
    """
    node, findings = read_with_findings(text, file)
    if node is None or not isinstance(node, MapNode):
        if node is not None:
            Fields(node, file, findings)
        return None, findings
    reader = FlowReader(text, file, site or NoSite(), binding or Binding(), findings)
    reader.texts = texts
    flow = reader.read(node)
    return (flow if reader.reading.is_ok else None), findings


class FlowReader:
    """One reading of one flow file."""

    def __init__(
        self, text: str, file: str, site: Site, binding: Binding, findings: list[Finding]
    ) -> None:
        self.text = text
        self.file = file
        self.site = site
        self.binding = binding
        self.reading = Reading(Scope(file=file), findings, file)
        self.names = Names(site)
        self.prefix = ""
        self.texts: Texts | None = None
        self.chain: tuple[str, ...] = ()
        self.place: Node | None = None
        self._at: Fields | None = None
        self._cell = ""
        self.has_sequence = False
        self._ids: dict[str, int] = {}

    # -- head -------------------------------------------------------------------------------

    def read(self, node: MapNode) -> Flow:
        """Type the whole file."""
        fields = Fields(node, self.file, self.reading.findings)
        if fields.text("version", VERSION) != VERSION:
            fields.add("version", "this program reads version 1", fields.get("version"))
        flow_id = fields.text("id", required=True)
        if flow_id and not FLOW_ID.fullmatch(flow_id):
            hint = "lower case letters, digits and -, at most 64"
            fields.add("bad-id", f"{flow_id!r} is no flow id", fields.get("id"), hint, id=flow_id)
        self.chain = (*self.chain, flow_id)
        parameters = self._parameters(fields)
        names = self.names = self._names(fields, parameters)
        self.reading.scope = names.scope()
        self.has_sequence = "sequence" in fields
        for key in FLOW_KEYS:
            fields.taken.add(key)
        fields.unknown(FLOW_KEYS)
        return Flow(
            id=flow_id,
            text=self.text,
            file=self.file,
            title=fields.text("title") or flow_id,
            description=fields.text("description"),
            cell=fields.text("cell"),
            channel=self.binding.channel or fields.text("channel"),
            soc=self._soc(node),
            on_power_loss=fields.choice("on_power_loss", POWER_LOSS, "hold"),  # type: ignore[arg-type]  # choice() has checked it
            power_loss_line=getattr(fields.get("on_power_loss"), "line", 1),
            parameters=parameters,
            record=self._part(Record, node, "record"),
            cycle=self._part(CycleDefinition, node, "cycle"),
            limits=self.limits(node.get("limits"), f"call {flow_id}" if self.prefix else "flow"),
            sequence=self.steps(node.get("sequence"), "sequence"),
            closing=self.steps(node.get("finally"), "finally"),
            rules=self._rules(node.get("rules"), flow_id),
            names=names,
        )

    def _soc(self, node: MapNode) -> float | None:
        """State of charge at the start of a run, in %."""
        scope = self.reading.scope
        fields = Fields(node, self.file, self.reading.findings, scope.parameters)
        found = fields.raw_quantity("soc")
        if found is None:
            return None
        if found.unit.name not in {"%", ""} or not 0.0 <= found.value <= 100.0:
            args: dict[str, Any] = {"key": "soc", "low": "0 %", "high": "100 %"}
            fields.add("wrong-value", "soc is 0 % to 100 %", fields.get("soc"), "soc: 50 %", **args)
        return found.value

    def _part(self, kind: type[Any], node: MapNode, key: str) -> Any:  # noqa: ANN401 - kind says
        part = node.get(key)
        return self.reading.model(kind, part) if part is not None else None

    def _parameters(self, fields: Fields) -> tuple[Parameter, ...]:
        inner = fields.map("parameters")
        if inner is None:
            return ()
        found = []
        for name in inner.keys:
            entry = inner.get(name)
            if isinstance(entry, TextNode):
                found.append(Parameter(name, entry.text))
                continue
            one = Fields(entry, self.file, self.reading.findings)
            default = one.get("default")
            found.append(
                Parameter(
                    name,
                    default.text if isinstance(default, TextNode) else None,
                    one.text("min"),
                    one.text("max"),
                    one.text("unit"),
                    one.text("help"),
                )
            )
            one.unknown()
        return tuple(found)

    def _names(self, fields: Fields, parameters: tuple[Parameter, ...]) -> Names:
        names = Names(self.site, file=self.file, parameters=self._values(fields, parameters))
        channel_id = self.binding.channel or fields.text("channel")
        known = not isinstance(self.site, NoSite)
        if channel_id:
            channel = self.site.channel(channel_id)
            if channel is None and known:
                fields.add(
                    "unknown-channel",
                    f"there is no channel {channel_id!r}",
                    fields.get("channel"),
                    f"add channels/{channel_id}.yaml",
                    wanted=channel_id,
                )
            names = replace(names, channel_id=channel_id, channel=channel)
        cell_name = self._cell = self.binding.cell or fields.text("cell")
        if cell_name:
            cell = self.site.cell(cell_name)
            if cell is None and known:
                hint = "cells live in cells/<name>.yaml"
                message, where = f"no cell {cell_name!r}", fields.get("cell")
                fields.add("unknown-cell", message, where, hint, wanted=cell_name)
            if cell is not None and self.binding.capacity_ah is not None:
                cell = cell.model_copy(update={"capacity": self.binding.capacity_ah})
            names = replace(names, cell=cell)
        return names

    def _values(
        self, fields: Fields, parameters: tuple[Parameter, ...]
    ) -> dict[str, Quantity | float | bool | str]:
        values: dict[str, Quantity | float | bool | str] = {}
        where = fields.get("parameters")
        known = {parameter.name for parameter in parameters}
        for name in self.binding.parameters:
            if name not in known:
                args = unknown_args(name, known)
                fields.add("unknown-parameter", unknown_key(name, known)[0], where, **args)
        for parameter in parameters:
            given = self.binding.parameters.get(parameter.name, parameter.default)
            if given is None:
                fields.add(
                    "missing-parameter",
                    f"parameter {parameter.name!r} has no value",
                    where,
                    "give it when starting, or a default in the file",
                    parameter=parameter.name,
                )
                continue
            text = str(given).lower() if isinstance(given, bool) else str(given)
            problem = out_of_bounds(parameter, text)
            if problem:
                args = {"parameter": parameter.name, "text": text}
                args |= {"low": parameter.low or "…", "high": parameter.high or "…"}
                fields.add("parameter-range", f"{parameter.name}: {problem}", where, **args)
            values[parameter.name] = text
        return values

    # -- limits, ends, measures -------------------------------------------------------------

    def _list(self, node: Node | None, what: str) -> tuple[Node, ...]:
        if node is None:
            return ()
        if isinstance(node, ListNode):
            return node.items
        if isinstance(node, TextNode) and node.is_empty:
            return ()
        message, hint = f"{what} is a list", "begin each line with '- '"
        self.reading.error(node, "wrong-type", message, hint, key=what, wanted="a list")
        return ()

    def limits(self, node: Node | None, origin: str) -> tuple[Limit, ...]:
        """Type ``limits``."""
        found = []
        for number, item in enumerate(self._list(node, "limits"), 1):
            if isinstance(item, TextNode):
                condition = Condition.read(
                    item, self.reading.scope, self.reading.findings, UnknownPolicy.TRIP
                )
                limit_id = f"limit-{number}"
            else:
                fields = Fields(item, self.file, self.reading.findings)
                limit_id = fields.text("id") or f"limit-{number}"
                condition = Condition.take(fields, self.reading.scope, UnknownPolicy.TRIP)
                fields.unknown()
            if condition is not None:
                text = condition.expression.source
                at = self._shown(item)
                found.append(Limit(limit_id, condition, text, origin, at.line, at.column, at.path))
        return tuple(found)

    def ends(self, node: Node | None) -> tuple[End, ...]:
        """Type ``until``: one condition or a list of them."""
        if isinstance(node, TextNode | MapNode):
            items: tuple[Node, ...] = (node,)
        else:
            items = self._list(node, "until")
        ends = [self._end(item, number) for number, item in enumerate(items, 1)]
        return tuple(end for end in ends if end is not None)

    def _end(self, node: Node, number: int) -> End | None:
        scope, findings = self.reading.scope, self.reading.findings
        is_named = (
            isinstance(node, MapNode)
            and len(node.entries) == 1
            and not ({"when", "expr"} & node.entries.keys())
        )
        if isinstance(node, TextNode) or is_named:
            condition = Condition.read(node, scope, findings)
            if condition is None:
                return None
            name = condition.name or condition.expression.source
            source = condition.expression.source
            return End(
                name,
                condition,
                text=source,
                line=self._shown(node).line,
                column=self._shown(node).column,
                path=self._shown(node).path,
            )
        fields = Fields(node, self.file, findings)
        condition = Condition.take(fields, scope)
        name = fields.text("name")
        phase = fields.choice("phase", ("cc", "cv", "cp", "cr", "ramp"), "")
        verdict = fields.choice("verdict", VERDICTS, "")
        goto = fields.text("goto")
        jumps = fields.integer("max", 0) or 0
        if goto and not 1 <= jumps <= 10_000:
            hint = "max: 3 follows it three times, then the next step comes"
            message, where = "goto needs max, from 1 to 10000", fields.get("goto")
            fields.add("missing-max", message, where, hint, most=10_000)
        fields.unknown()
        if condition is None:
            return None
        source = condition.expression.source
        return End(
            name=name or source or f"end-{number}",
            when=condition,
            phase=phase,
            verdict=verdict,
            goto=self.prefix + goto if goto else "",
            text=source,
            line=self._shown(node).line,
            column=self._shown(node).column,
            max=jumps,
            path=self._shown(node).path,
        )

    def _measures(self, node: Node | None) -> tuple[Measure, ...]:
        if node is None:
            return ()
        fields = Fields(node, self.file, self.reading.findings)
        found = []
        for name in fields.keys:
            entry = fields.get(name)
            if isinstance(entry, TextNode):
                value = Expression.parse(entry, self.reading.scope, self.reading.findings)
                low = high = None
            else:
                one = Fields(entry, self.file, self.reading.findings)
                value = one.expression("value", self.reading.scope, required=True)
                low = one.expression("min", self.reading.scope)
                high = one.expression("max", self.reading.scope)
                one.unknown()
            if value is not None:
                found.append(Measure(name, value, low, high, value.source))
        return tuple(found)

    # -- steps and actions ------------------------------------------------------------------

    def steps(self, node: Node | None, what: str) -> tuple[StepNode, ...]:
        """Type a list of steps."""
        found = [self._step(item) for item in self._list(node, what)]
        return tuple(step for step in found if step is not None)

    def _step(self, node: Node) -> StepNode | None:
        made = self._verb(node, "step", STEP_KEYS, (STEPS, ACTIONS))
        if made is None:
            return None
        fields, verb, block = made
        own = block.own_id if isinstance(block, Step) else ""
        step_id = self._unique(fields, verb, own)
        place = self.place or fields.node
        flow = getattr(block, "flow", None)
        called = flow.limits if isinstance(flow, Flow) else ()
        is_own = "verdict" in block.companions
        verdict = "" if is_own else fields.choice("verdict", VERDICTS, "")
        step = StepNode(
            id=step_id,
            name=fields.text("name") or step_id,
            verb=verb,
            block=block,
            enabled=fields.boolean("enabled", True),
            until=() if "until" in block.companions else self._ends_of(block, fields, verdict),
            verdict=verdict,
            limits=(*self.limits(fields.get("limits"), f"step {step_id}"), *called),
            measure=self._measures(fields.get("measure")),
            path=place.path,
            line=place.line,
            column=place.column,
            parts=block.parts() if isinstance(block, Step) else (),
        )
        fields.taken |= STEP_KEYS
        self._check_end(step, fields)
        return step

    def _ends_of(self, block: object, fields: Fields, verdict: str) -> tuple[End, ...]:
        ends = self.ends(fields.get("until"))
        drives = block.drives() if isinstance(block, Step) else ()
        current = self.reading.scope.resolve("current")
        ends = tuple(replace(end, verdict=end.verdict or verdict) for end in ends)
        return tuple(replace(e, phase="cv") if is_taper(e, drives, current) else e for e in ends)

    def _check_end(self, step: StepNode, fields: Fields) -> None:
        if isinstance(step.block, Step) and step.block.needs_end and not step.until:
            fields.add(
                "missing-end",
                f"step {step.id!r} has no end",
                hint="add until: with a time or capacity end",
                step=step.id,
            )
        if step.is_control and (step.until or step.measure):
            hint = "give them to the steps inside; repeat takes until: of its own"
            what = "until" if step.until else "measure"
            message = f"{step.verb} takes no {what}"
            args: dict[str, Any] = {"verb": step.verb, "key": what}
            fields.add("no-row", message, fields.get(what), hint, **args)

    def _shown(self, node: Node) -> Node:
        """Where something is shown: what is called, at the call."""
        return self.place or node

    def called(self, flow_id: str, parameters: Mapping[str, str]) -> Flow | None:
        """Another flow in place of the step that is just read, for the same channel and cell.

        Its steps have the step's id and a colon before their own ids, and stand at its place.
        """
        at, texts = self._at, self.texts
        if at is None or texts is None:
            return None
        if flow_id in self.chain:
            way = " calls ".join((*self.chain[self.chain.index(flow_id) :], flow_id))
            message, chain = f"{way}: it would never end", [*self.chain, flow_id]
            at.add("call-recursion", message, hint="repeat steps instead", chain=chain)
            return None
        try:
            found = texts(flow_id)
        except IonpyError as error:
            hint, where = "call the id of another flow", at.get("call")
            at.add("unknown-flow", error.message, where, hint, wanted=flow_id)
            return None
        return None if found is None else self._read_called(at, flow_id, found[0], parameters)

    def _read_called(
        self, at: Fields, flow_id: str, text: str, parameters: Mapping[str, str]
    ) -> Flow | None:
        node, findings = read_with_findings(text, self.file)
        capacity_ah = self.binding.capacity_ah
        binding = Binding(self.names.channel_id, self._cell, parameters, capacity_ah)
        reader = FlowReader(text, self.file, self.site, binding, findings)
        reader.texts, reader.chain = self.texts, self.chain
        reader.prefix = f"{self._id_of(at, 'call', '')}:"
        reader.place = self.place or at.node
        flow = reader.read(node) if isinstance(node, MapNode) else None
        for finding in findings:
            if finding.severity is Severity.ERROR:
                message = f"{flow_id}, line {finding.line}: {finding.message}"
                args: dict[str, Any] = {
                    "flow": flow_id,
                    "line": finding.line,
                    "reason": finding.message,
                }
                at.add("called-flow", message, at.get("call"), finding.hint, **args)
        if flow is None or not reader.reading.is_ok:
            return None
        self._fits(at, flow)
        return flow

    def _fits(self, at: Fields, flow: Flow) -> None:
        """What a called flow brings along that its caller must have too."""
        where = at.get("call")
        if not flow.sequence:
            message, hint = f"{flow.id} has no sequence", "call a flow with steps"
            at.add("no-sequence", message, where, hint, flow=flow.id)
        if flow.channel and not self.names.channel_id:
            message, hint = f"{flow.id} needs a channel", "add channel: to this flow"
            at.add("no-channel", message, where, hint, flow=flow.id, channel=flow.channel)
        if flow.cell and not self._cell:
            hint = f"add cell: {flow.cell}, so that its limits hold for the whole run"
            args: dict[str, Any] = {"flow": flow.id, "cell": flow.cell}
            at.add("no-cell", f"{flow.id} is made for {flow.cell}", where, hint, **args)
        elif flow.cell and flow.cell != self._cell:
            message = f"{flow.id} is made for {flow.cell}; here it runs with {self._cell}"
            hint = "see that its figures fit"
            args = {"flow": flow.id, "cell": flow.cell}
            args["here"] = self._cell
            at.add("other-cell", message, where, hint, Severity.WARNING, **args)
        if any(rule.scope == "run" for rule in flow.rules):
            message = f"the rules of {flow.id} are not taken along"
            hint = "write them into this flow"
            at.add("called-rules", message, where, hint, Severity.WARNING, flow=flow.id)

    def _unique(self, fields: Fields, verb: str, own: str) -> str:
        """The id of a step: as written, its own (a label's name), or made from its verb."""
        written = fields.text("id") or own
        if written:
            if not STEP_ID.fullmatch(written):
                hint = "letters, digits, _, . and -, at most 64"
                message = f"{written!r} is no id of a step"
                fields.add("bad-id", message, fields.get("id"), hint, id=written)
            if written in self._ids:
                line = self._ids[written]
                hint = f"line {line} has it already"
                message = f"id {written!r} stands twice"
                args: dict[str, Any] = {"id": written, "first": line}
                fields.add("duplicate-id", message, fields.get("id"), hint, **args)
        step_id = self._id_of(fields, verb, own)
        self._ids[step_id.removeprefix(self.prefix)] = fields.node.line
        return step_id

    def _id_of(self, fields: Fields, verb: str, own: str) -> str:
        written = fields.text("id") or own
        if written:
            return self.prefix + written
        number = 1
        while f"{verb}-{number}" in self._ids:
            number += 1
        return f"{self.prefix}{verb}-{number}"

    def _verb(
        self,
        node: Node,
        what: str,
        common: frozenset[str],
        registries: tuple[Registry[Any], ...],
    ) -> tuple[Fields, str, Any] | None:
        """The one verb of a mapping, typed with its block."""
        if isinstance(node, TextNode):
            # ``- panic`` is short for ``- panic:``
            node = MapNode({}, node.start, node.end, node.path) if node.is_empty else _bare(node)
        fields = Fields(node, self.file, self.reading.findings)
        keys = [key for key in fields.keys if key not in common]
        verbs = [(key, reg) for key in keys for reg in registries if self._known(key, reg)]
        if len({key for key, _ in verbs}) > 1:
            verbs = [v for v in verbs if not self._is_companion(v, verbs)]
        if len({key for key, _ in verbs}) != 1:
            self._no_verb(fields, what, keys, registries)
            return None
        verb, registry = verbs[0]
        kind = registry.get(self._alias(verb))
        inner = fields.node.entries[verb].node
        if len(verbs) > 1 and isinstance(inner, MapNode) and set(inner.entries) & kind.instead:
            kind = verbs[1][1].get(self._alias(verb))
        fields.taken |= {verb, *kind.companions}
        fields.unknown(common)
        with self._round(kind, fields, verb):
            block = self._block(kind, fields, verb)
        return (fields, self._alias(verb), block) if block is not None else None

    @contextmanager
    def _round(self, kind: type[Block], fields: Fields, verb: str) -> Iterator[None]:
        """Inside a loop its counter is a name."""
        if "counter" not in kind.model_fields:
            yield
            return
        inner = fields.node.entries[verb].node
        places = (fields.node, inner) if isinstance(inner, MapNode) else (fields.node,)
        found = [node.text for map_ in places if isinstance(node := map_.get("counter"), TextNode)]
        outer = self.names
        counters = outer.counters | {name for name in found if COUNTER.fullmatch(name)}
        self._see(replace(outer, counters=counters, in_loop=True))
        try:
            yield
        finally:
            self._see(outer)

    def _see(self, names: Names) -> None:
        self.names = names
        self.reading.scope = names.scope()

    @staticmethod
    def _alias(verb: str) -> str:
        return "repeat" if verb == "loop" else verb

    def _known(self, key: str, registry: Registry[Any]) -> bool:
        return self._alias(key) in registry

    def _is_companion(
        self, one: tuple[str, Registry[Any]], verbs: list[tuple[str, Registry[Any]]]
    ) -> bool:
        """Whether a word is both a verb and a companion of another verb here."""
        return any(
            one[0] in registry.get(self._alias(key)).companions
            for key, registry in verbs
            if key != one[0]
        )

    def _no_verb(
        self,
        fields: Fields,
        what: str,
        keys: list[str],
        registries: tuple[Registry[Any], ...],
    ) -> None:
        known = sorted({name for registry in registries for name in registry})
        if not keys:
            message, hint = f"this {what} does nothing", f"one of {known}"
            fields.add("missing-verb", message, hint=hint, what=what, known=known)
        elif len(keys) == 1:
            message, hint = unknown_key(keys[0], known)
            where = fields.node.entries[keys[0]].key
            args: dict[str, Any] = {"what": what, **unknown_args(keys[0], known)}
            fields.add("unknown-verb", message.replace("key", what), where, hint, **args)
        else:
            message = f"a {what} has one verb, not {', '.join(keys)}"
            fields.add("one-verb", message, hint=f"one of {known}", what=what, keys=keys)

    def _block(self, kind: type[Block], fields: Fields, verb: str) -> Block | None:
        """Type the parameters behind a verb, in their short or long form."""
        value = fields.node.entries[verb].node
        reading = self.reading
        loose: Any
        if kind.free_keys:
            loose = _placed({kind.free_keys: reading.loosen(value)}, fields.node)
        elif isinstance(value, MapNode) and not _is_single(kind, value):
            loose = reading.loosen(value)
        elif isinstance(value, TextNode) and value.is_empty:
            loose = _placed({}, fields.node)
        elif kind.shorthand:
            loose = _placed({kind.shorthand: reading.loosen(value)}, fields.node)
        else:
            message, hint = f"{verb} needs a map of keys", "write key: value"
            reading.error(value, "wrong-type", message, hint, key=verb, wanted="a map")
            return None
        for companion in kind.companions:
            entry = fields.node.entries.get(companion)
            if entry is not None:
                loose[companion] = reading.loosen(entry.node)
        return self._validated(kind, loose, fields, verb)

    def _validated(
        self, kind: type[Block], loose: dict[str, Any], fields: Fields, verb: str
    ) -> Block | None:
        before = len(self.reading.findings)
        self.reading.reader, self._at = self, fields
        block = self.reading.validated(kind, loose, fields.node, verb)
        if block is None and len(self.reading.findings) == before:
            fields.add("wrong-value", f"{verb} cannot be read", key=verb, problem="unreadable")
        return block

    # -- rules ------------------------------------------------------------------------------

    def actions(self, node: Node | None, what: str) -> tuple[ActionNode, ...]:
        """Type ``then`` or ``else``."""
        found: list[ActionNode] = []
        for item in self._list(node, what):
            made = self._verb(item, "action", ACTION_KEYS, (ACTIONS,))
            if made is not None:
                fields, verb, block = made
                enabled, name = fields.boolean("enabled", True), fields.text("id")
                place = (item.line, item.column)
                found.append(ActionNode(verb, block, enabled, *place, name, item.path))
        return tuple(found)

    def _triggers(self, node: Node | None, fields: Fields) -> tuple[TriggerNode, ...]:
        if node is None:
            fields.add("missing-key", "'when' is missing", hint="when: {expr: …}", key="when")
            return ()
        items = node.items if isinstance(node, ListNode) else (node,)
        found = []
        for number, item in enumerate(items, 1):
            if isinstance(item, TextNode) and item.text.strip() not in TRIGGERS:
                item = _wrapped("expr", item)  # noqa: PLW2901 - the short form
            made = self._verb_with_params(item)
            if made is not None:
                trigger_id, verb, block = made
                name = trigger_id or f"{verb}-{number}"
                place = (item.line, item.column, item.path)
                found.append(TriggerNode(name, verb, block, *place))
        return tuple(found)

    def _verb_with_params(self, node: Node) -> tuple[str, str, Trigger] | None:
        """A trigger: its verb's value is the shorthand, the other keys are its parameters."""
        if isinstance(node, TextNode):
            node = _bare(node)
        fields = Fields(node, self.file, self.reading.findings)
        keys = fields.keys
        verbs = [key for key in keys if key in TRIGGERS]
        if len(verbs) > 1:  # ``device`` is a trigger, and a parameter of ``alarm``
            verbs = [v for v in verbs if {*verbs} - {v} <= TRIGGERS.get(v).model_fields.keys()]
        if len(verbs) != 1:
            self._no_verb(fields, "trigger", [k for k in keys if k != "id"], (TRIGGERS,))
            return None
        kind = TRIGGERS.get(verbs[0])
        loose = self.reading.loosen(fields.node)
        trigger_id = str(loose.pop("id", ""))
        value = loose.pop(verbs[0])
        entry = fields.node.entries[verbs[0]].node
        if isinstance(entry, MapNode):
            loose.update(value)
        elif not (isinstance(entry, TextNode) and entry.is_empty) and kind.shorthand:
            loose[kind.shorthand] = value
        block = self._validated(kind, loose, fields, verbs[0])
        return (trigger_id, verbs[0], block) if isinstance(block, Trigger) else None

    def checks(self, node: Node | None) -> tuple[Expression | ConditionBlock, ...]:
        """Type ``if``: a condition, or a list of which all must hold."""
        if node is None:
            return ()
        items = node.items if isinstance(node, ListNode) else (node,)
        found: list[Expression | ConditionBlock] = []
        for item in items:
            if isinstance(item, TextNode):
                expression = Expression.parse(
                    item, self.reading.scope, self.reading.findings, "bool"
                )
                if expression is not None:
                    found.append(expression)
            else:
                made = self._verb(item, "condition", frozenset(), (CONDITIONS,))
                if made is not None:
                    found.append(made[2])
        return tuple(found)

    def _rules(self, node: Node | None, flow_id: str) -> tuple[RuleNode, ...]:
        found: dict[str, RuleNode] = {}
        for item in self._list(node, "rules"):
            rule = self._rule(item, flow_id)
            if rule.id in found:
                hint = f"line {found[rule.id].line} has it already"
                message, first = f"rule {rule.id!r} stands twice", found[rule.id].line
                args: dict[str, Any] = {"id": rule.id.partition("/")[2], "first": first}
                self.reading.error(item, "duplicate-id", message, hint, **args)
            found[rule.id] = rule
        return tuple(found.values())

    def _rule(self, node: Node, flow_id: str) -> RuleNode:
        fields = Fields(node, self.file, self.reading.findings)
        rule_id = fields.text("id", required=True)
        if rule_id and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", rule_id):
            hint = "lower case letters, digits, - and _"
            message = f"{rule_id!r} is no rule id"
            fields.add("bad-id", message, fields.get("id"), hint, id=rule_id)
        default_scope = "run" if self.has_sequence else "always"
        scope = fields.choice("scope", ("run", "always"), default_scope)
        during = fields.texts("during")
        for step_id in during:
            if step_id not in self._ids:
                hint, args = f"steps: {', '.join(self._ids)}", unknown_args(step_id, self._ids)
                message = f"no step {step_id!r}"
                fields.add("unknown-step", message, fields.get("during"), hint, **args)
        mode = fields.choice("mode", ("single", "restart", "queued", "parallel"), "single")
        once = fields.choice("once", ("session", "run"), "")
        per = fields.choice("per", ("device",), "")
        on_gap = fields.choice("on_gap", ("reset", "fire", "alarm"), "reset")
        max_gap = fields.duration("max_gap")
        before = len(self.reading.findings)
        rule = RuleNode(
            id=f"{flow_id}/{rule_id}",
            title=fields.text("title") or rule_id,
            when=self._triggers(fields.get("when"), fields),
            checks=self.checks(fields.get("if")),
            then=self.actions(fields.get("then"), "then"),
            otherwise=self.actions(fields.get("else"), "else"),
            scope="run" if scope == "run" else "always",
            during=during,
            enabled=fields.boolean("enabled", True),
            mode=mode,  # type: ignore[arg-type]  # choice() has checked it
            max=fields.integer("max", 10) or 10,
            per_device=bool(per),
            cooldown=fields.duration("cooldown", 0.0) or 0.0,
            once=once,  # type: ignore[arg-type]  # choice() has checked it
            max_gap=MAX_GAP_S if max_gap is None else max_gap,
            on_gap=on_gap,  # type: ignore[arg-type]  # choice() has checked it
            line=fields.node.line,
            column=fields.node.column,
            path=fields.node.path,
        )
        nothing_wrong = len(self.reading.findings) == before
        if not rule.then and not rule.otherwise and nothing_wrong:
            fields.add("missing-key", "'then' is missing", hint="then: [{log: …}]", key="then")
        fields.unknown()
        return rule


def out_of_bounds(parameter: Parameter, text: str) -> str:
    """Why a value of a parameter is refused, or an empty text."""
    try:
        value = parse_quantity(text)
        for bound, sign in ((parameter.low, 1), (parameter.high, -1)):
            if bound and sign * value.coherent < sign * parse_quantity(bound).coherent:
                return f"{text} is outside {parameter.low or '…'} to {parameter.high or '…'}"
    except UnitError as error:
        return error.message if parameter.low or parameter.high else ""
    return ""


def _bare(node: TextNode) -> MapNode:
    """``- panic`` read as ``- panic:``."""
    return _wrapped_key(node, TextNode("", node.end, node.end, path=node.path))


def _wrapped(key: str, node: TextNode) -> MapNode:
    return _wrapped_key(TextNode(key, node.start, node.start, path=node.path), node)


def _wrapped_key(key: TextNode, value: Node) -> MapNode:
    return MapNode({key.text: Entry(key, value)}, key.start, key.end, key.path)


def _placed(content: dict[str, Any], node: MapNode) -> PlacedDict:
    placed = PlacedDict(content)
    placed.node = node
    return placed


def _is_single(kind: type[Block], value: MapNode) -> bool:
    """Whether a map stands for the shorthand field: no key is a parameter, or a misspelt one."""
    names = [info.alias or name for name, info in kind.model_fields.items()]
    keys = value.entries.keys()
    return bool(kind.shorthand) and not any(get_close_matches(key, names, 1) for key in keys)


class _Steps(Plain):
    """A list of steps inside a block."""

    schema: Mapping[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/step"}}

    def read(self, value: object, reading: Reading) -> object:
        node, reader = inner_node(value, reading, "steps")
        return reader.steps(node, "do")


class _Actions(Plain):
    """A list of actions inside a block."""

    schema: Mapping[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/action"}}

    def read(self, value: object, reading: Reading) -> object:
        node, reader = inner_node(value, reading, "actions")
        return reader.actions(node, "then")


def inner_node(value: object, reading: Reading, what: str) -> tuple[Node, "FlowReader"]:
    """The node and the reader behind a nested list."""
    reader = reading.reader
    if not isinstance(value, list) or not isinstance(reader, FlowReader):
        msg = f"a list of {what} is needed here"
        raise fail("wrong_type", msg, "begin each line with '- '")
    node = getattr(value, "node", None)
    if not isinstance(node, ListNode):
        raise noted()
    return node, reader


StepList = Annotated[tuple[StepNode, ...], _Steps()]
ActionList = Annotated[tuple[ActionNode, ...], _Actions()]
