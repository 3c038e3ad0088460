"""What a flow writes: against the ranges of the bench, and against what other flows drive."""

from typing import Any

import pytest

from ionpy_auto.automation.rules.shared import check_shared
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.wiring import ChannelFile, read_channel
from tests.unit.automation.rules_bench import UNITS, PaperSite, flow_of, one_rule

WIRING = """
title: {0}
source: {1}
sink: LOAD_01
voltage: {{source: PSU_01.u_out}}
current: {{charge: PSU_01.i_out}}
"""


class WiredSite(PaperSite):
    """The paper lab with channels."""

    def __init__(self) -> None:
        super().__init__({**UNITS, "AUX_01.u_set": "V"})

    def channel(self, channel_id: str) -> Any:
        supplies = {"CH1": "PSU_01", "CH2": "AUX_01"}
        if channel_id not in supplies:
            return None
        text = WIRING.format(channel_id, supplies[channel_id])
        file, findings = read_channel(text, f"{channel_id}.yaml")
        assert isinstance(file, ChannelFile), [str(one) for one in findings]
        return file


def sequence(flow_id: str, channel: str) -> Any:
    text = f"version: 1\nid: {flow_id}\nchannel: {channel}\nsequence: [{{rest: 1 s}}]\n"
    return flow_of(text, WiredSite())


@pytest.mark.parametrize(
    ("action", "codes"),
    [
        ("{set: {PSU_01.u_set: 61 V}}", ["out-of-range"]),
        ("{set: {PSU_01.u_set: -1 V}}", ["out-of-range"]),
        ("{set: {PSU_01.i_ma: 5.1 A}}", ["out-of-range"]),
        ("{if: temp > 3 °C, then: [{set: {PSU_01.u_set: 61 V}}]}", ["out-of-range"]),
        ("{set: {PSU_01.u_set: 60 V, PSU_01.on: true}}", []),
        ("{set: {PSU_01.u_set: PSU_01.u_out + 99 V}}", []),
    ],
)
def test_a_value_out_of_the_range_of_its_point_is_a_warning(action, codes):
    site = WiredSite()
    flow = flow_of(one_rule(f"when: manual\nthen: [{action}]").replace("temp", "PSU_01.temp"), site)
    found = check_flow(flow, site)
    assert [one.code for one in found] == codes
    assert all(one.severity == "warning" and one.line == 6 for one in found)


def test_the_warning_says_what_the_point_takes():
    site = WiredSite()
    flow = flow_of(one_rule("when: manual\nthen: [{set: {PSU_01.i_ma: 5.1 A}}]"), site)
    (found,) = check_flow(flow, site)
    assert found.message == "PSU_01.i_ma takes at most 5000 mA"


def test_a_rule_that_sets_what_another_flow_drives_is_told():
    driving = sequence("drive", "CH1")
    rule = flow_of(one_rule("when: manual\nthen: [{set: {PSU_01.u_set: 3 V}}]"), WiredSite())
    (found,) = check_shared(rule, [driving, rule])
    assert (found.code, found.severity) == ("shared-device", "warning")
    assert "CH1" in found.message
    assert "'drive'" in found.message


OFF = ["{set: {PSU_01.on: false}}", "{set: {PSU_01.u_set: 0 V}}", "log: x"]


@pytest.mark.parametrize("action", OFF)
def test_switching_off_is_everybodys(action):
    rule = flow_of(one_rule(f"when: manual\nthen: [{action}]"), WiredSite())
    assert check_shared(rule, [sequence("drive", "CH1")]) == []


def test_a_flow_may_set_what_it_drives_itself():
    text = "version: 1\nid: own\nchannel: CH1\nsequence: [{set: {PSU_01.u_set: 3 V}}]\n"
    own = flow_of(text, WiredSite())
    assert check_shared(own, [own, sequence("other", "CH1")]) == []


def test_two_channels_on_one_output_are_mentioned_once_at_their_line():
    flow = sequence("a", "CH1")
    (found,) = check_shared(flow, [sequence("b", "CH2"), sequence("c", "CH2"), flow])
    assert (found.severity, found.line, found.code) == ("info", 3, "shared-device")
    assert "LOAD_01" in found.message
