"""The one tree of errors, each with a stable code, a sentence and a hint a person can act on.

IonpyError (500)
 ├─ BadInput (400)       unreadable, or against the schema: ``true`` for a number, NaN
 │   └─ ConfigInvalid    a file of ours does not fit its schema; carries findings
 ├─ Forbidden (403)
 ├─ NotFound (404)
 ├─ Conflict (409)       owner, mode, latch, interlock, duplicate: the one in the way is named
 ├─ StaleRevision (412)  the text changed since it was read
 ├─ TooLarge (413)
 ├─ Rejected (422)       well-formed, but refused by a check or a limit; carries findings
 ├─ StorageError (500)   the database or the disk refused; nothing was acknowledged
 ├─ DeviceError (502)    the instrument or its link did not do what was asked
 └─ Unavailable (503)    no project open, shutting down

Inside the program errors rise; they are translated once, at the border (``web/problems.py``,
``cli``). A `Finding` is the part of an error that points into a text somebody wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # the text is refused
    WARNING = "warning"  # accepted, but a person should look
    INFO = "info"  # worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark about a text: where it stands, what is wrong and what to do.

    Attributes:
        code: Stable lower-case word with dashes, for example ``unknown-key``.
        message: One English sentence.
        hint: What the person can do; empty when there is nothing to add.
        file: Path or flow id of the text, empty for text without a file.
        line: 1-based; 0 when the finding is about the whole text.
        column: 1-based; 0 when unknown.
        path: Dotted way to the node, for example ``sequence.0.charge.current``.
        severity: Only errors refuse the text.
        args: Values the message names, for translated texts and for editors that offer a fix
            (JSON types only): nobody has to read numbers out of an English sentence.
    """

    code: str
    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    severity: Severity = Severity.ERROR
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """``file:line:column: error: message (hint)``, as compilers print it."""
        place = ":".join(str(p) for p in (self.file or "text", self.line, self.column) if p)
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.severity}: {self.message}{hint}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON form used by REST and the command line."""
        return asdict(self)


class IonpyError(Exception):
    """Root of all errors this program raises on purpose."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        args: Mapping[str, Any] | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        """Remember what went wrong.

        Args:
            message: One English sentence.
            code: Stable upper-case word; the class's own by default.
            hint: What the person can do about it.
            args: Values for translated texts (JSON types only).
            findings: Places in texts, when the error is about a text.
        """
        super().__init__(message)
        self.message = message
        self.error_code = code or type(self).code
        self.hint = hint
        self.arguments = dict(args or {})
        self.findings = tuple(findings)

    def as_dict(self) -> dict[str, Any]:
        """The answer of spec 09: ``{error, code, message, hint, args, findings?}``."""
        answer: dict[str, Any] = {
            "error": self.error_code,
            "code": self.error_code,
            "message": self.message,
            "hint": self.hint,
            "args": self.arguments,
        }
        if self.findings:
            answer["findings"] = [finding.as_dict() for finding in self.findings]
        return answer


class BadInput(IonpyError):
    """Unreadable, or against the schema."""

    code = "BAD_INPUT"
    status = 400


class ConfigInvalid(BadInput):
    """A configuration file does not fit its schema."""

    code = "CONFIG_INVALID"


class Forbidden(IonpyError):
    """The caller's role does not allow this."""

    code = "FORBIDDEN"
    status = 403


class NotFound(IonpyError):
    """The named thing does not exist."""

    code = "NOT_FOUND"
    status = 404


class Conflict(IonpyError):
    """Something else is in the way: an owner, a mode, a latch, an interlock, a duplicate."""

    code = "CONFLICT"
    status = 409


class StaleRevision(IonpyError):
    """The text changed since the caller read it."""

    code = "STALE_REVISION"
    status = 412


class TooLarge(IonpyError):
    """More bytes than this server reads."""

    code = "TOO_LARGE"
    status = 413


class Rejected(IonpyError):
    """Well-formed, but refused by a check or a limit."""

    code = "REJECTED"
    status = 422


class StorageError(IonpyError):
    """The database or the disk refused; nothing was acknowledged."""

    code = "STORAGE_ERROR"
    status = 500


class DeviceError(IonpyError):
    """The instrument or its link did not do what was asked.

    ``arguments`` hold ``device_id`` and ``stage`` (transport, framing, driver, connect, poll,
    write) where they are known.
    """

    code = "DEVICE_ERROR"
    status = 502


class Unavailable(IonpyError):
    """Not now: no project is open, or the server is stopping."""

    code = "UNAVAILABLE"
    status = 503
