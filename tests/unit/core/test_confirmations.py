"""A dangerous write by hand is confirmed once, exactly, and in time."""

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Command, Mode, Origin, Priority
from ionpy_auto.core.confirmations import MOST_TOKENS, TOKEN_LIFE_S, Confirmations
from ionpy_auto.core.errors import Conflict
from tests.unit.core.fakes import Lab


@pytest.fixture
def lab():
    lab = Lab()
    lab.output.is_dangerous = True
    return lab


def wish(value=12.0, token="", kind=Priority.PERSON, by="user:anna"):
    return Command("PSU_01", "u_set", value, Origin(kind, by), token)


async def token_for(lab, command) -> str:
    with pytest.raises(Conflict) as refused:
        await lab.gate.write(command)
    assert refused.value.error_code == "CONFIRMATION_REQUIRED"
    return refused.value.arguments["token"]


async def test_nothing_is_sent_before_a_person_confirmed(lab):
    token = await token_for(lab, wish())
    assert lab.sent == []
    await lab.gate.write(wish(token=token))
    assert lab.sent == [("PSU_01.u_set", 12.0)]
    assert len(lab.auditor.intents) == 1
    assert len(lab.auditor.refusals) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"value": 12.5},
        {"by": "user:eva"},
        {"kind": Priority.OPERATOR},
    ],
    ids=["another value", "another person", "a take-over"],
)
async def test_a_token_is_good_for_nothing_else_and_is_used_up_by_trying(lab, other):
    token = await token_for(lab, wish())
    await token_for(lab, wish(token=token, **other))
    await token_for(lab, wish(token=token))
    assert lab.sent == []


async def test_a_token_is_good_once(lab):
    token = await token_for(lab, wish())
    await lab.gate.write(wish(token=token))
    await token_for(lab, wish(token=token))
    assert len(lab.sent) == 1


async def test_a_token_ends(lab):
    token = await token_for(lab, wish())
    await lab.clock.sleep(TOKEN_LIFE_S + 0.1)
    await token_for(lab, wish(token=token))


async def test_switching_off_is_never_asked_for(lab):
    await lab.gate.write(wish(0.0))
    assert lab.sent == [("PSU_01.u_set", 0.0)]


@pytest.mark.parametrize("kind", [Priority.SEQUENCE, Priority.RULE, Priority.SCRIPT])
async def test_what_was_armed_is_not_asked_again(lab, kind):
    await lab.gate.write(wish(kind=kind, by="run:1"))
    assert len(lab.sent) == 1


@pytest.mark.parametrize("mode", [Mode.SIMULATE, Mode.SHADOW])
async def test_only_armed_hardware_asks(lab, mode):
    lab.gate.mode.mode = mode
    await lab.gate.write(wish())


def test_tokens_do_not_pile_up():
    confirmations = Confirmations(VirtualClock())
    tokens = []
    for number in range(MOST_TOKENS + 5):
        with pytest.raises(Conflict) as refused:
            confirmations.require((number,), "", "?")
        tokens.append(refused.value.arguments["token"])
    assert len(set(tokens)) == len(tokens)
    with pytest.raises(Conflict):
        confirmations.require((0,), tokens[0], "?")
    confirmations.require((MOST_TOKENS,), tokens[MOST_TOKENS], "?")
