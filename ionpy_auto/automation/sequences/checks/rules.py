"""Rules of a run name its channel's devices by their part, so that the run can be rebound."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ionpy_auto.automation.flow import RuleNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import ListNode, MapNode, Node, TextNode, read_with_findings


def check(review: Review) -> Iterator[Finding]:
    """A device of the channel written literally."""
    if review.channel is None:
        return
    parts = {review.channel.source: "channel.source", review.channel.sink: "channel.sink"}
    lines = review.flow.text.splitlines()
    for number, rule in enumerate(review.flow.rules):
        if rule.scope != "run":
            continue
        later = [r.line for r in review.flow.rules[number + 1 :]]
        end = min((line - 1 for line in later), default=len(lines))
        for device, part in parts.items():
            if device:
                found = _literal(review, lines[rule.line - 1 : end], rule, device, part)
                yield from (_placed(finding, review.flow.text) for finding in found)


def _placed(finding: Finding, text: str) -> Finding:
    """With the way to what stands there: a rule may stand on one line, and marks go by the way."""
    tree = read_with_findings(text)[0]
    at = (finding.line, finding.column)
    before = [node for node in _texts(tree) if (node.line, node.column) <= at]
    return replace(finding, path=before[-1].path) if before else finding


def _texts(node: Node | None) -> Iterator[TextNode]:
    """All keys and values in the order of the text."""
    if isinstance(node, TextNode):
        yield node
    elif isinstance(node, MapNode):
        for entry in node.entries.values():
            yield entry.key
            yield from _texts(entry.node)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _texts(item)


def _literal(
    review: Review, lines: Sequence[str], rule: RuleNode, device: str, part: str
) -> Iterator[Finding]:
    pattern = re.compile(rf"(?<![\w.]){re.escape(device)}\.")
    for offset, line in enumerate(lines):
        if line.startswith("x-layout"):
            return
        match = pattern.search(line.partition(" #")[0])
        if match is not None:
            yield Finding(
                code="literal-device",
                message=f"{device} is bound by the channel",
                hint=f"write {part}. instead of {device}.",
                file=review.flow.file,
                line=rule.line + offset,
                column=match.start() + 1,
                severity=Severity.WARNING,
                args={"device": device, "part": part},
            )
