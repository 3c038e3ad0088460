"""The built browser UI: hashed assets for ever, the page never from a cache."""

import mimetypes
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import inside, shipped_path

NO_UI = """<!doctype html><html lang="en"><meta charset="utf-8"><title>ionpy_auto</title>
<body style="font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>The browser UI is not built</h1>
<p>The server runs: <a href="/docs">the API</a> works. To get the pages, start with
<code>./ionpy demo</code>, which builds them; that needs Node 20.19 or newer, or access to PyPI.</p>
"""
# Windows asks its registry, where ".js" may be text/plain: browsers then refuse the script.
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
IMMUTABLE = "public, max-age=31536000, immutable"


def dist() -> Path:
    """Where the built UI is."""
    return shipped_path("ui", "dist")


def index_page() -> Response[bytes]:
    """The one page of the UI, or a page that says how to build it."""
    page = dist() / "index.html"
    body = page.read_bytes() if page.is_file() else NO_UI.encode()
    return Response(body, media_type="text/html", headers={"cache-control": "no-cache"})


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether an unknown path is a page of the UI rather than a wrong API call."""
    path = request.url.path
    is_page = not path.startswith(("/api", "/schema", "/docs", "/ws", "/assets", "/metrics"))
    return request.method == "GET" and is_page and "text/html" in request.headers.get("accept", "")


@get("/", include_in_schema=False, sync_to_thread=False)
def index() -> Response[bytes]:
    """The page."""
    return index_page()


@get("/assets/{path:path}", include_in_schema=False, sync_to_thread=False)
def asset(path: str) -> Response[bytes]:
    """A hashed file of the UI."""
    return file_answer(dist() / "assets", path.lstrip("/"), IMMUTABLE)


@get("/static/{path:path}", include_in_schema=False, sync_to_thread=False)
def public(path: str) -> Response[bytes]:
    """A file of the UI with a fixed name: icons, the API page."""
    return file_answer(dist() / "static", path.lstrip("/"), "no-cache")


@get("/sw.js", include_in_schema=False, sync_to_thread=False)
def worker() -> Response[bytes]:
    """The service worker of the phone page; it stands at the top to reach its page."""
    return file_answer(dist(), "sw.js", "no-cache")


def file_answer(folder: Path, name: str, cache: str) -> Response[bytes]:
    """A file below a folder, or 404."""
    try:
        path = inside(folder, *name.split("/"))
    except BadInput as error:
        raise NotFoundException(detail="no such file") from error
    if not path.is_file():
        raise NotFoundException(detail="no such file")
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = TYPES.get(path.suffix.lower(), guessed)
    return Response(path.read_bytes(), media_type=kind, headers={"cache-control": cache})
