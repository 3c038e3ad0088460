"""Pages that are not of the UI: the API, and the link of a message that acknowledges.

The API page is Swagger UI when the UI build brought it along, our own list otherwise. Both work
offline and under our content security policy: scripts are files, nothing comes from another host.
"""

from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from ionpy_auto.web.pages import ack
from ionpy_auto.web.static import dist, file_answer

HERE = Path(__file__).parent
SERVED = frozenset({"docs.css", "docs.js", "swagger.js"})


def _page(name: str) -> Response[bytes]:
    return Response(
        (HERE / name).read_bytes(),
        media_type="text/html",
        headers={"cache-control": "no-cache"},
    )


@get("/docs", include_in_schema=False, sync_to_thread=False)
def docs() -> Response[bytes]:
    """The interactive page, or the plain one when Swagger UI is not there."""
    bundle = dist() / "static" / "swagger" / "swagger-ui-bundle.js"
    return _page("swagger.html" if bundle.is_file() else "docs.html")


@get("/docs/plain", include_in_schema=False, sync_to_thread=False)
def plain() -> Response[bytes]:
    """All operations without scripts of others."""
    return _page("docs.html")


@get("/docs/{name:str}", include_in_schema=False, sync_to_thread=False)
def part(name: str) -> Response[bytes]:
    """Script and style of the pages."""
    if name not in SERVED:
        raise NotFoundException(detail="no such file")
    return file_answer(HERE, name, "no-cache")


@get(["/schema", "/schema/openapi.json"], include_in_schema=False, sync_to_thread=False)
def schema(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document."""
    content = request.app.openapi_schema.to_schema()
    return Response(msgspec.json.encode(content), media_type="application/json")


HANDLERS = (docs, plain, part, schema, *ack.HANDLERS)
