"""Texts of notices: what a phone shows first, templates, and what runs away in neither."""

import pytest

from ionpy_auto.alarms.messages import Texts
from ionpy_auto.alarms.receivers import Receiver
from ionpy_auto.alarms.routing import Alert, Notice
from ionpy_auto.alarms.text_templates import MAX_OUTPUT, compiled, fill
from ionpy_auto.core.errors import ConfigInvalid

TEXTS = Texts("https://lab.example/", "Ageing")
USUAL = Receiver("lab")


def alert(name, severity="critical", **about):
    labels = {"severity": severity, "device": "PSU_01", "alertname": name}
    notes = {"text": f"HIHI {name} PSU_01 (14.9 V)"} | about.pop("notes", {})
    return Alert(f"PSU_01/{name}", 7, labels, notes, starts=1_760_000_000.0, **about)


def notice(firing=(), resolved=(), **about):
    return Notice(
        "g.0.1.1", "lab", "/", {"device": "PSU_01"}, tuple(firing), tuple(resolved), **about
    )


A, B = alert("u_out"), alert("temp", "warning")
OVER = alert("u_out", firing=False, ends=1_760_000_060.0)

TITLES = {
    "one": (notice([A]), "[CRITICAL] HIHI u_out PSU_01 (14.9 V)"),
    "two, the gravest first": (notice([B, A]), "[CRITICAL ×2] HIHI u_out PSU_01 (14.9 V) (+1)"),
    "over": (notice((), [OVER]), "[RESOLVED] HIHI u_out PSU_01 (14.9 V)"),
    "one left": (notice([B], [OVER]), "[WARNING] HIHI temp PSU_01 (14.9 V) · 1 resolved"),
    "again": (notice([A], repeat=True), "[CRITICAL] HIHI u_out PSU_01 (14.9 V) · again"),
    "escalated": (
        notice([A], escalation=2),
        "[CRITICAL] HIHI u_out PSU_01 (14.9 V) · nobody acknowledged, step 2",
    ),
    "escalated and over": (
        notice((), [OVER], escalation=2),
        "[RESOLVED] HIHI u_out PSU_01 (14.9 V)",
    ),
    "a text of several lines": (notice([alert("a", notes={"text": "a\n b"})]), "[CRITICAL] a b"),
    "nothing": (notice(), "[RESOLVED] nothing"),
}


@pytest.mark.parametrize("name", TITLES)
def test_the_first_line_says_how_grave_how_many_and_what(name):
    about, title = TITLES[name]
    assert TEXTS.write(about, USUAL)[0] == title


def test_guidance_stands_once_and_the_links_lead_to_five_minutes_before():
    chart = "https://lab.example/history?session=3&device=PSU_01&from=1759999700&to=1760000060"
    told = {"guidance": "Disconnect the cell.", "session_id": 3}
    message = TEXTS.write(notice([alert("a", notes=told), alert("b", notes=told)]), USUAL)[1]
    assert message.split("\n\n")[1:] == [
        "→ Disconnect the cell.",
        f"Chart: {chart}\nAcknowledge: ⟦ack⟧",
    ]


def test_what_is_acknowledged_or_over_has_no_link_to_acknowledge():
    assert "⟦ack⟧" not in TEXTS.write(notice([alert("a", acked=True)]), USUAL)[1]
    assert "http" not in TEXTS.write(notice((), [OVER]), USUAL)[1]


def test_a_simulated_project_says_so_first():
    texts = Texts(is_simulated=True)
    assert texts.write(notice([A]), USUAL)[0].startswith("[SIMULATION] [CRITICAL]")


def test_a_receiver_has_templates_of_its_own():
    receiver = Receiver(
        "lab",
        title="{{ severity|upper }} {{ firing }} in {{ project }}",
        message="{% for a in alarms %}{{ a.device }}: {{ a.text }} since "
        "{{ (a.starts - 1.76e9)|duration }}\n{% endfor %}{{ ack_url }}",
    )
    title, message = TEXTS.write(notice([A, B]), receiver)
    assert title == "CRITICAL 2 in Ageing"
    assert message.split("\n") == [
        "PSU_01: HIHI u_out PSU_01 (14.9 V) since 0 s",
        "PSU_01: HIHI temp PSU_01 (14.9 V) since 0 s",
        "⟦ack⟧",
    ]


def test_a_template_that_fails_keeps_no_message_back():
    title, message = TEXTS.write(notice([A]), Receiver("lab", title="{{ nobody.knows }}"))
    assert title == "[CRITICAL] HIHI u_out PSU_01 (14.9 V)"
    assert "the template cannot be filled" in message


REFUSED = {
    "calls": "{{ x() }}",
    "methods": "{{ ''.join(x) }}",
    "assignments": "{% set a = 1 %}",
    "macros": "{% macro m() %}{% endmacro %}",
    "includes": "{% include 'x' %}",
    "multiplication": "{{ 'a' * 1000000000 }}",
    "powers": "{{ 9 ** 9 ** 9 }}",
    "formatting": "{{ '%1000000000d' % 1 }}",
    "wide filters": "{{ x|center(1000000000) }}",
    "loops three deep": "{% for a in x %}" * 3 + "{% endfor %}" * 3,
    "recursive loops": "{% for a in x recursive %}{% endfor %}",
    "half a template": "{{ x",
    "a long one": "x" * 9000,
    "a deep one": "{{ " + "(" * 3000 + "x" + ")" * 3000 + " }}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_template_may_not_hold(name):
    with pytest.raises(ConfigInvalid):
        compiled(REFUSED[name])


RUNAWAYS = {
    "inner things": "{{ x.__class__ }}",
    "items of the inside": "{{ x['__class__'] }}",
    "many turns": "{% for a in s %}{% for b in s %}{% endfor %}{% endfor %}",
    "unknown names": "{{ nobody }}",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_filling_ends_with(name):
    with pytest.raises(ConfigInvalid, match="cannot be filled"):
        fill(RUNAWAYS[name], {"x": [1, 2], "s": "s" * 2000})


def test_what_is_filled_is_bounded():
    source = "{{ s|join(s)|join(s)|join(s)|join(s) }}" * 20
    assert len(fill(source, {"s": "s" * 2000})) == MAX_OUTPUT
