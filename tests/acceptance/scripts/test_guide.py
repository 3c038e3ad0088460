"""Every example of the guide runs to its end on the demo project."""

import re
from pathlib import Path

from ionpy_auto.automation.scripts.manager import ScriptRequest

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-script.md"
EXAMPLES = re.findall(
    r"^```python script\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


async def test_every_example_is_good_and_runs_to_its_end(engine):
    assert len(EXAMPLES) >= 5
    scripts = engine.project.automation.scripts
    engine.project.set_speed(None)
    for number, text in enumerate(EXAMPLES):
        await scripts.store.save(f"example-{number}", text)
        run = await scripts.start(ScriptRequest(script=f"example-{number}", actor="test"))
        await run.done.wait()
        assert run.state == "done", (text, run.message, run.lines())
        assert run.lines()


async def test_a_rule_runs_a_script_with_parameters_and_sees_it_fail(engine):
    bench = engine.project
    await bench.automation.scripts.store.save("mine", "print(params)\nraise ValueError('no')\n")
    await bench.automation.flows.create(
        "version: 1\nid: calls\ntitle: Calls\nrules:\n"
        "  - id: now\n    when: {manual: }\n    then:\n"
        "      - script: {name: mine, parameters: {u: 500 mV, on: true}}\n"
    )
    await bench.automation.rules.trigger("calls/now", by="test")
    while not (runs := (await bench.automation.scripts.list())[0]) or runs[0]["state"] == "running":
        await bench.clock.sleep(0.1)
    assert (runs[0]["state"], runs[0]["parameters"]) == ("failed", {"u": 0.5, "on": True})
    assert runs[0]["actor"] == "rule:calls/now"
    assert runs[0]["cause"] == ["rule:calls/now"]
    traces = await bench.automation.rules.traces("calls/now")
    assert traces[0]["outcome"] == "failed"
