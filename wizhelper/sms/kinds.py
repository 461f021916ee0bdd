"""The registry of providers: what an administrator can choose from."""

from __future__ import annotations

from wizhelper.sms.gateway import GatewayKind
from wizhelper.sms.http_kind import HttpKind
from wizhelper.sms.providers.aligo import AligoKind
from wizhelper.sms.providers.gsm import GsmKind
from wizhelper.sms.providers.nhn import NhnKind
from wizhelper.sms.providers.sens import SensKind
from wizhelper.sms.providers.smpp import SmppKind
from wizhelper.sms.providers.solapi import SolapiKind
from wizhelper.sms.providers.twilio import TwilioKind
from wizhelper.sms.providers.vonage import VonageKind

KINDS: dict[str, GatewayKind] = {
    "http": HttpKind(),
    "solapi": SolapiKind(),
    "aligo": AligoKind(),
    "nhn": NhnKind(),
    "sens": SensKind(),
    "twilio": TwilioKind(),
    "vonage": VonageKind(),
    "smpp": SmppKind(),
    "gsm": GsmKind(),
}
