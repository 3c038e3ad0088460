"""``browser``: a message on every page that is open, with a sound or on the desktop."""

from typing import ClassVar

from pydantic import Field

from ionpy_auto.alarms.channels import Kit, Letter, Target


class BrowserTarget(Target):
    """How pages show it."""

    sound: bool = Field(False, description="Pages play a sound, where a person allowed it.")
    desktop: bool = Field(False, description="Pages show it on the desktop, where allowed.")

    @property
    def shown(self) -> str:
        """What pages do."""
        words = [word for word in ("sound", "desktop") if getattr(self, word)]
        return "pages" + (f" with {' and '.join(words)}" if words else "")


class BrowserChannel:
    """Tells the pages; who has none open sees the alarm when they open one."""

    word: ClassVar[str] = "browser"
    target: ClassVar[type[Target]] = BrowserTarget

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def deliver(self, target: BrowserTarget, letter: Letter) -> None:
        """Publish an event ``notification``."""
        self._kit.tell(
            "notification",
            {
                "key": letter.key,
                "receiver": letter.receiver,
                "status": letter.status,
                "severity": letter.severity,
                "title": letter.title,
                "message": letter.message,
                "sound": target.sound,
                "desktop": target.desktop,
            },
        )
