"""The client of the command line: impatient, and what a server refuses is wrong usage."""

from typing import Final

import httpx

from ionpy_auto import client
from ionpy_auto.client import DEFAULT_SERVER
from ionpy_auto.client.http import refusal
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound, Rejected

DEFAULT: Final = DEFAULT_SERVER


class Client(client.Client):
    """Speaks to a server; impatient by default."""

    def __init__(self, server: str, *, patience_s: float = 0.0) -> None:
        super().__init__(server, patience_s=patience_s, refuse=usage)


def usage(answer: httpx.Response) -> IonpyError:
    """What was asked for and is not there or not allowed counts as `BadInput`: exit code 2."""
    error = refusal(answer)
    if not isinstance(error, (NotFound, Rejected)):
        return error
    return BadInput(
        error.message,
        code=error.error_code,
        hint=error.hint,
        args=error.arguments,
        findings=error.findings,
    )
