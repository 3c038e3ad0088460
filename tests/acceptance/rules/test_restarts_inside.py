"""Lists inside actions go on after a restart, wherever they were: read as a protocol."""

import json
import random
import textwrap

import pytest

from tests.acceptance.rules.lives import Server
from tests.unit.automation.rules_bench import one_rule

ENDS = ["end", "kill"]


def rule(then, **keys):
    head = "".join(f"{key}: {value}\n" for key, value in keys.items())
    body = textwrap.indent(textwrap.dedent(then).strip("\n"), "  ")
    return one_rule(f"when: {{marker: go}}\nmax_gap: 1 min\n{head}then:\n{body}")


def notes(server):
    return [(second, text) for second, (_, text) in server.did("notify")]


ROUNDS = """
- repeat: {for_each: [1 A, 2 A, 3 A]}
  do:
    - notify: "{{ repeat.number }} begin {{ repeat.item }}"
    - wait: 100 s
    - notify: "{{ repeat.number }} end"
- notify: over
"""


@pytest.mark.parametrize("end", ENDS)
async def test_a_wait_inside_a_repeat_goes_on_in_its_round(tmp_path, end):
    server = Server(tmp_path, rule(ROUNDS))
    await server.boot()
    await server.go()
    await server.at(150)
    await getattr(server, end)(down=20)
    await server.boot()
    await server.at(1000)
    assert notes(server) == [
        (0, "1 begin 1"),
        (100, "1 end"),
        (100, "2 begin 2"),
        (200, "2 end"),
        (200, "3 begin 3"),
        (300, "3 end"),
        (300, "over"),
    ]
    (trace,) = await server.engine.traces("f/r")
    assert (trace["outcome"], trace["actions"][0]["result"]["rounds"]) == ("done", 3)
    await server.end()


async def test_branches_of_parallel_go_on_each_from_its_own_place(tmp_path):
    text = """
    - parallel:
        - [{notify: a}, {wait: 50 s}, {notify: a ends}]
        - [{wait: 200 s}, {notify: b}, {wait: 200 s}, {notify: b ends}]
        - - repeat: 10
            do: [{wait: 60 s}, {notify: "c {{ repeat.number }}"}]
    - notify: over
    """
    server = Server(tmp_path, rule(text))
    await server.boot()
    await server.go()
    for second in (95, 230, 470):
        await server.at(second)
        await server.kill(down=10)
        await server.boot()
    await server.at(2000)
    rounds = [(60 * number, f"c {number}") for number in range(1, 11)]
    told = [(0, "a"), (50, "a ends"), (200, "b"), (400, "b ends"), (600, "over"), *rounds]
    assert sorted(notes(server)) == sorted(told)
    (trace,) = await server.engine.traces("f/r")
    assert [one["ok"] for one in trace["actions"][0]["result"]["branches"]] == [True] * 3
    await server.end()


async def test_a_wait_for_inside_begins_anew_and_is_met_later(tmp_path):
    text = """
    - repeat: 2
      do:
        - wait_for: PSU_01.u_out > 4 V
          timeout: 10 min
        - notify: high
        - wait_for: PSU_01.u_out < 4 V
          timeout: 10 min
    - notify: over
    """
    server = Server(tmp_path, rule(text))
    await server.boot()
    await server.at(1, "PSU_01.u_out", 5.0)
    await server.go()
    await server.at(100)
    await server.kill(down=20)
    await server.boot()
    for second, value in ((130, 3.0), (140, 5.0), (150, 3.0)):
        await server.at(second, "PSU_01.u_out", value)
    await server.at(200)
    assert notes(server) == [(1, "high"), (140, "high"), (150, "over")]
    await server.end()


async def test_a_branch_whose_action_was_under_way_fails_and_the_others_go_on(tmp_path):
    text = """
    - parallel:
        - [{set: {PSU_01.u_set: 4 V}}, {notify: never}]
        - [{wait: 100 s}, {notify: other}]
    - notify: behind
    """
    server = Server(tmp_path, rule(text))
    server.write_takes = 60.0
    await server.boot()
    await server.go()
    await server.at(30)
    await server.kill(down=10)
    await server.boot()
    await server.at(300)
    assert notes(server) == [(100, "other")]
    assert server.did("set") == []
    (trace,) = await server.engine.traces("f/r")
    first, second = trace["actions"][0]["args"]["branches"]
    assert (trace["outcome"], first["error"], second["ok"]) == ("failed", "INTERRUPTED", True)
    await server.end()


