"""Pages of widgets: what a ``workspace.json`` holds, and what is wrong with one that does not fit.

A widget of a type nobody knows is kept as it is: the browser that draws it may be newer.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ionpy_auto.core.errors import ConfigInvalid, Finding
from ionpy_auto.language.json_lines import line_at, lines_of, problems_of

SCHEMA_VERSION: Final = 1
COLUMNS: Final = 12
MAX_DEPTH: Final = 20

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=500)]


def _whole(value: object) -> object:
    """``true`` and ``2.5`` are no cells, and ``"2"`` is a text."""
    if isinstance(value, bool) or not isinstance(value, int):
        msg = "must be a whole number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
    return value


Cells = Annotated[int, BeforeValidator(_whole)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Binding(_Strict):
    """What a widget shows or sets: a point, a device, a channel, a flow."""

    source: Text
    type: Word


class Place(_Strict):
    """Where a widget stands on the grid of `COLUMNS` columns, in cells."""

    x: Annotated[Cells, Field(ge=0, lt=COLUMNS)] = 0
    y: Annotated[Cells, Field(ge=0, le=10_000)] = 0
    w: Annotated[Cells, Field(ge=1, le=COLUMNS)] = 2
    h: Annotated[Cells, Field(ge=1, le=100)] = 2

    @model_validator(mode="after")
    def _inside(self) -> "Place":
        if self.x + self.w > COLUMNS:
            msg = f"reaches over the {COLUMNS} columns: x {self.x} and w {self.w}"
            raise ValueError(msg)
        return self


class Widget(_Strict):
    """One widget; its type says what its options mean."""

    id: Id
    type: Word
    title: Title = ""
    bindings: Annotated[dict[Word, Binding], Field(max_length=200)] = Field(default_factory=dict)
    layout: Place = Field(default_factory=Place)
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _shallow(self) -> "Widget":
        if _depth(self.options) > MAX_DEPTH:
            msg = f"options are nested deeper than {MAX_DEPTH}"
            raise ValueError(msg)
        return self


class Page(_Strict):
    """A page of the dashboard."""

    id: Id
    title: Annotated[Title, Field(min_length=1)]
    icon: Annotated[str, Field(max_length=64)] = ""
    widgets: Annotated[list[Widget], Field(max_length=300)] = Field(default_factory=list)


class Layout(_Strict):
    """``workspace.json``, and every named layout."""

    schema_version: int = SCHEMA_VERSION
    pages: Annotated[list[Page], Field(max_length=100)] = Field(default_factory=list)

    def as_list(self) -> list[dict[str, Any]]:
        """The pages in their JSON form."""
        return [page.model_dump(mode="json") for page in self.pages]


def _depth(value: object) -> int:
    """Levels of nesting, found without recursion: what comes from outside may be deep."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        if deepest > MAX_DEPTH + 1:
            break
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return deepest - 1


def read_layout(text: str, name: str) -> Layout:
    """The typed content of a file.

    Args:
        text: Its JSON.
        name: What people call the file.

    Raises:
        ConfigInvalid: With a finding for each field that does not fit, with path and line; the
            code is ``NEWER_SCHEMA`` for a file of a newer program.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
        found = Finding(code="not-json", message=error.msg, line=line, column=column)
        raise _refused(name, found) from None
    except (ValueError, RecursionError) as error:
        raise _refused(name, Finding(code="not-json", message=str(error))) from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        msg = f"{name} was written by a newer version (schema {version})"
        hint = f"this program knows schema {SCHEMA_VERSION}; update it, the file is untouched"
        raise ConfigInvalid(msg, code="NEWER_SCHEMA", hint=hint, args={"file": name})
    return judge(content, name, lines_of(text))


def judge(content: object, name: str, lines: Mapping[str, int] | None = None) -> Layout:
    """The typed form of what came as JSON.

    Args:
        content: Of a file, or of a request.
        name: What people call it.
        lines: Where its fields stand, if it is a text.

    Raises:
        ConfigInvalid: With a finding for each field that does not fit.
    """
    lines = lines or {}
    if reason := _unwritable(content):
        raise _refused(name, Finding(code="not-json", message=reason))
    try:
        layout = Layout.model_validate(with_ids(content))
    except ValidationError as error:
        found = [
            replace(one, path=(path := one.path.removeprefix(".")), line=line_at(path, lines))
            for one in problems_of(error, "", {})
        ]
        raise _refused(name, *found) from None
    if twice := _twice(layout):
        path, word = twice
        text = f"id {word!r} stands twice"
        line = line_at(path, lines)
        raise _refused(name, Finding(code="duplicate-id", message=text, path=path, line=line))
    return layout


def _unwritable(content: object) -> str:
    """Why this cannot be written as JSON that every reader takes; empty when it can."""
    try:
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair, too deep
        return str(error)
    return ""


def _refused(name: str, *findings: Finding) -> ConfigInvalid:
    first = findings[0]
    where = f"{first.path}: " if first.path else ""
    line = f":{first.line}" if first.line else ""
    return ConfigInvalid(
        f"{name}{line}: {where}{first.message}",
        hint="correct the field",
        args={"file": name, "line": first.line, "path": first.path},
        findings=[replace(one, file=name) for one in findings],
    )


def _twice(layout: Layout) -> tuple[str, str] | None:
    """The first id that is taken: of pages among each other, of widgets in the whole layout."""
    pages: set[str] = set()
    widgets: set[str] = set()
    for number, page in enumerate(layout.pages):
        if page.id in pages:
            return f"pages.{number}.id", page.id
        pages.add(page.id)
        for place, widget in enumerate(page.widgets):
            if widget.id in widgets:
                return f"pages.{number}.widgets.{place}.id", widget.id
            widgets.add(widget.id)
    return None


def with_ids(content: object) -> object:
    """The same content with an id where a person who wrote the file left it out."""
    if not isinstance(content, dict) or not isinstance(content.get("pages"), list):
        return content
    pages = [_named(page, f"p{number}") for number, page in enumerate(content["pages"], 1)]
    for number, page in enumerate(pages, 1):
        if isinstance(page, dict) and isinstance(page.get("widgets"), list):
            page["widgets"] = [
                _named(widget, f"p{number}w{place}")
                for place, widget in enumerate(page["widgets"], 1)
            ]
    return {**content, "pages": pages}


def _named(thing: Any, word: str) -> Any:  # noqa: ANN401 - whatever stands in the file
    return {"id": word, **thing} if isinstance(thing, dict) else thing
