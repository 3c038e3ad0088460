"""One named case per way a framing can be set up, and hostile bytes to feed it."""

from hypothesis import strategies as st

from ionpy_auto.devices.framing import FRAMINGS

CASES = {
    "delimiter lines": ("delimiter", {}),
    "delimiter crlf short": ("delimiter", {"delimiter": "\\r\\n", "maximum": 60}),
    "header default": ("header", {}),
    "header small": ("header", {"size": 1, "maximum": 60}),
    "header little": ("header", {"size": 2, "byte_order": "little", "maximum": 200}),
    "header whole frame": ("header", {"size": 2, "offset": 2, "adjust": 4, "maximum": 100}),
    "header eight": ("header", {"size": 8, "maximum": 100}),
    "header without trailer": ("header", {"size": 2, "adjust": -2, "maximum": 100}),
    "start_stop plain": ("start_stop", {"start": "02", "stop": "03", "maximum": 60}),
    "start_stop sum": ("start_stop", {"start": "AA 55", "stop": "0D0A", "checksum": "sum8"}),
    "start_stop crc": (
        "start_stop",
        {"start": "3A", "stop": "0A", "checksum": "crc16_modbus", "maximum": 100},
    ),
    "start_stop length": (
        "start_stop",
        {
            "start": "A5",
            "length_at": 2,
            "checksum": "sum8",
            "maximum": 100,
        },
    ),
    "start_stop length and stop": (
        "start_stop",
        {
            "start": "DD",
            "stop": "77",
            "length_at": 2,
            "checksum": "neg_sum16",
            "checksum_skip": 2,
            "maximum": 200,
        },
    ),
    "start_stop wide length": (
        "start_stop",
        {
            "start": "7E A1",
            "length_at": 0,
            "length_size": 2,
            "length_order": "little",
            "length_adjust": 2,
            "checksum": "crc16_ccitt",
            "maximum": 300,
        },
    ),
    "start_stop hdlc": (
        "start_stop",
        {"start": "7E", "stop": "7E", "escape": "7D", "checksum": "crc16_ccitt"},
    ),
    "start_stop escaped": (
        "start_stop",
        {"start": "02", "stop": "03", "escape": "10", "escape_xor": 0x80, "checksum": "xor8"},
    ),
}


def make(case: str):
    """A framing as the case sets it up."""
    name, values = CASES[case]
    kind = FRAMINGS.get(name)
    return kind(kind.Params(**values))


def shortest(framing) -> int:
    """Bytes a message must have, so that its length has a place."""
    params = framing.params
    if framing.NAME == "header":
        return params.offset - min(params.adjust, 0)
    return getattr(params, "length_at", None) or 0


def hostile(framing) -> st.SearchStrategy[bytes]:
    """Pieces that look nearly right: marks, lengths, halves of frames, zeros, noise."""
    params = framing.params
    marks = [b"\x00", b"\xff", b"\n", b"\r", b"\r\n", b"\x00\x00\x00\x05", b"\x7d", b"\x10"]
    marks += [
        bytes.fromhex(m) for m in (getattr(params, "start", ""), getattr(params, "stop", "")) if m
    ]
    return st.lists(st.sampled_from(marks) | st.binary(max_size=40), max_size=12).map(b"".join)
