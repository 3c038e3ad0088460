"""What may be probed: the short form, a whole device, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.devices.probe import parse_probe

SHORT = {"driver": "rd6012", "transport_type": "serial", "transport_params": {"port": "COM3"}}


def test_the_short_form_and_a_whole_device_say_the_same():
    flat = {"driver": "rd6012", "transport": {"type": "serial", "port": "COM3"}}
    nested = {"driver": "rd6012", "transport": {"type": "serial", "params": {"port": "COM3"}}}
    assert parse_probe(SHORT) == parse_probe(flat) == parse_probe(nested)
    assert parse_probe(SHORT).framing is None
    assert parse_probe({**flat, "id": "PSU_01", "alias": "Supply", "test": True}).id == "PSU_01"


def test_framing_and_parameters_are_taken():
    body = {**SHORT, "framing_type": "modbus_rtu", "framing_params": {"retries": 2}}
    config = parse_probe({**body, "params": {"modbus_address": 5}})
    assert config.framing.type == "modbus_rtu"
    assert config.framing.params == {"retries": 2}
    assert config.params == {"modbus_address": 5}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"transport_type": None}, "transport_type"),
        ({"transport_type": 5}, "transport.type"),
        ({"transport_params": []}, "transport_params"),
        ({"framing_params": {"a": 1}}, "framing_type"),
        ({"transport": {"type": "tcp"}}, "transport"),
        ({"driver": ""}, "driver"),
        ({"params": 5}, "params"),
        ({"color_of_case": "red"}, "color_of_case"),
    ],
)
def test_what_does_not_fit_is_named(change, word):
    with pytest.raises(ConfigInvalid) as error:
        parse_probe({**SHORT, **change})
    assert word in error.value.message


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from([
    *("driver", "transport_type", "transport_params", "framing_type", "framing_params"),
    *("transport", "framing", "params", "test", "id", "enabled", "x"),
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(body=st.dictionaries(KEYS, JSON))
def test_no_body_breaks_it(body):
    try:
        config = parse_probe({**SHORT, **body})
    except ConfigInvalid:
        return
    assert config.driver
