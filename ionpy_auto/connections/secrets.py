"""Passwords: one file outside all projects that only this user reads; others hold references.

``secret:broker-lab`` in a file of a project means the entry ``broker-lab`` of
``config/secrets.json``, or the environment variable ``IONPY_SECRET_BROKER_LAB``. What it stands
for never appears in logs, exports and answers.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import structlog

from ionpy_auto.core.errors import ConfigInvalid, NotFound
from ionpy_auto.core.files import read_json, write_json

log = structlog.get_logger(__name__)

PREFIX = "secret:"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def reference_problem(text: str) -> str:
    """Why a text is no reference to a secret; empty when it is one, or empty itself."""
    if not text or (text.startswith(PREFIX) and NAME.fullmatch(text.removeprefix(PREFIX))):
        return ""
    return "a password stands in config/secrets.json; here stands secret:<its name>"


class Secrets:
    """The secrets of this installation.

    Args:
        path: ``config/secrets.json``.
        environment: Where variables are looked up first.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._environment = environment

    def get(self, reference: str) -> str:
        """What a reference stands for; an empty reference is an empty secret.

        Raises:
            NotFound: There is no such secret.
            ConfigInvalid: The file cannot be read.
        """
        if not reference:
            return ""
        name = reference.removeprefix(PREFIX)
        variable = "IONPY_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        found = self._environment.get(variable) or self._read().get(name)
        if not isinstance(found, str):
            msg = f"there is no secret {name!r}"
            raise NotFound(
                msg, code="SECRET_NOT_FOUND", hint=f'add "{name}" to config/secrets.json'
            )
        return found

    def put(self, name: str, secret: str) -> str:
        """Keep a secret; returns the reference to it.

        Raises:
            ConfigInvalid: The file cannot be read; nothing was written.
            StorageError: The disk refused.
        """
        content = {**self._read(), name: secret}
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600, exist_ok=True)
        self._path.chmod(0o600)
        write_json(self._path, content, backup=False)
        return PREFIX + name

    def _read(self) -> dict[str, object]:
        try:
            if self._path.stat().st_mode & 0o077 and os.name != "nt":
                log.warning("secrets can be read by others", file=self._path.name)
                self._path.chmod(0o600)
            content = read_json(self._path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            msg = f"{self._path.name} cannot be read: {error.strerror}"
            raise ConfigInvalid(msg, hint="see the permissions of the config folder") from error
        if not isinstance(content, dict):
            msg = f"{self._path.name} must hold one JSON object"
            raise ConfigInvalid(msg)
        return content
