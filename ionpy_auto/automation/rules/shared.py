"""Devices that two flows lay hands on: asked whenever somebody looks, as flows come and go."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ionpy_auto.automation.actions.set import Set
from ionpy_auto.automation.blocks import Action
from ionpy_auto.automation.flow import ActionNode, Flow, StepNode
from ionpy_auto.automation.rules.circles import all_actions
from ionpy_auto.automation.rules.values import Setting
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.core.errors import Finding, Severity

_CHANNEL_LINE = re.compile(r"^channel:", re.MULTILINE)


def check_shared(flow: Flow, flows: Sequence[Flow]) -> list[Finding]:
    """Remarks on devices of this flow that another flow uses as well.

    Args:
        flow: The one that is looked at.
        flows: All live flows; one with the same id is itself.
    """
    others = [other for other in flows if other.id != flow.id and other.sequence]
    return [*_writes(flow, _driven(others)), *_channels(flow, others)]


def _devices(channel: ChannelFile | None) -> set[str]:
    if channel is None:
        return set()
    return {device for device in (channel.source, channel.sink) if device}


def _driven(flows: Sequence[Flow]) -> Mapping[str, tuple[str, str]]:
    """Device → channel and flow that drives it."""
    return {
        device: (flow.channel, flow.id)
        for flow in flows
        for device in sorted(_devices(flow.names.channel))
    }


def _writes(flow: Flow, driven: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """Rules and steps that write to what another flow drives; switching off is everybody's."""
    own = _devices(flow.names.channel) if flow.sequence else set()
    nodes: list[ActionNode | StepNode] = [*flow.all_steps()]
    nodes += [node for rule in flow.rules for node in all_actions(rule)]
    for node in nodes:
        for device in sorted(_written(flow, node) - own):
            if device in driven:
                channel, other = driven[device]
                message = f"{device} belongs to {channel}, which flow {other!r} drives"
                hint = "a write during its run disturbs it; put the rule into that flow"
                place = (node.line, node.column, node.path)
                args: dict[str, Any] = {"device": device, "channel": channel, "flow": other}
                yield _finding(flow, place, (message, hint), Severity.WARNING, **args)


def _is_off(setting: Setting) -> bool:
    return isinstance(setting.value, bool | int | float) and not setting.value


def _written(flow: Flow, node: ActionNode | StepNode) -> set[str]:
    block = node.block
    if not isinstance(block, Action) or block.inner():
        return set()  # what stands inside is looked at itself
    if isinstance(block, Set):
        points = [one.point for one in block.values if not _is_off(one)]
    else:
        points = [*block.outputs()]
    return {flow.names.resolve(point).partition(".")[0] for point in points}


def _channels(flow: Flow, others: Sequence[Flow]) -> Iterator[Finding]:
    """Another channel with the same output: the two flows never run at the same time."""
    mine = flow.names.channel
    if mine is None or not flow.sequence:
        return
    found = _CHANNEL_LINE.search(flow.text)
    line = flow.text.count("\n", 0, found.start()) + 1 if found else 1
    told: set[str] = set()
    for other in others:
        theirs = other.names.channel
        if theirs is None or other.channel == flow.channel or other.channel in told:
            continue
        shared = sorted(set(_outputs(mine)) & set(_outputs(theirs)))
        if shared:
            told.add(other.channel)
            message = f"{flow.channel} and {other.channel} of {other.id!r} both use {shared[0]}"
            hint = "their runs wait for each other"
            args: dict[str, Any] = {"own": flow.channel, "other": other.channel, "flow": other.id}
            place = (line, 1, "channel")
            yield _finding(flow, place, (message, hint), Severity.INFO, output=shared[0], **args)


def _outputs(channel: ChannelFile) -> Iterator[str]:
    for device, output in (
        (channel.source, channel.source_output),
        (channel.sink, channel.sink_output),
    ):
        if device:
            yield f"{device} {output}".strip()


def _finding(
    flow: Flow,
    place: tuple[int, int, str],
    texts: tuple[str, str],
    severity: Severity,
    /,
    **args: Any,  # noqa: ANN401 - JSON
) -> Finding:
    return Finding(
        code="shared-device",
        message=texts[0],
        hint=texts[1],
        file=flow.file,
        line=place[0],
        column=place[1],
        path=place[2],
        severity=severity,
        args=args,
    )
