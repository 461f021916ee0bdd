"""What the site takes for a request and what it does not: hosts, origins, paths, bodies, headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from fakes import Answer, open_wire
from sqlalchemy import text
from world import World

from wizhelper.http.site import SECURITY_HEADERS

JSON_BOMB = b'{"company":' * 5000 + b"1" + b"}" * 5000


def _assert_safe(answer: Answer) -> None:
    for name, value in SECURITY_HEADERS.items():
        if name != "Cache-Control":
            assert answer.headers[name.lower()] == value
    assert "cache-control" in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert "server" not in answer.headers
    assert b"Traceback" not in answer.body and b"twisted" not in answer.body.lower()


# --- headers of every answer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/alpha", 200),
        ("GET", "/nobody", 404),
        ("GET", "/a/b/c", 404),
        ("GET", "/join", 404),
        ("GET", "/join/status", 404),
        ("GET", "/join/style.css", 200),
        ("GET", "/download", 200),
        ("GET", "/download/windows", 404),
        ("GET", "/download/linux", 200),
        ("GET", "/manager", 200),
        ("GET", "/manager/admin", 200),
        ("GET", "/manager/anything/else", 200),
        ("GET", "/static/assets/join.js", 200),
        ("GET", "/static/console.html", 404),
        ("GET", "/health", 200),
        ("GET", "/ca.pem", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/public/login", 200),
        ("HEAD", "/api/v1/public/login", 200),
        ("HEAD", "/", 200),
        ("GET", "/api/v1/me", 401),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/me", 405),
        ("TRACE", "/", 405),
        ("OPTIONS", "/api/v1/me", 405),
        ("POST", "/health", 404),
        ("GET", "/ws", 404),
        ("GET", "/ws/", 404),
        ("GET", "/ws/live", 400),
        ("GET", "/ws/live/more", 404),
        ("GET", "/%ff", 400),
        ("POST", "/api/v1/login", 400),
        ("POST", "/", 400),
    ],
)
def test_every_answer_carries_the_security_headers_and_says_nothing_of_what_runs_here(
    still_world: World, method: str, path: str, status: int
) -> None:
    """Security entry point E1."""
    answer = still_world.browser().request(method, path)
    assert answer.status == status
    _assert_safe(answer)


def test_an_unexpected_error_shows_nothing_of_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.db, "look", broken)
    answer = world.browser().api("GET", "/public/login")
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert "secret detail" not in answer.text
    _assert_safe(answer)


def test_each_page_of_the_apps_has_a_nonce_of_its_own(still_world: World) -> None:
    pages = [still_world.browser().get("/manager") for _ in range(2)]
    nonces = [re.search(r"script-src 'self' 'nonce-([^']+)'", p.headers["content-security-policy"]) for p in pages]
    assert nonces[0] and nonces[1] and nonces[0][1] != nonces[1][1]
    assert f'nonce="{nonces[0][1]}"' in pages[0].text


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("support.example", True),
        ("support.example:8443", True),
        ("SUPPORT.example:1", True),
        ("support.example.", True),
        ("127.0.0.1:8443", True),
        ("evil.example", False),
        ("support.example.evil.example", False),
        ("evil.example#support.example", False),
        ("support.example@evil.example", False),
        ("support.example:99999", False),
        ("support.example:", False),
        ("", False),
        (None, False),
        ("support.example, evil.example", False),
        ("[::1", False),
        (b"\xff", False),
        ("x" * 9000, False),
    ],
)
def test_only_the_names_of_this_server_are_answered(still_world: World, host: Any, ours: bool) -> None:
    """SYS-MULTIHOST. Security entry point E1: a foreign Host header must not get into links and connection files."""
    for path in ("/", "/api/v1/public/login", "/health", "/download/linux", "/manager"):
        answer = still_world.browser().request("GET", path, headers={"Host": host})
        if ours:
            assert answer.status == 200
        else:
            assert answer.code in ("WRONG_HOST", "BAD_REQUEST") and answer.status in (421, 400), path


def test_two_host_headers_are_no_host(still_world: World) -> None:
    data = b"GET / HTTP/1.1\r\nHost: support.example\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert still_world.browser().raw(data).status in (421, 400)


# --- other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://support.example:8443"},
        {"Origin": "https://support.example"},
        {"Origin": "https://support.example:8444"},
        {"Origin": "https://sub.support.example:8443"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "rubbish"},
        {"Origin": "https://support.example:8443", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_what_another_site_makes_a_browser_send_is_refused(world: World, headers: dict[str, str]) -> None:
    kim = world.logged_in("kim")
    answers = [
        kim.api("POST", "/sessions", {}, headers=headers),
        kim.api("POST", "/login", {"company": "alpha", "id": "kim", "password": "x"}, headers=headers),
        kim.form("/", {"number": "123456"}, **headers),
        kim.form("/join/consent", {"decision": "agree", "read": "yes"}, **headers),
    ]
    assert [a.status for a in answers] == [403] * 4
    assert world.db.look(lambda s: s.scalar(text("SELECT count(*) FROM support_sessions"))) == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://support.example:8443", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_own_pages_and_programs_are_taken(world: World, headers: dict[str, str]) -> None:
    assert world.logged_in("kim").api("POST", "/sessions", {}, headers=headers).status == 201


# --- paths ------------------------------------------------------------------------------------------------------------

SPELLINGS = [
    "{0}/",
    "{0}//",
    "/{0}",
    "//{0}",
    "{0};x",
    "{0};.css",
    "{0}%00",
    "{0}%00.css",
    "{0}%2f",
    "{0}%2F..%2f",
    "{0}.",
    "{0}..",
    "{0}/.",
    "{0}/..",
    "{0}/x/..",
    "{0}%20",
    "{0}%3fx",
    "{0}%23",
    "{0}\\",
    "{0}%5c",
    "{0}.json",
    "{0}~",
    "/x/..{0}",
    "/.{0}",
    "/%2e{0}",
    "/%2f{0}",
    "/;{0}",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_of_a_path_is_another_path(still_world: World, spelling: str) -> None:
    """ScreenConnect CVE-2024-1709: what is appended to a path must not change what it reaches."""
    kim, boss = still_world.logged_in("kim"), still_world.logged_in("boss")
    for path in ("/api/v1/me", "/api/v1/accounts", "/api/v1/openapi.json", "/health"):
        for browser in (kim, boss):
            answer = browser.get(spelling.format(path))
            assert answer.status in (400, 404), spelling.format(path)


@pytest.mark.parametrize(
    "path", ["/API/v1/me", "/api/V1/me", "/api/v1/Me", "/api/v1/ME", "/Health", "/aPi/v1/accounts"]
)
def test_paths_have_one_case(still_world: World, path: str) -> None:
    assert still_world.logged_in("boss").get(path).status == 404


@pytest.mark.parametrize("path", ["/api%2fv1%2fme", "/api/v1%2fme", "/api%2Fv1/me", "//api/v1/me", "/manager%2fadmin"])
def test_a_slash_is_written_as_a_slash_and_once(still_world: World, path: str) -> None:
    assert still_world.logged_in("kim").get(path).code == "NOT_FOUND"


@pytest.mark.parametrize(
    "stem",
    ["setup", "SetupWizard.aspx", "install", "manager/setup", "api/v1/setup", "api/v1/init", "api/v1/admin/init"],
)
def test_there_is_no_way_to_set_the_appliance_up_over_http(still_world: World, stem: str) -> None:
    """ScreenConnect CVE-2024-1709: accounts are made by command only; nothing an unknown person sends changes them."""
    before = still_world.db.look(lambda s: s.execute(text("SELECT id, login_id, role, status FROM accounts")).all())
    form = {"company": "new", "admin": "evil", "id": "evil", "password": "tr0mbone-under-Water", "role": "admin"}
    for spelling in ["{0}", *SPELLINGS]:
        for method in ("GET", "POST", "PUT"):
            answer = still_world.browser().request(
                method, spelling.format("/" + stem), form if method != "GET" else None
            )
            page_of_console = stem.startswith("manager") and method == "GET" and answer.status == 200
            assert answer.status in (400, 404, 405) or page_of_console, spelling.format(stem)
    assert (
        still_world.db.look(lambda s: s.execute(text("SELECT id, login_id, role, status FROM accounts")).all())
        == before
    )


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "assets/../console.html", "", "."],
)
def test_static_files_are_those_that_were_built_and_no_others(still_world: World, name: str) -> None:
    assert still_world.browser().get("/static/" + name).status == 404


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "9" * 30, "1e3", "%D9%A1", "0x1"])
def test_a_number_that_no_row_can_have_is_no_path(still_world: World, number: str) -> None:
    answer = still_world.logged_in("boss").request(
        "PATCH", f"/api/v1/accounts/{number}".encode(), {"display_name": "x"}
    )
    assert answer.status == 404


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"1", 400),
        (b'"x"', 400),
        (b"\xff\xfe", 400),
        (b'{"company":"a","company":"b","id":"k","password":"p"}', 400),
        (b'{"company":"a","id":"k","password":NaN}', 400),
        (b'{"company":"a","id":"k","password":1e999}', 400),
        (b'{"company":"a","id":"k","password":' + b"9" * 5000 + b"}", 400),
        (b'{"company":"a","id":"k"}', 400),
        (b'{"company":"a","id":"k","password":"p","role":"admin"}', 400),
        (b'{"company":"a","id":"k","password":true}', 400),
        (b'{"company":["a"],"id":"k","password":"p"}', 400),
        (b'{"company":"a\\u0000","id":"k","password":"p"}', 400),
        (b'{"company":"\\ud800","id":"k","password":"p"}', 400),
        (b'{"company":"' + b"a" * 65 + b'","id":"k","password":"p"}', 400),
        (b"[" * 30_000 + b"]" * 30_000, 400),
        (JSON_BOMB, 400),
        (b'{"company":"' + b"a" * 70_000 + b'"}', 413),
    ],
    ids=lambda x: repr(x)[:40],
)
def test_a_body_that_is_not_exactly_what_the_route_takes_is_refused(world: World, data: bytes, status: int) -> None:
    """BeyondTrust CVE-2026-1731: one strict decoder for all that comes in before a login."""
    answer = world.browser().api("POST", "/login", data=data)
    assert answer.status == status
    assert answer.code in ("BAD_REQUEST", "INVALID_FIELDS", "TOO_LARGE")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]
)
def test_a_form_of_another_site_is_no_json(still_world: World, kind: str | None) -> None:
    data = b'{"company":"alpha","id":"kim","password":"p"}'
    answer = still_world.browser().api("POST", "/login", data=data, headers={"Content-Type": kind})
    assert answer.status == 400 and answer.code in ("BAD_REQUEST", "")


def test_a_body_of_megabytes_is_cut_off_before_it_is_stored(still_world: World) -> None:
    announced = open_wire(still_world.site, "203.0.113.5")
    announced.receive(b"POST /api/v1/login HTTP/1.1\r\nHost: support.example\r\nContent-Length: 9000000000\r\n\r\n")
    assert announced.disconnecting
    chunked = open_wire(still_world.site, "203.0.113.5")
    chunked.receive(b"POST /api/v1/login HTTP/1.1\r\nHost: support.example\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(20):
        if not chunked.disconnecting:
            chunked.receive(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert chunked.disconnecting


@pytest.mark.parametrize(
    "name", ["Accept-Language", "User-Agent", "Cookie", "Authorization", "Origin", "Sec-Fetch-Site"]
)
@pytest.mark.parametrize("value", [b"\xff\xfe", b"x" * 9000, b"\x00", "한글".encode()])
def test_no_header_of_a_request_makes_the_server_fail(still_world: World, name: str, value: bytes) -> None:
    for path, method, body in (
        ("/", "GET", None),
        ("/api/v1/public/login", "GET", None),
        ("/api/v1/login", "POST", {}),
    ):
        answer = still_world.browser().request(method, path, body, headers={name: value})
        assert answer.status < 500, path


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-14:00",
        "from=2026-13-01",
        "from=x",
        "page=0",
        "page=-1",
        "size=201",
        "size=x",
        "page=" + "9" * 4000,
        "q=%00",
        "q=%ff",
        "&".join(f"a{i}=1" for i in range(50)),
    ],
    ids=lambda q: q[:30],
)
def test_a_query_that_makes_no_sense_is_refused(still_world: World, query: str) -> None:
    answer = still_world.logged_in("boss").api("GET", f"/records?{query}")
    assert (answer.status, answer.code) in ((400, "INVALID_FIELDS"), (400, "BAD_REQUEST"))


def test_a_time_outside_the_calendar_is_refused(still_world: World) -> None:
    form = {"title": "t", "body": "", "audience": "login", "from_at": "0001-01-01T00:00:00+14:00"}
    assert still_world.logged_in("boss").api("POST", "/notices", form).code == "INVALID_FIELDS"


def test_records_are_found_by_korean_text(world: World) -> None:
    """ADM-REC-WORK."""
    kim = world.logged_in("kim")
    number = kim.api("POST", "/sessions", {}).json["number"]
    host = {"host_name": "회계팀-PC", "user_name": "홍길동", "os": "windows", "os_version": "11"}
    world.browser().api("POST", "/join", {"number": number, "host": host})
    found = [kim.api("GET", f"/records?q={quote(q)}").json["total"] for q in ("회계", "길동", "없음")]
    assert found == [1, 1, 0]


def test_searching_takes_the_wildcards_of_sql_literally(world: World) -> None:
    kim = world.logged_in("kim")
    kim.api("POST", "/sessions", {})
    totals = [kim.api("GET", f"/records?q={q}").json["total"] for q in ("%25", "_", "%27%20OR%201=1--", "")]
    assert totals == [0, 0, 0, 1]


# --- languages and errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "word"), [("en-GB,ko;q=0.5", "logged"), ("ko", "로그인"), ("de, fr", "로그인"), (None, "로그인")]
)
def test_errors_come_in_the_language_of_the_browser(still_world: World, header: str | None, word: str) -> None:
    answer = still_world.browser().api("GET", "/me", headers={"Accept-Language": header})
    error = answer.json["error"]
    assert word in error["message"]
    assert set(error) == {"code", "message", "next_step", "details", "fields"} and error["next_step"]


def test_a_busy_and_a_full_store_are_told_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from wizhelper.store.database import StoreBusy, StoreFull

    for problem, status, code in ((StoreBusy, 503, "STORE_BUSY"), (StoreFull, 507, "STORE_FULL")):

        def refuse(*_: Any, problem: type[Exception] = problem) -> Any:
            raise problem("x")

        with monkeypatch.context() as patch:
            patch.setattr(world.db, "look", refuse)
            answer = world.browser().api("GET", "/public/login")
        assert (answer.status, answer.code) == (status, code)


def test_over_plain_http_the_cookie_has_no_prefix_that_browsers_would_refuse(make_world: Any) -> None:
    """--http stands behind a proxy on the same machine."""
    world = make_world(secure=False)
    from world import PASSWORD

    answer = world.browser().api("POST", "/login", {"company": "alpha", "id": "kim", "password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("wizhelper=")
    assert "Secure" not in answer.headers["set-cookie"] and "HttpOnly" in answer.headers["set-cookie"]
