"""Names of the server and origins of its pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.http.hosts import Hosts

HOSTS = Hosts(["support.example", "*.firm.example", "2001:db8::1", "192.0.2.7"])


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("support.example", True),
        ("a.firm.example", True),
        ("a.b.firm.example", False),
        ("firm.example", False),
        (".firm.example", True),
        ("[2001:db8::1]:8443", True),
        ("[2001:0db8:0:0:0:0:0:1]", True),
        ("192.0.2.7:1", True),
        ("3221225991", False),
        ("0300.0.2.7", False),
        (None, False),
    ],
)
def test_a_name_is_ours_if_it_is_configured_and_a_star_stands_for_one_label(header: str | None, ours: bool) -> None:
    assert HOSTS.allows(header) is ours


@given(st.text())
def test_no_text_makes_the_check_fail(text: str) -> None:
    assert HOSTS.allows(text) in (True, False)
    assert not HOSTS.same_origin(text, "evil.example", True)


@pytest.mark.parametrize(
    "origin",
    [None, "", "null", "https://", "support.example", "https://support.example/", "https://support.example:443"],
)
def test_an_origin_is_exactly_the_scheme_and_the_host_of_the_request(origin: str | None) -> None:
    assert not HOSTS.same_origin(origin, "support.example", True)
    assert HOSTS.same_origin("https://SUPPORT.example", "support.example", True)
    assert not HOSTS.same_origin("https://support.example", "support.example", False)
