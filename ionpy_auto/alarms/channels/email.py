"""``email``: mail by SMTP. Every try carries the same Message-ID, so a repetition can be seen.

The name of the server is resolved once and looked at by the rules of `outward`; the connection
goes to that address, and its certificate is still held against the name.
"""

import asyncio
import re
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from hashlib import sha256
from typing import Any, ClassVar, Final

from pydantic import Field, SecretStr, field_validator

from ionpy_auto.alarms.channels import Kit, Letter, Target, has_placeholder
from ionpy_auto.core.errors import Unavailable

TIMEOUT_S: Final = 10.0
SUBMISSIONS: Final = 465
"""The port that speaks TLS from the first byte."""
_MAIL: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")


class EmailTarget(Target):
    """Alertmanager's words."""

    to: str = Field(description="One or several addresses, separated by commas.")
    sender: str = Field(alias="from", description="Whose mail it is.")
    smarthost: str = Field(description="host:port of the mail server; 465 is TLS from the start.")
    auth_username: str = Field("", description="Without one nobody logs in.")
    auth_password: SecretStr = Field(SecretStr(""), description="${NAME}: a secret.")
    require_tls: bool = Field(True, description="false: also to a server without encryption.")

    @field_validator("to", "sender")
    @classmethod
    def _is_mail(cls, text: str) -> str:
        for one in text.split(","):
            if not has_placeholder(one) and not _MAIL.fullmatch(one.strip()):
                msg = f"{one.strip()[:80]!r} is no mail address"
                raise ValueError(msg)
        return text

    @field_validator("smarthost")
    @classmethod
    def _is_host(cls, text: str) -> str:
        if not has_placeholder(text) and not _HOST.fullmatch(text):
            msg = "write host:port, for example mail.example.org:587"
            raise ValueError(msg)
        return text

    @property
    def shown(self) -> str:
        """To whom, by which server."""
        return f"{self.to} by {self.smarthost}"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.smarthost.rpartition(":")
        return host.strip("[]"), int(port)


class _Smtp(smtplib.SMTP):
    """A client that goes to an address that was looked at, and still knows the name."""

    address = ""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host
        return socket.create_connection((self.address, port), timeout)


class _SmtpTls(smtplib.SMTP_SSL):
    address = ""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self.address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


class EmailChannel:
    """Sends mails."""

    word: ClassVar[str] = "email_configs"
    target: ClassVar[type[Target]] = EmailTarget

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def deliver(self, target: EmailTarget, letter: Letter) -> None:
        """Send one."""
        host, port = target.place
        address = (await self._kit.outward.require(host, port)).strip("[]")
        mail = _mail(target, letter, self._kit.clock.now())
        with self._kit.clock.hold():
            try:
                await asyncio.to_thread(_send, target, address, mail)
            except (OSError, smtplib.SMTPException) as error:
                msg = f"{host}: {_reason(error)}"
                raise Unavailable(msg, code="NOT_DELIVERED", hint="check the server") from error


def _mail(target: EmailTarget, letter: Letter, now: float) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(letter.title.split())
    mail["From"] = formataddr(("ionpy_auto", target.sender))
    mail["To"] = ", ".join(one.strip() for one in target.to.split(","))
    mail["Date"] = formatdate(now)
    mail["Message-ID"] = f"<{sha256(letter.key.encode()).hexdigest()[:40]}@ionpy-auto>"
    mail["X-Ionpy-Key"] = letter.key
    mail["Auto-Submitted"] = "auto-generated"
    if letter.severity == "critical" and letter.status == "firing":
        mail["X-Priority"] = "1"
    mail.set_content(letter.message)
    return mail


def _send(target: EmailTarget, address: str, mail: EmailMessage) -> None:
    host, port = target.place
    context = ssl.create_default_context()
    client: _Smtp | _SmtpTls
    if port == SUBMISSIONS:
        client = _SmtpTls(timeout=TIMEOUT_S, context=context)
    else:
        client = _Smtp(timeout=TIMEOUT_S)
    client.address = address
    _named(client, host)
    with client:
        client.connect(host, port)
        if port != SUBMISSIONS:
            _encrypt(client, context, required=target.require_tls)
        if target.auth_username:
            client.login(target.auth_username, target.auth_password.get_secret_value())
        client.send_message(mail)


def _named(client: Any, host: str) -> None:  # noqa: ANN401 - the name has no setter
    """The name the certificate is held against: `connect` alone does not keep it."""
    client._host = host  # noqa: SLF001


def _encrypt(client: smtplib.SMTP, context: ssl.SSLContext, *, required: bool) -> None:
    client.ehlo()
    if client.has_extn("starttls"):
        client.starttls(context=context)
        client.ehlo()
    elif required:
        msg = "the server does not encrypt"
        raise smtplib.SMTPException(msg)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {' '.join(said.split())[:200]}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"refused: {', '.join(error.recipients)[:200]}"
    return str(error)[:200] or type(error).__name__
