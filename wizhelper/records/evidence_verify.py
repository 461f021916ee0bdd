"""Checks an evidence pack of WizHelper. Needs Python 3.9 or newer and nothing else; run it in the unpacked folder:

    python verify.py [--key HEX]

It checks that every file is the one that was packed, that the appliance's key signed the list of files, that the session's
events are an unbroken chain, that each event has its line in the audit chain, and that the hashes of recordings are those of
the events. --key: the fingerprint of the appliance's evidence key, as the audit page shows it; without it, only the pack's
own key is checked. Exit code 0: whole; 1: not.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
GENESIS = "0" * 64

Point = tuple[int, int, int, int]
"""X, Y, Z, T of the curve edwards25519: x = X/Z, y = Y/Z, xy = T/Z."""


class Broken(Exception):
    """Says what is wrong with the pack."""


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, p: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, p)
        p = add(p, p)
        number >>= 1
    return total


def point(data: bytes) -> Point | None:
    """Of its 32 bytes; None if there is no such point."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key: bytes, signature: bytes, data: bytes) -> bool:
    """Ed25519 (RFC 8032)."""
    a, r = (point(key), point(signature[:32])) if len(key) == 32 and len(signature) == 64 else (None, None)
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or BASE is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + data).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def read(folder: str, name: str) -> bytes:
    try:
        return (Path(folder) / name).read_bytes()
    except OSError:
        raise Broken(name + " is missing") from None


def fingerprint(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def check_files(folder: str, known: str | None) -> Any:
    """-> the manifest. `known`: fingerprint of the appliance's key."""
    text = read(folder, "manifest.json")
    signature = json.loads(read(folder, "manifest.sig"))
    key = bytes.fromhex(signature["key"])
    if not signed(key, bytes.fromhex(signature["signature"]), text):
        raise Broken("the signature is wrong")
    if known is not None and fingerprint(key) != known:
        raise Broken("signed with another key: " + fingerprint(key))
    manifest = json.loads(text)
    for name, digest in manifest["files"].items():
        if hashlib.sha256(read(folder, name)).hexdigest() != digest:
            raise Broken(name + " was changed")
    return manifest


def event_hash(session: str, event: Any, prev: str) -> str:
    fields = [session, event["seq"], event["at"], event["actor"], event["type"], sorted(event["data"].items()), prev]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_events(session: str, events: list[Any]) -> None:
    prev = GENESIS
    for seq, event in enumerate(events, 1):
        if event["seq"] != seq or event["prev_hash"] != prev or event["hash"] != event_hash(session, event, prev):
            raise Broken(f"event {seq} was changed")
        prev = event["hash"]


def check_lines(session: str, events: list[Any], lines: list[Any]) -> None:
    """Each line's hash covers its text and the hash of the line before; each event is in a line."""
    hashes = {}
    for line in lines:
        text = line["prev_hash"] + "\n" + line["body"]
        fields = json.loads(line["body"])
        if hashlib.sha256(text.encode()).hexdigest() != line["hash"] or fields[0] != line["seq"]:
            raise Broken(f"audit line {line['seq']} was changed")
        if fields[5].get("session") == session and "hash" in fields[5]:
            hashes[fields[5]["seq"]] = fields[5]["hash"]
    for event in events:
        if hashes.get(event["seq"]) != event["hash"]:
            raise Broken(f"event {event['seq']} is not in the audit chain")


def check_recordings(recordings: list[Any], events: list[Any]) -> None:
    """The hashes of each recording's parts give the head of its chain, and an event names that head."""
    named = {(e["data"].get("recording"), e["data"].get("head")) for e in events if e["type"].startswith("recording_")}
    for one in recordings:
        start = b"WizHelper recording 1" + bytes.fromhex(one["id"].replace("-", "")) + bytes.fromhex(one["sealed"])
        head = hashlib.sha256(start).digest()
        for number, digest in enumerate(one["chunks"], 1):
            head = hashlib.sha256(head + number.to_bytes(4, "big") + bytes.fromhex(digest)).digest()
        if head.hex() != one["head"]:
            raise Broken(f"recording {one['id']} was changed")
        if one["state"] != "open" and (one["id"], one["head"]) not in named:
            raise Broken(f"recording {one['id']} is in no event")


def check(folder: str, known: str | None) -> str:
    """-> what to tell. Raises Broken."""
    manifest = check_files(folder, known)
    events, lines = json.loads(read(folder, "events.json")), json.loads(read(folder, "audit.json"))
    check_events(manifest["session"], events)
    check_lines(manifest["session"], events, lines)
    check_recordings(json.loads(read(folder, "recordings.json")), events)
    key = fingerprint(bytes.fromhex(json.loads(read(folder, "manifest.sig"))["key"]))
    said = f"OK: {len(manifest['files'])} files, {len(events)} events, {len(lines)} audit lines"
    return f"{said}\nsession: {manifest['session']}\nchain head: {manifest['chain_head']}\nkey: {key}"


def main(arguments: list[str]) -> int:
    known = arguments[1].lower() if len(arguments) == 2 and arguments[0] == "--key" else None
    if arguments and known is None:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    try:
        sys.stdout.write(check(str(Path(__file__).resolve().parent), known) + "\n")
    except (Broken, ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        said = str(problem) if isinstance(problem, Broken) else f"unreadable: {problem!r}"
        sys.stdout.write(f"NOT WHOLE: {said}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
