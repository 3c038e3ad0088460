"""Pages of widgets for browser tests: saved as a person would save them, taken away afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.conftest import Server

ACTIVE = "/api/workspaces/active"


def widget(
    kind: str,
    *,
    title: str = "",
    size: tuple[int, int] = (4, 3),
    at: tuple[int, int] = (0, 0),
    bind: dict[str, str] | None = None,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A widget; `bind` maps a slot to ``point:CH1.voltage``."""
    bindings = {}
    for slot, text in (bind or {}).items():
        what, _, source = text.partition(":")
        bindings[slot] = {"source": source, "type": what}
    return {
        "id": f"{kind}-{title or at}".replace(" ", "-"),
        "type": kind,
        "title": title,
        "bindings": bindings,
        "layout": {"x": at[0], "y": at[1], "w": size[0], "h": size[1]},
        "options": options or {},
    }


def in_rows(widgets: list[dict[str, Any]], name: str = "w") -> list[dict[str, Any]]:
    """The same widgets side by side, as many in a row as fit; their ids are counted."""
    x = y = high = 0
    for number, one in enumerate(widgets):
        place = one["layout"]
        if x + place["w"] > 12:
            x, y, high = 0, y + high, 0
        place |= {"x": x, "y": y}
        one["id"] = f"{name}{number}"
        x, high = x + place["w"], max(high, place["h"])
    return widgets


def save(server: Server, pages: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Save these pages as the layout; the pages that were there."""
    before = server.call("GET", ACTIVE)
    body = [
        {"id": name, "title": name, "icon": "", "widgets": widgets}
        for name, widgets in pages.items()
    ]
    answer = server.call("PUT", ACTIVE, {"revision": before["revision"], "pages": body})
    assert "revision" in answer, answer
    kept: list[dict[str, Any]] = before["pages"]
    return kept


@contextmanager
def pages_of(server: Server, **pages: list[dict[str, Any]]) -> Iterator[None]:
    """Pages named by keyword; the project is left with the pages it had."""
    before = save(server, pages)
    try:
        yield
    finally:
        revision = server.call("GET", ACTIVE)["revision"]
        server.call("PUT", ACTIVE, {"revision": revision, "pages": before})
