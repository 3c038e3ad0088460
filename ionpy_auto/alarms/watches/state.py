"""``state``: a switch or a word is what it should not be; ``bits``: one of these bits is set."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen
from ionpy_auto.language import Environment

KEYS = ("state", "bits")


def read(part: Part) -> Rung | None:
    """``state: [ovp, ocp]``, ``state: true``; ``bits: [0, 3]`` by number."""
    return _read_bits(part) if part.key == "bits" else _read_state(part)


def _read_state(part: Part) -> Rung | None:
    words = part.fields.texts("at")
    if not words:
        return None
    truth = {"true": True, "false": False, "on": True, "off": False}
    is_switch = part.scope.kind_of(part.point) == "bool"
    if is_switch and any(word not in truth for word in words):
        part.error("a switch is true or false", "write state: true")
        return None
    bad = {truth[word] for word in words} if is_switch else set(words)
    point = part.point

    def probe(env: Environment, met: bool) -> Seen:
        del met
        value = env.value(point)
        if value is None:
            return Seen(None)
        return Seen((value if isinstance(value, bool) else str(value)) in bad)

    return _rung(part, probe, f"is {' or '.join(words)}")


def _read_bits(part: Part) -> Rung | None:
    words = part.fields.texts("at")
    if not words:
        return None
    if not all(word.isascii() and word.isdigit() and int(word) < 64 for word in words):
        part.error("bits are numbers from 0, the lowest", "write bits: [0, 3]")
        return None
    mask, point = sum(1 << bit for bit in {int(word) for word in words}), part.point

    def probe(env: Environment, met: bool) -> Seen:
        del met
        value = env.value(point)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Seen(None)
        return Seen(bool(int(value) & mask), float(value))

    return _rung(part, probe, f"has bit {' or '.join(words)} set:")


def _rung(part: Part, probe: object, shown: str) -> Rung:
    return Rung(
        what=part.key,
        source="state",
        severity="warning",
        probe=probe,  # type: ignore[arg-type]  # both are probes
        shown=shown,
        settings=part.settings,
        points=frozenset({part.point}),
    )
