"""Files: atomic writes that leave old or new but never half, safe paths, shipped and home.

*Shipped* things (drivers, rules, cells, projects, the built UI) are read-only and come with the
program; *home* is the one folder that holds everything people write. `shipped_path` and
`Home` are the only places that know where either is.
"""

import hashlib
import json
import math
import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import platformdirs

from ionpy_auto.core.errors import BadInput, ConfigInvalid, StorageError

HOME_MARK = ".ionpy-home"
HOME_FOLDERS = (
    *("projects", "rules", "cells", "channels", "drivers"),
    *("config", "data", "var", "logs"),
)
MAX_JSON_BYTES = 16 * 2**20
_SLUG_MAP = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "µ": "u", "μ": "u", "ω": "ohm"}
)
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE
)


def write_atomic(path: Path, data: bytes | str, *, backup: bool = False) -> None:
    """Replace a file so that after a crash it is either old or new.

    Temporary file in the same folder, fsync, rename, fsync of the folder.

    Args:
        path: The final name; its folder must exist.
        data: Content; text is written as UTF-8 with unchanged line ends.
        backup: Keep the previous content as ``<name>.bak``.

    Raises:
        BadInput: The text cannot be written as UTF-8 (half a surrogate pair).
        StorageError: The disk refused; the file is old or new and nothing half-written stays.
    """
    content = _encoded(data) if isinstance(data, str) else data
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        if backup and path.exists():
            # A backup of a private file is private, too.
            _replace(path.with_name(path.name + ".bak"), path.read_bytes(), mode)
        _replace(path, content, mode)
    except OSError as error:
        msg = f"cannot write {path.name}: {error.strerror or error}"
        raise StorageError(
            msg, hint="free disk space or check the folder's permissions", args={"file": str(path)}
        ) from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        msg = f"the text holds a character that does not exist at position {error.start}"
        raise BadInput(msg, code="BAD_TEXT", hint="remove it") from None


