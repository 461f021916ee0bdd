"""Password hashes (argon2id), what makes a password weak, and generated passwords."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
MAX_LENGTH = 256
GENERATED_LENGTH = 16
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

#: OWASP ASVS 5.0: argon2id with t=2, 19 MiB, p=1 (29 ms on the reference machine).
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

#: Verified against when the account does not exist, so that the answer takes as long as for a wrong password.
DUMMY_HASH = _hasher.hash(secrets.token_hex(16))

_COMMON_STEMS = (
    "password",
    "passw0rd",
    "qwerty",
    "asdf",
    "zxcv",
    "1q2w3e4r",
    "12345678",
    "123456789",
    "1234567890",
    "11111111",
    "00000000",
    "abcd1234",
    "admin",
    "administrator",
    "welcome",
    "letmein",
    "iloveyou",
    "wizhelper",
    "manager",
    "operator",
    "test1234",
    "changeme",
    "secret",
    "korea",
    "seoul",
)


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def is_weak(password: str, *context: str) -> bool:
    """Too short, too long, one character repeated, a common word with a few digits, or the ID itself."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or len(set(password)) < 4:
        return True
    lowered = password.lower()
    stem = lowered.strip("0123456789!@#$%^&*.-_ ")
    return lowered in _COMMON_STEMS or stem in _COMMON_STEMS or lowered in {c.lower() for c in context if c}


def generate_password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))