async def test_a_round_that_was_under_way_ends_all_as_outside(tmp_path):
    text = """
    - if: 1 < 2
      then:
        - repeat: 3
          do: [{set: {PSU_01.u_set: 4 V}}, {wait: 10 s}]
    - notify: behind
    """
    server = Server(tmp_path, rule(text))
    server.write_takes = 60.0
    await server.boot()
    await server.go()
    await server.at(30)
    await server.kill(down=10)
    await server.boot()
    await server.at(300)
    assert (notes(server), server.did("set")) == ([], [])
    (trace,) = await server.engine.traces("f/r")
    assert [(a["verb"], a["ok"]) for a in trace["actions"]] == [("if", True), ("set", False)]
    assert (trace["outcome"], trace["actions"][1]["error"]) == ("interrupted", "INTERRUPTED")
    await server.end()


async def test_a_repeat_without_a_wait_counts_as_one_action(tmp_path):
    text = "- repeat: 3\n  do: [{set: {PSU_01.u_set: 4 V}}]\n- notify: behind"
    server = Server(tmp_path, rule(text))
    server.write_takes = 60.0
    await server.boot()
    await server.go()
    await server.at(90)
    await server.kill(down=10)
    await server.boot()
    await server.at(300)
    (trace,) = await server.engine.traces("f/r")
    assert [a["verb"] for a in trace["actions"]] == ["repeat"]
    assert (trace["outcome"], notes(server)) == ("interrupted", [])
    await server.end()


@pytest.mark.parametrize(
    ("on_gap", "outcome", "alarms"),
    [("reset", "dropped", 0), ("fire", "done", 0), ("alarm", "dropped", 1)],
)
async def test_after_a_long_gap_on_gap_decides_inside_too(tmp_path, on_gap, outcome, alarms):
    server = Server(tmp_path, rule(ROUNDS, on_gap=on_gap))
    await server.boot()
    await server.go()
    await server.at(150)
    await server.kill(down=1000)
    await server.boot()
    await server.at(3000)
    assert await server.outcomes() == [outcome]
    assert len(server.did("alarm")) == alarms
    assert ("over" in [text for _, text in notes(server)]) == (outcome == "done")
    await server.end()


async def test_a_switch_inside_holds_in_the_rounds_after_a_restart(tmp_path):
    server = Server(tmp_path, rule(ROUNDS))
    await server.boot()
    places = [action["place"] for action in server.rule()["actions"]]
    assert places == ["then/0", "then/0/do/0", "then/0/do/1", "then/0/do/2", "then/1"]
    await server.engine.set_action_enabled("f/r", "then/0/do/2", enabled=False)
    await server.go()
    await server.at(150)
    await server.kill(down=20)
    await server.boot()
    await server.at(1000)
    assert "1 end" not in str(notes(server))
    assert [text for _, text in notes(server)][-1] == "over"
    await server.end()


# -- anything at all ------------------------------------------------------------------------------


class Maker:
    """Lists of actions of random shape; every message in them is another one."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.count = 0

    def actions(self, depth: int) -> list:
        return [self.action(depth) for _ in range(self.source.randint(1, 3))]

    def action(self, depth: int):
        shapes = ["notify", "wait", "wait"]
        kind = self.source.choice(shapes + (["repeat", "parallel", "if"] if depth else []))
        if kind == "notify":
            self.count += 1
            return {"notify": f"m{self.count} {{{{ repeat.number }}}}"}
        if kind == "wait":
            return {"wait": f"{self.source.randint(3, 40)} s"}
        if kind == "repeat":
            return {"repeat": self.source.randint(1, 3), "do": self.actions(depth - 1)}
        if kind == "parallel":
            return {"parallel": [self.actions(depth - 1) for _ in range(2)]}
        both = {"then": self.actions(depth - 1), "else": self.actions(depth - 1)}
        return {"if": self.source.choice(["1 < 2", "1 > 2"]), **both}


def written(actions) -> str:
    """As YAML; JSON is one of its forms."""
    return json.dumps([{"repeat": 2, "do": actions}])


@pytest.mark.parametrize("seed", [*range(6), *[pytest.param(s, marks=pytest.mark.proof)
                                               for s in range(6, 60)]])  # fmt: skip
async def test_kills_in_waits_change_nothing_but_who_does_it(tmp_path, seed):
    maker = Maker(seed)
    text = one_rule(f"when: {{marker: go}}\nmax_gap: 1 h\nthen: {written(maker.actions(3))}")
    undisturbed = await protocol(tmp_path / "one", text, [])
    last = int(max([0, *(second for second, _ in undisturbed)])) + 41
    kills = sorted({maker.source.randint(1, last) + 0.5 for _ in range(5)})
    assert sorted(await protocol(tmp_path / "two", text, kills)) == sorted(undisturbed)


async def protocol(folder, text, kills):
    folder.mkdir()
    server = Server(folder, text)
    await server.boot()
    await server.go()
    for second in kills:
        await server.at(second)
        await server.kill(down=0.2)
        await server.boot()
    await server.at(5000)
    assert server.rule()["state"] == "idle"
    assert await server.outcomes() == ["done"]
    await server.end()
    return notes(server)
