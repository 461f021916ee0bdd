"""The wire is what the vector files say, and what was published of WH1."""

from __future__ import annotations

import json
from pathlib import Path

import make_vectors
import pytest

from wizhelper.protocol import control, frames, input, screen
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.handshake import AgentHandshake, ConsoleHandshake, SessionKeys
from wizhelper.protocol.secure import Sealer

VECTORS = make_vectors.VECTORS
NAMES = sorted(file.name for file in VECTORS.glob("*.json"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_vectors, "VECTORS", folder)
        make_vectors.main()
    return folder


def test_no_vector_file_is_missing_or_left_over(made: Path) -> None:
    assert sorted(file.name for file in made.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_file_is_what_the_code_makes_now(made: Path, name: str) -> None:
    assert (VECTORS / name).read_text() == (made / name).read_text()


def _published_handshake() -> tuple[ConsoleHandshake, SessionKeys]:
    console = ConsoleHandshake(b"\x07" * 16, None, make_vectors.fixed(3, 4))
    agent = AgentHandshake(b"\x07" * 16, None, make_vectors.fixed(1, 2))
    m3, keys = console.receive_m2(agent.receive_m1(console.m1))
    assert agent.receive_m3(m3) == keys
    return console, keys


def test_the_published_handshake_vector_holds() -> None:
    console, keys = _published_handshake()

    assert console.m1[2:].hex().startswith("3ad90834")
    assert keys.th.hex() == "4c9e17d688e0962d873887de68a2bcab410f91b1e061a6cd76fe715d92e4140b"
    assert keys.sas == "948977"
    assert keys.a2o.hex() == "00529aad34c196853dafa82dca89d4b8e46b311b9ad4626a83c6b8375d7147ce"
    assert keys.o2a.hex() == "d91baf61eb9744afddaaf889f0b9dba917e631a85227c8c15161498970190354"


def test_the_published_first_frame_holds() -> None:
    _, keys = _published_handshake()
    frame = Sealer(keys.a2o, lambda: 0.0).seal(Channel.SCREEN, b"hello" * 5)
    assert frame.hex() == (
        "010100000000000000000000000068623d1b4196797369a7edd5addaf17a909ecf383e086f646307674b06df0168f7790e73be6d5bbcd4"
    )


def _vector(name: str) -> object:
    return json.loads((VECTORS / name).read_text())


def test_every_good_vector_decodes_to_its_own_bytes() -> None:
    data: dict[str, dict[str, list[dict[str, str]]]] = {n: _vector(f"{n}.json") for n in ("input", "control", "screen")}  # type: ignore[misc]

    for sample in data["input"]["good"]:
        assert input.encode(input.decode(bytes.fromhex(sample["body"]))).hex() == sample["body"]
    for sample in data["control"]["messages"]:
        assert control.encode(control.decode(bytes.fromhex(sample["body"]))).hex() == sample["body"]
    for sample in data["screen"]["viewer"]:
        assert screen.encode_viewer(screen.decode_viewer(bytes.fromhex(sample["body"]))).hex() == sample["body"]


def test_every_bad_vector_is_refused() -> None:
    data: dict[str, dict[str, list[str]]] = {n: _vector(f"{n}.json") for n in ("input", "control", "screen")}  # type: ignore[misc]
    cases = [
        (input.decode, data["input"]["bad"]),
        (control.decode, data["control"]["bad"]),
        (screen.decode_update, data["screen"]["bad_updates"]),
    ]

    for decode, bodies in cases:
        for body in bodies:
            with pytest.raises(RemoteProtocolError):
                decode(bytes.fromhex(body))


def test_padding_vectors_go_both_ways() -> None:
    samples: list[dict[str, str]] = _vector("padding.json")  # type: ignore[assignment]
    for sample in samples:
        channel, body = Channel(int(sample["channel"])), bytes.fromhex(sample["body"])
        assert frames.pad(channel, body).hex() == sample["plaintext"]
        assert frames.unpad(channel, bytes.fromhex(sample["plaintext"])) == body