def _replace(path: Path, content: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            temporary.chmod(mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: object, *, backup: bool = True) -> None:
    """Write JSON readable for people and diffs, atomically, keeping the previous as ``.bak``.

    Raises:
        BadInput: NaN, infinity, or something JSON has no word for; the file is untouched.
        StorageError: The disk refused.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"{path.name} cannot be written as JSON: {error}"
        raise BadInput(msg, hint="numbers must be finite") from error
    write_atomic(path, text, backup=backup)


def read_json(path: Path) -> object:
    """Read JSON strictly: no duplicate keys, no NaN, no infinity, bounded size.

    Raises:
        ConfigInvalid: With file, line and column where known.
        OSError: There is no such file, or it may not be read.
    """

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            msg = f"key {twice!r} stands twice"
            raise ValueError(msg)
        return seen

    def no_constant(word: str) -> NoReturn:
        msg = f"{word} is no JSON number"
        raise ValueError(msg)

    def finite(word: str) -> float:
        number = float(word)
        return number if math.isfinite(number) else no_constant(word)

    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            msg = f"{path.name} is larger than {MAX_JSON_BYTES} bytes"
            raise ConfigInvalid(msg, args={"file": path.name})
        text = path.read_text(encoding="utf-8-sig")
        content: object = json.loads(
            text,
            object_pairs_hook=no_duplicates,
            parse_constant=no_constant,
            parse_float=finite,
        )
    except json.JSONDecodeError as error:
        msg = f"{path.name}:{error.lineno}:{error.colno}: {error.msg}"
        raise ConfigInvalid(
            msg,
            hint="correct the file by hand; the previous content is in the .bak file beside it",
            args={"file": path.name, "line": error.lineno, "column": error.colno},
        ) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path.name}: {error}"
        raise ConfigInvalid(msg, args={"file": path.name}) from error
    return content


def revision_of(data: bytes | str) -> str:
    """Short content hash by which readers and writers recognise a version of a text."""
    content = data.encode() if isinstance(data, str) else data
    return hashlib.sha256(content).hexdigest()[:16]


def slug(name: str) -> str:
    """A safe folder name for what a person typed: ``Akku-Prüfung 1`` → ``akku-pruefung-1``.

    Different names may give the same word; whoever makes a folder asks whether it is taken.
    """
    composed = unicodedata.normalize("NFC", name)  # macOS types ü as u and two dots
    text = composed.strip().lower().translate(_SLUG_MAP)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:64].strip("-")
    if not text or _RESERVED.match(text):
        text = f"project-{revision_of(name)[:6]}"
    return text


def inside(base: Path, *parts: str) -> Path:
    """Join ``parts`` (names, or names joined by ``/``) below ``base``; refuse all that leaves it.

    What Windows cannot store is refused everywhere, so that a folder can move between machines.

    Raises:
        BadInput: An absolute part, ``..``, an empty name (it would mean ``base`` itself), a drive,
            a control character, a device name of Windows, or a link that leads outside.
    """
    for part in parts:
        if unsafe := next((name for name in part.split("/") if not _is_safe_name(name)), None):
            msg = f"unsafe name {unsafe!r}"
            raise BadInput(msg, code="UNSAFE_PATH", hint="use letters, digits, - and _")
        if "" in part.split("/"):
            msg = f"unsafe path {part!r}: absolute, or a name is missing"
            raise BadInput(msg, code="UNSAFE_PATH", hint="use a plain name without .. or /")
    try:
        target = base.joinpath(*parts).resolve()
        stays = target.is_relative_to(base.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a ring of links, half a surrogate pair
        msg = "the path cannot be followed"
        raise BadInput(msg, code="UNSAFE_PATH", hint="use a plain name") from error
    if not stays:
        msg = "the path leaves its folder"
        raise BadInput(msg, code="UNSAFE_PATH", hint="use a plain name without .. or /")
    return target


def _is_safe_name(name: str) -> bool:
    return (
        name not in {".", ".."}
        and name == name.strip()
        and not name.endswith(".")
        and not re.search(r'[\x00-\x1f\x7f<>:"|?*\\]', name)
        and not _RESERVED.match(name)
    )


def shipped_root() -> Path:
    """Where the read-only things are: ``_shipped`` in a wheel, the repository in a checkout."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_shipped"
    return packed if packed.is_dir() else package.parent


def shipped_path(*parts: str) -> Path:
    """A shipped file or folder, for example ``shipped_path("drivers")``."""
    return shipped_root().joinpath(*parts)


def is_checkout() -> bool:
    """True when running from a source tree rather than an installed wheel."""
    return not (Path(__file__).resolve().parent.parent / "_shipped").is_dir()


@dataclass(frozen=True)
class Home:
    """The folder that holds all that people write.

    Attributes:
        root: Absolute path.
    """

    root: Path

    def folder(self, name: str) -> Path:
        """One of `HOME_FOLDERS`, made when missing."""
        if name not in HOME_FOLDERS:
            msg = f"home has no folder {name!r}"
            raise ValueError(msg)
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def create(self) -> None:
        """Make the folder and its mark."""
        for name in HOME_FOLDERS:
            self.folder(name)
        mark = self.root / HOME_MARK
        if not mark.exists():
            write_atomic(mark, "This folder is the home of an ionpy_auto installation.\n")


def find_home(option: str | os.PathLike[str] | None = None) -> Home:
    """``--home`` > ``IONPY_HOME`` > the current folder if it is marked > user data folder."""
    chosen = option or os.environ.get("IONPY_HOME")
    if chosen:
        return Home(Path(chosen).expanduser().resolve())
    if (Path.cwd() / HOME_MARK).exists():
        return Home(Path.cwd())
    return Home(Path(platformdirs.user_data_dir("ionpy_auto", appauthor=False)))


@contextmanager
def single_instance(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, so that one home is served by one process.

    Raises:
        StorageError: Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        try:
            _lock(stream.fileno())
        except OSError as error:
            msg = f"another server uses {path.parent}"
            raise StorageError(
                msg, code="HOME_IN_USE", hint="stop the other server or choose another --home"
            ) from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
