"""Where the fields of a JSON text stand, and what a model says of them, as findings with lines."""

from collections.abc import Mapping

import yaml
from pydantic import ValidationError

from ionpy_auto.core.errors import Finding

CODES = {"missing": "missing-field", "extra_forbidden": "unknown-field"}


def lines_of(text: str) -> dict[str, int]:
    """Dotted path → 1-based line of every key and list item of a JSON text.

    JSON is YAML's flow style, whose parser keeps positions; tabs, which YAML dislikes, count as
    blanks. Text it cannot follow gives no lines, which costs only the line in a message.
    """
    try:
        root = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    lines: dict[str, int] = {}
    todo: list[tuple[str, yaml.Node | None]] = [("", root)]
    while todo:
        path, node = todo.pop()
        prefix = f"{path}." if path else ""
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                lines[f"{prefix}{key.value}"] = key.start_mark.line + 1
                todo.append((f"{prefix}{key.value}", value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                lines[f"{prefix}{number}"] = value.start_mark.line + 1
                todo.append((f"{prefix}{number}", value))
    return lines


def line_at(path: str, lines: Mapping[str, int]) -> int:
    """The line of a field, or of the nearest thing around it that stands in the text."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 0)


def problems_of(error: ValidationError, where: str, lines: Mapping[str, int]) -> list[Finding]:
    """One finding for each field a model refused.

    Args:
        error: What it said.
        where: Dotted path of what was judged.
        lines: Of the whole text.
    """
    found = []
    for problem in error.errors(include_url=False, include_input=False):
        path = ".".join([where, *(str(part) for part in problem["loc"])])
        found.append(
            Finding(
                code=CODES.get(problem["type"], "wrong-field"),
                message=problem["msg"].removeprefix("Value error, "),
                path=path,
                line=line_at(path, lines),
            )
        )
    return found
