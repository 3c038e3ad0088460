"""One-time tokens by which a person confirms one dangerous write, and nothing else.

A dangerous write without a token is refused with a fresh one and a question; the same write with
that token, by the same person and within its life, goes through once. The server issues it, so a
page that forgets to ask cannot switch anything on.
"""

import secrets
from collections import OrderedDict

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict

TOKEN_LIFE_S = 30.0
MOST_TOKENS = 100

Subject = tuple[object, ...]
"""What is confirmed: device, entity, value and who asks."""


class Confirmations:
    """Issues and redeems tokens.

    Args:
        clock: Ends their life.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[Subject, float]] = OrderedDict()

    def require(self, subject: Subject, token: str, question: str) -> None:
        """Redeem ``token`` for ``subject``.

        Raises:
            Conflict: ``CONFIRMATION_REQUIRED`` with a fresh token: none was given, or it is used,
                too old or was issued for something else.
        """
        if token and self._redeemed(subject, token):
            return
        fresh = self._issue(subject)
        raise Conflict(
            question,
            code="CONFIRMATION_REQUIRED",
            hint=f"repeat the request with confirm={fresh} within {TOKEN_LIFE_S:g} s",
            args={"token": fresh, "expires_s": TOKEN_LIFE_S, "question": question},
        )

    def _redeemed(self, subject: Subject, token: str) -> bool:
        issued = self._open.pop(token, None)  # used or wrong: never a second time
        if issued is None:
            return False
        known, expires = issued
        same = len(known) == len(subject) and all(
            type(a) is type(b) and a == b for a, b in zip(known, subject, strict=True)
        )
        return same and self._clock.monotonic() <= expires

    def _issue(self, subject: Subject) -> str:
        token = secrets.token_urlsafe(16)
        self._open[token] = (subject, self._clock.monotonic() + TOKEN_LIFE_S)
        while len(self._open) > MOST_TOKENS:
            self._open.popitem(last=False)
        return token
