"""Signs an agent release on the machine that keeps the release key: the appliance never sees the key.

    release.py make-key FILE                      a new key; prints its public half, which goes into WIZHELPER_RELEASE_KEYS
    release.py hand-over --key OLD NEW_PUBLIC     prints the word of the old key for a new one, for --handover
    release.py sign --key FILE FOLDER             signs the programs in FOLDER as FOLDER/agent-release.json

Programs of agents that are to update themselves are frozen with WIZHELPER_RELEASE_KEYS="PUBLIC [NEXT_PUBLIC]".
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from wizhelper import __version__
from wizhelper.protocol import messages, update
from wizhelper.protocol.device import from_hex
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SigningKey

FILE = "agent-release.json"
#: The program serves as device agent, too. The archive for macOS is no program that could replace itself.
PROGRAMS = {
    "wizhelper-access-linux-x86_64": ("linux", "x86_64"),
    "wizhelper-access-linux-aarch64": ("linux", "arm64"),
    "wizhelper-access-windows-x86_64.exe": ("windows", "x86_64"),
}


def read_key(file: Path) -> SigningKey:
    return SigningKey(from_hex(file.read_text("ascii").strip(), KEY_BYTES, "the key file"))


def make_key(file: Path) -> str:
    secret = os.urandom(KEY_BYTES)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secret.hex() + "\n")
    return SigningKey(secret).public.hex()


def hand_over(key: Path, new: str) -> str:
    public = from_hex(new, KEY_BYTES, "the new public key")
    return messages.dump_json(asdict(update.hand_over(public, read_key(key)))).decode()


def sign(key: Path, folder: Path, version: str, handovers: list[str]) -> Path:
    programs = [_program(folder / name, *system) for name, system in PROGRAMS.items() if (folder / name).is_file()]
    manifest = update.make_manifest(version, datetime.now(UTC).replace(microsecond=0), programs)
    chain = [messages.load_dataclass(update.Handover, text, "--handover") for text in handovers]
    signed = update.sign_manifest(manifest, read_key(key), chain)
    (folder / FILE).write_bytes(messages.dump_json(asdict(signed)))
    return folder / FILE


def _program(file: Path, system: str, arch: str) -> update.ReleaseProgram:
    content = file.read_bytes()
    return update.ReleaseProgram(system, arch, len(content), hashlib.sha256(content).hexdigest())


def main() -> int:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("make-key").add_argument("file", type=Path)
    word = commands.add_parser("hand-over")
    word.add_argument("--key", type=Path, required=True)
    word.add_argument("new")
    signing = commands.add_parser("sign")
    signing.add_argument("--key", type=Path, required=True)
    signing.add_argument("--version", default=__version__)
    signing.add_argument("--handover", action="append", default=[], metavar="JSON")
    signing.add_argument("folder", type=Path)
    given = top.parse_args()
    try:
        match given.command:
            case "make-key":
                print(make_key(given.file))
            case "hand-over":
                print(hand_over(given.key, given.new))
            case _:
                print(sign(given.key, given.folder, given.version, given.handover))
    except (OSError, RemoteProtocolError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
