"""Errors become answers here, once: ``{error, code, message, hint, args}``."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from ionpy_auto.core.errors import IonpyError

log = structlog.get_logger(__name__)

CODES = {
    400: "BAD_INPUT",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "WRONG_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
}


def problem(status: int, code: str, message: str, hint: str = "", **args: object) -> Response[Any]:
    """An error answer in the one form."""
    body = {"error": code, "code": code, "message": message, "hint": hint, "args": args}
    return Response(body, status_code=status, media_type="application/json")


def ours(_: Request[Any, Any, Any], error: IonpyError) -> Response[Any]:
    """An error this program raised on purpose."""
    return Response(error.as_dict(), status_code=error.status, media_type="application/json")


def framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """An error of the framework: unreadable fields, unknown paths, wrong methods."""
    code = CODES.get(error.status_code, "HTTP_ERROR")
    if isinstance(error, ValidationException):
        fields = error.extra if isinstance(error.extra, list) else []
        places = [str(field.get("key") or "") for field in fields if isinstance(field, dict)]
        reasons = [str(field.get("message", "")) for field in fields if isinstance(field, dict)]
        text = "; ".join(
            f"{place}: {reason}" if place else reason
            for place, reason in zip(places, reasons, strict=True)
        )
        return problem(400, "BAD_INPUT", text or error.detail, "see /docs", fields=places)
    hint = "see /docs" if error.status_code == 404 else ""
    answer = problem(error.status_code, code, error.detail or code, hint, path=request.url.path)
    answer.headers.update(error.headers or {})
    return answer


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A defect: logged with its trace, answered without it."""
    log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    return problem(500, "INTERNAL_ERROR", "the server made a mistake", "see the server's log")


HANDLERS: ExceptionHandlersMap = {
    IonpyError: ours,
    HTTPException: framework,
    Exception: unexpected,
}
