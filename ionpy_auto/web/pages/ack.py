"""The page behind a link of a message: says what is wrong, and a button that acknowledges it.

No login and no script: a phone opens it from a mail. Only the button changes something, so a
program that looks at all links of a mail acknowledges nothing.
"""

from datetime import datetime
from html import escape
from string import Template
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.engine import Engine

MOST_SHOWN = 30
STATUS = {"used": 410, "expired": 410}
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # With "no-referrer" browsers would send the origin "null" along with the form.
    "referrer-policy": "same-origin",
}
PAGE = Template("""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title>
<style>
body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark }
li { margin: .3rem 0 } .critical { font-weight: 700 } .warning { font-weight: 600 }
input, button { font: inherit; width: 100%; padding: .8rem; margin: .4rem 0; border-radius: .5rem;
  border: 1px solid #8888; box-sizing: border-box }
button { background: #0a6; color: #fff; border: 0; font-weight: 600 }
</style></head><body><h1>$title</h1>$body</body></html>
""")
FORM = """<form method="post" enctype="multipart/form-data">
<label for="name">Your name</label>
<input id="name" name="name" maxlength="80" autocomplete="name" required>
<button type="submit">I have seen it</button></form>
<p>Nothing is switched by this: repeats and escalation stop.</p>
"""


def _page(title: str, body: str, status: int = 200) -> Response[str]:
    text = PAGE.substitute(title=escape(title), body=body)
    return Response(text, media_type="text/html", status_code=status, headers=HEADERS)


def _over(shown: dict[str, Any]) -> Response[str]:
    if shown["state"] == "used":
        when = datetime.fromtimestamp(shown["used"]).astimezone().strftime("%Y-%m-%d %H:%M")
        text = f"<p>{escape(shown['used_by'])} acknowledged it on {when}.</p>"
        return _page("Already acknowledged", text, STATUS["used"])
    text = "<p>This link is too old. Acknowledge in the browser.</p>"
    return _page("Link expired", text, STATUS["expired"])


def _failed(error: IonpyError) -> Response[str]:
    text = f"<p>{escape(error.message)}</p><p>{escape(error.hint)}</p>"
    return _page("This did not work", text, error.status)


@get("/alarm-ack/{token:str}", include_in_schema=False)
async def look(engine: Engine, token: str) -> Response[str]:
    """What the link is about."""
    try:
        shown = await engine.project.automation.look_at_link(token[:200])
    except IonpyError as error:
        return _failed(error)
    if shown["state"] != "open":
        return _over(shown)
    there = shown["there"]
    items = "".join(
        f'<li class="{escape(one["severity"])}">{escape(one["severity"].upper())} '
        f"{escape(one['text'])}</li>"
        for one in there[:MOST_SHOWN]
    )
    more = f"<p>… and {len(there) - MOST_SHOWN} more</p>" if len(there) > MOST_SHOWN else ""
    rest = "" if there else "<p>What this was about is over.</p>"
    return _page("Acknowledge", f"<ul>{items}</ul>{more}{rest}{FORM}")


@post("/alarm-ack/{token:str}", include_in_schema=False, status_code=200)
async def use(
    engine: Engine,
    token: str,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[str]:
    """Acknowledge."""
    name = data.get("name")
    try:
        shown = await engine.project.automation.acknowledge_by_link(
            token[:200], name if isinstance(name, str) else ""
        )
    except IonpyError as error:
        return _failed(error)
    if shown["state"] != "done":
        return _over(shown)
    who = escape(shown["used_by"])
    return _page("Acknowledged", f"<p>Thank you, {who}. You may close this page.</p>")


HANDLERS = (look, use)
