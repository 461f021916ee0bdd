"""The door to cryptography: published test vectors, lengths, public keys of low order, one frame at a time."""

from __future__ import annotations

import pytest
from pair import ManualClock

from wizhelper.protocol import secure
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.secure import ExchangeKey, Opener, RekeyLimits, Sealer, SigningKey

TRAFFIC = b"\x09" * 32


def _hex(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("salt", "info", "prk", "okm"),
    [
        (
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            "",
            "",
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ],
)
def test_hkdf_matches_rfc_5869_a1_and_a3(salt: str, info: str, prk: str, okm: str) -> None:
    key = secure.hkdf_extract(_hex(salt), b"\x0b" * 22)
    assert key == _hex(prk)
    assert secure.hkdf_expand(key, _hex(info)) == _hex(okm)


def test_x25519_matches_rfc_7748_6_1() -> None:
    alice = ExchangeKey(_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    bob = ExchangeKey(_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))

    assert alice.public == _hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert bob.public == _hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    shared = _hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    assert alice.shared_with(bob.public) == bob.shared_with(alice.public) == shared


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
            "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
            "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_ed25519_matches_rfc_8032_7_1(secret: str, public: str, message: str, signature: str) -> None:
    key = SigningKey(_hex(secret))
    assert key.public == _hex(public)
    assert key.sign(_hex(message)) == _hex(signature)
    secure.verify_signature(key.public, _hex(signature), _hex(message))


#: All encodings of points of low order on Curve25519 (RFC 7748, 6.1; cr.yp.to/ecdh.html).
LOW_ORDER = [
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_a_public_key_of_low_order_is_refused(point: str) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_HANDSHAKE"):
        ExchangeKey(b"\x11" * 32).shared_with(_hex(point))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(RemoteProtocolError):
        ExchangeKey(b"\x11" * 32).shared_with(bytes(length))
    for make in (ExchangeKey, SigningKey):
        with pytest.raises(LocalProtocolError, match="BAD_KEY"):
            make(bytes(length))
    with pytest.raises(LocalProtocolError, match="BAD_KEY"):
        secure.hkdf_expand(bytes(length), b"info")


@pytest.mark.parametrize("length", [0, 33])
def test_hkdf_gives_one_block_at_most(length: int) -> None:
    with pytest.raises(LocalProtocolError, match="BAD_KEY"):
        secure.hkdf_expand(TRAFFIC, b"info", length)


@pytest.mark.parametrize(("public", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (32, 64)])
def test_a_signature_that_does_not_fit_is_refused(public: int, signature: int) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_SIGNATURE"):
        secure.verify_signature(b"\x02" * public, bytes(signature), b"data")


def test_frames_open_once_and_in_order() -> None:
    sealer, opener = Sealer(TRAFFIC, lambda: 0.0), Opener(TRAFFIC)
    first, second = sealer.seal(Channel.SCREEN, b"1"), sealer.seal(Channel.INPUT, b"2")

    assert opener.open(first) == (Channel.SCREEN, b"1")
    with pytest.raises(RemoteProtocolError, match="out of order"):
        opener.open(first)
    assert opener.open(second) == (Channel.INPUT, b"2")


def test_every_bit_of_a_frame_is_protected() -> None:
    frame = Sealer(TRAFFIC, lambda: 0.0).seal(Channel.INPUT, b"key")
    for bit in range(8 * len(frame)):
        changed = bytearray(frame)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RemoteProtocolError, match="BAD_FRAME"):
            Opener(TRAFFIC).open(bytes(changed))


def test_the_key_changes_with_the_epoch_and_the_old_one_is_gone() -> None:
    sealer, opener = Sealer(TRAFFIC, lambda: 0.0), Opener(TRAFFIC)
    old = sealer.key
    opener.open(sealer.seal(Channel.CONTROL, b"\x02"))
    sealer.advance()

    frame = sealer.seal(Channel.SCREEN, b"new")

    assert sealer.key != old
    assert old not in vars(sealer).values()
    with pytest.raises(RemoteProtocolError):
        Opener(TRAFFIC).open(frame)
    opener.advance()
    assert opener.open(frame) == (Channel.SCREEN, b"new")


@pytest.mark.parametrize(
    ("limits", "bodies", "seconds"),
    [
        (RekeyLimits(frames=2), [b"a", b"a"], 0.0),
        (RekeyLimits(size_bytes=1000), [bytes(1000)], 0.0),
        (RekeyLimits(seconds=10), [], 10.0),
    ],
)
def test_a_new_key_is_due_exactly_at_the_limit(limits: RekeyLimits, bodies: list[bytes], seconds: float) -> None:
    clock = ManualClock()
    sealer = Sealer(TRAFFIC, clock, limits)

    for body in bodies:
        assert not sealer.due()
        sealer.seal(Channel.SCREEN, body)
    assert sealer.due() is (seconds == 0)
    clock.now = seconds
    assert sealer.due()
    sealer.advance()
    assert not sealer.due()
