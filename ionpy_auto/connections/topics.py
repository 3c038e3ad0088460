"""Topics and topic filters of MQTT: what may stand in one, and what a filter matches."""

from functools import lru_cache

MAX_BYTES = 65_535
MAX_LEVELS = 128


def topic_problem(topic: str) -> str:
    """Why nothing can be published to a topic; empty when it can.

    Example:
        >>> topic_problem("lab/psu"), topic_problem("lab/+")
        ('', 'a topic that is published to holds no + and no #')
    """
    if "+" in topic or "#" in topic:
        return "a topic that is published to holds no + and no #"
    if topic.startswith("$"):
        return "topics that begin with $ belong to the broker"
    return _text_problem(topic)


def filter_problem(wanted: str) -> str:
    """Why a filter cannot be subscribed to; empty when it can.

    Example:
        >>> filter_problem("lab/+/temp"), filter_problem("lab/#/temp")
        ('', '# stands only at the end, behind a /')
    """
    levels = wanted.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return "# stands only at the end, behind a /"
    if any("+" in level and level != "+" for level in levels):
        return "+ stands for a whole level, alone between two /"
    return _text_problem(wanted)


def _text_problem(text: str) -> str:
    if not text:
        return "a topic has at least one character"
    if any(ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F for letter in text):
        return "a topic holds no control characters"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "a topic holds only characters that exist"
    if size > MAX_BYTES or text.count("/") >= MAX_LEVELS:
        return f"a topic has at most {MAX_BYTES} bytes and {MAX_LEVELS} levels"
    return ""


@lru_cache(maxsize=1024)
def _levels(wanted: str) -> tuple[str, ...]:
    return tuple(wanted.split("/"))


def matches(wanted: str, topic: str) -> bool:
    """Whether a filter takes a topic, as the standard says it.

    Example:
        >>> matches("lab/#", "lab"), matches("+/temp", "lab/temp"), matches("#", "$SYS/uptime")
        (True, True, False)
    """
    if topic.startswith("$") and wanted[:1] in {"+", "#"}:
        return False
    levels, parts = _levels(wanted), topic.split("/")
    for at, level in enumerate(levels):
        if level == "#":
            return True
        if at >= len(parts) or level not in {"+", parts[at]}:
            return False
    return len(levels) == len(parts)
