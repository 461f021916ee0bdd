"""The limiter of connection numbers (security: entry point E2)."""

from __future__ import annotations

from collections.abc import Callable

from wizhelper.http.errors import ApiError
from wizhelper.relay.limits import HOUR, MINUTE, Budget, Window, address_key
from wizhelper.support.rules import ATTACK_DIGITS


class NumberGuard:
    """Wrong numbers: 5 in 10 minutes and 20 an hour per address; 30 in 10 minutes on the whole appliance.

    Beyond the last, new numbers are longer and only such long numbers are still looked up: guessing then finds nothing,
    and a customer whose operator makes a new number still gets in.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._address = Budget(clock, Window(5, 10 * MINUTE), Window(20, HOUR))
        self._all = Budget(clock, Window(30, 10 * MINUTE), max_keys=1)

    @property
    def under_attack(self) -> bool:
        return self._all.wait_s("") > 0

    def check(self, address: str, number: str) -> None:
        """Counts the try as wrong until `take_back`. Raises ApiError("TOO_MANY_TRIES")."""
        wait = self._address.wait_s(address_key(address))
        if self.under_attack and len(number) < ATTACK_DIGITS:
            wait = max(wait, self._all.wait_s(""))
        if wait > 0:
            raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(wait) + 1})

        self._address.spend(address_key(address))
        self._all.spend("")

    def take_back(self, address: str) -> None:
        """The number was right, or could not be judged."""
        self._address.take_back(address_key(address))
        self._all.take_back("")
