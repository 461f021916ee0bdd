"""The policy of unattended access that a device is told, as one signed text."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from sqlalchemy.orm import Session

from wizhelper.devices import access, rules
from wizhelper.devices.model import Device
from wizhelper.protocol import messages
from wizhelper.protocol.device import DevicePolicy


def policy_of(db: Session, device: Device) -> DevicePolicy:
    """What the device is told. The serial grows with each change, so that it never takes an older policy."""
    approval, answer_s = rules.effective(db, device)
    found = DevicePolicy(device.id, 0, approval, answer_s, access.rules_of(db, device))
    digest = hashlib.sha256(messages.dump_json(asdict(found))).hexdigest()
    if device.policy_digest != digest:
        device.policy_digest = digest
        device.policy_serial += 1
    return DevicePolicy(device.id, device.policy_serial, approval, answer_s, found.access)
