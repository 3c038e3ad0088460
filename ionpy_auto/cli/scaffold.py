"""Writes a new driver folder from a template that runs as it is."""

import keyword
import re
from pathlib import Path
from string import Template

from ionpy_auto.core.errors import BadInput, IonpyError
from ionpy_auto.devices.catalogue import Catalogue

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".tmpl"
SHARED = {"modbus": ("test_NAME.py",), "yaml": ("simulator.py", "test_NAME.py")}
"""What a kind takes from ``scpi``: all three examples are the same supply."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 40
RESERVED = frozenset({"driver", "simulator", "test", "drivers", "con", "prn", "aux", "nul"})


def check_name(name: str, catalogue: Catalogue) -> None:
    """Whether a driver may be called so.

    Raises:
        BadInput: With what is wrong and how to do better.
    """
    wrong = ""
    if not NAME.fullmatch(name):
        wrong = "is no name for a driver"
    elif len(name) > LONGEST:
        wrong = f"is longer than {LONGEST} letters"
    elif name in RESERVED or keyword.iskeyword(name):
        wrong = "has a meaning of its own"
    if wrong:
        hint = "lower-case letters, digits and single underscores, a letter first: korad_ka3005p"
        raise BadInput(f"{name!r:.60} {wrong}", hint=hint)
    try:
        taken = catalogue.find(name)
    except IonpyError:
        return
    msg = f"there is a driver {name!r} in {taken.path.parent}"
    raise BadInput(msg, hint="choose another name")


def write_driver(kind: str, name: str, folder: Path) -> list[Path]:
    """The files of a new driver in ``folder/name``.

    Raises:
        BadInput: There is something already; nothing is written.
        OSError: The folder cannot be written.
    """
    target = folder / name
    if target.exists():
        msg = f"{target} exists; nothing is overwritten"
        raise BadInput(msg, hint="choose another name, or remove that folder")
    words = {"name": name, "class_name": class_name(name)}
    target.mkdir(parents=True)
    written = []
    for template in templates(kind):
        path = target / template.name.removesuffix(SUFFIX).replace("NAME", name)
        text = Template(template.read_text(encoding="utf-8")).substitute(words)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def templates(kind: str) -> list[Path]:
    """The templates of a kind of driver, by name."""
    own = (TEMPLATES / f"driver_{kind}").glob(f"*{SUFFIX}")
    shared = (TEMPLATES / "driver_scpi" / f"{name}{SUFFIX}" for name in SHARED.get(kind, ()))
    return sorted([*own, *shared], key=lambda path: path.name)


def class_name(name: str) -> str:
    """The name of the class: ``korad_ka3005p`` → ``KoradKa3005p``."""
    return "".join(word.capitalize() for word in name.split("_"))
