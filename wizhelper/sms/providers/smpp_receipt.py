"""Delivery receipts of SMPP: what message they speak of, and what became of it.

Centres write them as text ("id:7 sub:001 dlvrd:001 submit date:… done date:… stat:DELIVRD err:000 text:…", appendix B of
the specification), as optional parameters, or both; the parameters count more. Their times name no zone, so the time of
arrival is the one that is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wizhelper.sms.gateway import DeliveryState
from wizhelper.sms.providers.smpp_codec import Delivered, Tag

_FIELD = re.compile(r"(?i)\b(id|stat|err):[ ]{0,2}([^\s]{1,80})")
STATES = {
    "DELIVRD": DeliveryState.DELIVERED,
    "EXPIRED": DeliveryState.FAILED,
    "DELETED": DeliveryState.FAILED,
    "UNDELIV": DeliveryState.FAILED,
    "REJECTD": DeliveryState.FAILED,
    "ACCEPTD": DeliveryState.SENT,
    "ENROUTE": DeliveryState.SENT,
    "UNKNOWN": DeliveryState.UNKNOWN,
}
#: Values of the parameter message_state (section 5.2.28).
NUMBERED = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """`message`: the centre's id of one part of a text. `code`: its word, with the network's error where there is one."""

    message: str
    state: DeliveryState
    code: str


def receipt(said: Delivered) -> Receipt | None:
    """None: it does not say which message, or what became of it."""
    # The first of each name: the text at the end may hold anything.
    found = reversed(_FIELD.findall(said.text.decode("latin-1")[:500]))
    fields = {name.lower(): value for name, value in found}
    message = said.options.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\x00").decode("latin-1") or fields.get("id", "")
    state = NUMBERED.get(int.from_bytes(said.options.get(Tag.MESSAGE_STATE, b"")), "") or fields.get("stat", "").upper()
    if not message or not state:
        return None
    error = fields.get("err", "").strip("0")
    code = f"{state} {fields['err']}" if error and state != "DELIVRD" else state
    return Receipt(message[:65], STATES.get(state, DeliveryState.UNKNOWN), code[:64])
