"""Steps against the channel: an output for each direction, a voltage that is valid at rest."""

from collections.abc import Iterator
from typing import Any

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding
from ionpy_auto.devices.entities import ValidWhen


def check(review: Review) -> Iterator[Finding]:
    """Whether the channel can do what the steps ask for."""
    for node in review.driving():
        for direction in sorted(node.directions):
            yield from _outputs(review, node, direction)
    for node in review.flow.steps():
        if node.verb == "rest":
            yield from _rest(review, node)
    yield from _relay(review)
    yield from _meters(review)
    for node in (inner for top in review.flow.closing for inner in top.walk()):
        if node.drives:
            hint = "finally makes safe; put it into the sequence"
            message = f"{node.id} drives the cell"
            yield review.finding(node, "drives-in-finally", message, hint, step=node.id)


def _relay(review: Review) -> Iterator[Finding]:
    """Steps that move the relay need one that can be moved."""
    channel = review.channel
    if channel is None or channel.relay is not None:
        return
    for node in review.flow.all_steps():
        by_hand = node.verb in {"connect", "disconnect"} and channel.isolation == "relay"
        if by_hand or node.verb == "cross_check":
            message = f"{node.verb}: {review.flow.channel} has no relay that can be switched"
            hint = "relay: {point: RLY_01.k1} in the channel file, or ask a person with prompt"
            args: dict[str, Any] = {"verb": node.verb, "channel": review.flow.channel}
            yield review.finding(node, "no-relay", message, hint, **args)


def _meters(review: Review) -> Iterator[Finding]:
    """What is compared must be two meters."""
    channel = review.channel
    for node in review.flow.all_steps():
        if node.verb == "cross_check" and channel is not None and channel.current.source:
            message = f"{review.flow.channel} has one current meter for both directions"
            hint = "nothing to compare; leave the step out"
            channel_id = review.flow.channel
            yield review.finding(node, "one-meter", message, hint, channel=channel_id)


def _outputs(review: Review, node: StepNode, direction: str) -> Iterator[Finding]:
    if not review.flow.channel:
        hint = "channel: CH1"
        args: dict[str, Any] = {"direction": direction}
        yield review.finding(node, "no-channel", f"{direction} needs a channel", hint, **args)
    elif review.channel is not None:
        has = review.channel.source if direction == "charge" else review.channel.sink
        if not has:
            part = "source" if direction == "charge" else "sink"
            message = f"{review.flow.channel} has no {part}"
            hint = f"add {part}: to the channel file"
            args = {"channel": review.flow.channel}
            yield review.finding(node, f"no-{part}", message, hint, **args)


def _rest(review: Review, node: StepNode) -> Iterator[Finding]:
    """A rest needs a voltage that is valid with the output off (SEQ-13)."""
    if review.channel is None:
        return
    entity = review.meter(review.channel.voltage.source)
    if entity is not None and entity.valid_when is ValidWhen.OUTPUT_ON:
        message = f"{review.channel.voltage.source} shows nothing while the output is off"
        hint = "take the voltage from a meter, the load, or the battery terminal"
        point = review.channel.voltage.source
        yield review.finding(node, "blind-rest", message, hint, point=point)
