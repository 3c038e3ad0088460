"""``apprise``: chat, push and text messages by address: ``tgram://…``, ``slack://…``, ``ntfys://…``.

Only schemes of the list below are taken, and only parameters that name no file and no other host:
attachments and templates of that library read whatever file they are told. Hosts people run
themselves are held against the rules of `outward`; redirects are not followed. The library is
large and loaded when it is first used.
"""

import asyncio
import importlib
import re
import warnings
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator

from ionpy_auto.alarms.channels import Kit, Letter, Target, has_placeholder
from ionpy_auto.alarms.outward import refused
from ionpy_auto.core.errors import Unavailable

SEND_S: Final = 20.0

HOSTED: Final = frozenset(
    {
        *("discord", "gchat", "nexmo", "opsgenie", "pagerduty", "pover", "slack", "tgram"),
        *("threema", "twilio", "vonage", "webex", "wxteams", "zulip"),
    }
)
"""Services with an address of their own."""
SELF_HOSTED: Final = frozenset(
    {
        *("gotify", "gotifys", "mailto", "mailtos", "matrix", "matrixs", "mmost", "mmosts"),
        *("nctalk", "nctalks", "ntfy", "ntfys", "rocket", "rockets", "signal", "signals"),
        *("workflow", "workflows"),
    }
)
"""Services whose host stands in the address: it is looked at before every message."""
SCHEMES: Final = HOSTED | SELF_HOSTED
PARAMETERS: Final = frozenset(
    {
        *("api-version", "apikey", "auth", "avatar", "bcc", "botname", "cc", "channel"),
        *("channels", "cto", "expire", "format", "from", "id", "key", "method", "mode"),
        *("msgtype", "name", "overflow", "pass", "preview", "priority", "region", "reply"),
        *("route", "rto", "secret", "sid", "sig", "signature", "silent", "smtp", "sound"),
        *("sp", "sv", "tags", "team", "thread", "threadkey", "to", "token", "topic", "ttl"),
        *("user", "v", "ver", "verify", "version", "workflow", "workspace"),
    }
)
_SCHEME: Final = re.compile(r"([a-z]+)://\S+", re.IGNORECASE)
_LEVELS: Final = {"critical": "failure", "warning": "warning", "info": "info"}


class AppriseTarget(Target):
    """An address in Apprise's form, which holds its secrets."""

    short: ClassVar[str] = "url"

    url: SecretStr = Field(description="scheme://…; ${NAME} stands for a secret.")

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if has_placeholder(text) and "://" not in text.partition("$")[0]:
            return url  # all of it is a secret: looked at when it is used
        found = _SCHEME.fullmatch(text)
        scheme = found[1].lower() if found else ""
        if scheme not in SCHEMES:
            msg = f"{scheme or 'this'!r} is no scheme that is taken: {', '.join(sorted(SCHEMES))}"
            raise ValueError(msg)
        for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True):
            if name.lower() not in PARAMETERS:
                msg = f"the parameter {name[:40]!r} is not taken"
                raise ValueError(msg)
        return url

    @property
    def shown(self) -> str:
        """Only the scheme: everything behind it may be secret."""
        scheme = self.url.get_secret_value().partition("://")
        return f"{scheme[0]}://…" if scheme[1] else "…"


class AppriseChannel:
    """Sends by the library of that name."""

    word: ClassVar[str] = "apprise"
    target: ClassVar[type[Target]] = AppriseTarget

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def deliver(self, target: AppriseTarget, letter: Letter) -> None:
        """Send it; the library knows no place for a key."""
        text = target.url.get_secret_value()
        with self._kit.clock.hold():
            library, service = await asyncio.to_thread(_service, text)
        scheme = text.partition("://")[0].lower()
        if scheme in SELF_HOSTED:
            await self._require(scheme, service)
        apprise = library.Apprise(asset=service.asset)
        apprise.add(service)
        with self._kit.clock.hold():
            result = await apprise.async_notify(
                title=letter.title,
                body=letter.message,
                notify_type=_LEVELS.get(letter.severity, "info"),
                body_format="text",
                timeout=SEND_S,
            )
        if result.status != library.AppriseResultStatus.SUCCESS:
            msg = f"{scheme}: {_reason(result)}"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the address and its secrets")

    async def _require(self, scheme: str, service: Any) -> None:  # noqa: ANN401 - of the library
        host = getattr(service, "smtp_host", "") or getattr(service, "host", "")
        if scheme.startswith("ntfy") and getattr(service, "mode", "") != "private":
            return  # ntfy.sh
        if not host:
            return
        await self._kit.outward.require(host, int(getattr(service, "port", 0) or 443))


def _service(text: str) -> tuple[Any, Any]:
    """The library and its service for an address.

    Raises:
        Forbidden: The library does not take the address.
    """
    with warnings.catch_warnings():  # of what it uses itself
        warnings.simplefilter("ignore")
        import apprise  # noqa: PLC0415 - large, only when used

        services: Any = importlib.import_module("apprise.manager_plugins").NotificationManager()
        services.load_modules()
    asset = apprise.AppriseAsset(
        storage_mode="memory",
        app_id="ionpy_auto",
        app_desc="ionpy_auto",
        app_url="",
        http_redirects=False,
        pem_autogen=False,
        pgp_autogen=False,
        interpret_escapes=False,
        interpret_emojis=False,
        secure_logging=True,
        image_url_mask="",
        image_url_logo="",
    )
    service = apprise.Apprise.instantiate(text, asset=asset)
    if service is None:
        msg = f"{text.partition('://')[0]}: the address is not complete"
        raise refused(msg)
    if hasattr(service, "discovery"):  # another host would be asked for its own word
        service.discovery = False
    return apprise, service


def _reason(result: Any) -> str:  # noqa: ANN401 - of the library
    """The last complaint of the library, which names no secrets there."""
    words = [str(entry.message) for one in result.results for entry in one.logs()]
    return words[-1][:300] if words else f"not sent ({result.status.name.lower()})"
