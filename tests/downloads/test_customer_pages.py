"""The customer's way without JavaScript: number or operator, consent, download, status; in both languages."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from fakes import Answer, Browser
from world import PROGRAM, World

from wizhelper.downloads import packages, programs
from wizhelper.downloads.programs import SIDECAR, Program
from wizhelper.downloads.texts import EN, KO, status_key
from wizhelper.settings.right_words import RIGHT_WORDS
from wizhelper.support.states import State

HOST = {"host_name": "PC", "user_name": "u", "os": "windows", "os_version": "11"}
LANGUAGES = {"ko": KO, "en": EN}
LINUX = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156"
POLYGLOT = "'\"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}${7*7}\u202e"


def _number(world: World, company: str = "alpha") -> str:
    found: str = world.logged_in("kim", company).api("POST", "/sessions", {}).json["number"]
    return found


def _text_id(page: Answer) -> str:
    found = re.search(r'name="text" value="(\d+)"', page.text)
    assert found
    return found[1]


def _entered(world: World, number: str, path: str = "/", **headers: str) -> tuple[Browser, Answer]:
    """A customer who has typed his number, and the page he is sent to."""
    browser = world.browser()
    answer = browser.form(path, {"number": number, "next": "1"}, **headers)
    assert (answer.status, answer.headers["location"]) == (303, "/join")
    return browser, browser.get("/join", **headers)


def _agreed(world: World, number: str, **headers: str) -> tuple[Browser, Answer]:
    browser, page = _entered(world, number, **headers)
    browser.form("/join/consent", {"decision": "agree", "read": "yes", "text": _text_id(page)})
    return browser, browser.get("/join", **headers)


# --- words ------------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_texts_with_the_same_places_to_fill() -> None:
    assert KO.keys() == EN.keys()
    for key in KO:
        assert KO[key] and EN[key]
        assert set(re.findall(r"{\w+}", KO[key])) == set(re.findall(r"{\w+}", EN[key])), key


def test_every_state_has_a_sentence() -> None:
    assert all(status_key(state) in KO for state in State)


# --- entry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/", "/alpha", "/ALPHA"])
def test_the_base_page_and_the_page_of_a_company_ask_for_the_number(world: World, path: str, language: str) -> None:
    """CUST-URL, CUST-NUM, CUST-LINKS."""
    page = world.browser().request("GET", path, headers={"Accept-Language": language})
    words = LANGUAGES[language]
    assert page.status == 200 and f'<html lang="{language}">' in page.text
    assert words["number_label"] in page.text and words["warning"] in page.text and words["access_program"] in page.text
    assert 'href="/download"' in page.text and '<form method="post"' in page.text
    assert ("Company ALPHA" in page.text) == (path != "/")


def test_the_language_can_be_chosen_whatever_the_browser_says(world: World) -> None:
    page = world.browser().request("GET", "/?lang=en", headers={"Accept-Language": "ko"})
    assert EN["number_label"] in page.text


def test_the_page_of_an_unknown_company_names_nothing_of_others(world: World) -> None:
    """Security entry point E1: no list of companies."""
    page = world.browser().get("/gamma")
    assert page.status == 404
    assert "ALPHA" not in page.text and "BETA" not in page.text


@pytest.mark.parametrize(
    ("mode", "number", "operators"), [("number", True, False), ("pick", False, True), ("both", True, True)]
)
def test_a_company_chooses_how_its_customers_begin(world: World, mode: str, number: bool, operators: bool) -> None:
    """CUST-MODE, ADM-MODE."""
    world.set_company(page_mode=mode)
    _number(world)
    page = world.browser().get("/alpha")
    assert ('name="number"' in page.text) is number
    assert ('name="operator"' in page.text and "Kim alpha" in page.text) is operators


def test_operators_are_picked_by_name_and_only_those_who_wait(world: World) -> None:
    """CUST-PICK, CUST-GUIDE."""
    world.set_company(page_mode="pick")
    assert html.escape(KO["pick_none"]) in world.browser().get("/alpha").text
    _number(world)
    _number(world, "beta")
    page = world.browser().get("/alpha").text
    assert re.findall(r'name="operator" value="(\d+)"', page) == [str(world.account("kim"))]
    browser = world.browser()
    answer = browser.form("/alpha", {"operator": str(world.account("kim"))})
    assert answer.headers["location"] == "/join"
    assert "Kim alpha" in browser.get("/join").text


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/alpha", {"operator": "1"}, 403),
        ("/pickers", {"operator": "999"}, 409),
        ("/pickers", {"operator": "²"}, 409),
        ("/pickers", {"operator": "9" * 40}, 409),
        ("/pickers", {"operator": "-1"}, 409),
        ("/pickers", {"number": "123456"}, 403),
        ("/", {"operator": "1"}, 400),
    ],
)
def test_a_way_that_is_not_offered_cannot_be_taken(world: World, path: str, form: dict[str, str], status: int) -> None:
    """CUST-MODE."""
    world.set_company("beta", code="pickers", page_mode="pick")
    assert world.browser().form(path, form).status == status


@pytest.mark.parametrize("spelling", ["{a}{b}", " {a} {b} ", "{a}-{b}", "{a}.{b}", "{a} - {b}"])
def test_a_number_may_be_written_as_it_is_read_aloud(world: World, spelling: str) -> None:
    """CUST-NUM."""
    number = _number(world)
    _entered(world, spelling.format(a=number[:3], b=number[3:]))


@pytest.mark.parametrize(
    "number",
    [
        "",
        "abc",
        "123",
        "1234567890",
        "12345a",
        "１２３４５６",
        "١٢٣٤٥٦",
        POLYGLOT,
        "1e5",
        "0x1234",
        "9" * 5000,
        "' OR 1=1",
    ],
)
@pytest.mark.parametrize("path", ["/", "/alpha"])
def test_what_is_no_number_is_refused_with_what_to_do_and_never_shown_raw(world: World, number: str, path: str) -> None:
    page = world.browser().form(path, {"number": number})
    assert page.status == 400
    assert "NUMBER_FORMAT" in page.text and "4~9" in page.text
    assert "<script>alert" not in page.text and "<img" not in page.text


def test_the_page_of_one_company_does_not_open_the_numbers_of_another(world: World) -> None:
    number = _number(world, "beta")
    page = world.browser().form("/alpha", {"number": number})
    assert page.status == 404 and "NUMBER_UNKNOWN" in page.text
    _entered(world, number, "/beta")


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_consent_is_read_in_the_language_of_the_customer_and_not_ticked_for_him(
    world: World, language: str
) -> None:
    """CUST-CONSENT."""
    _, page = _entered(world, _number(world), **{"Accept-Language": language})
    words = LANGUAGES[language]
    assert words["consent_title"] in page.text
    assert "Company ALPHA" in page.text and "Kim alpha" in page.text
    assert ("은행" if language == "ko" else "banks") in page.text or words["warning"] in page.text
    assert 'type="checkbox"' in page.text and "checked" not in page.text
    assert "/download/" not in page.text


def test_agreeing_without_the_tick_asks_again(world: World) -> None:
    """CUST-CONSENT."""
    browser, page = _entered(world, _number(world))
    again = browser.form("/join/consent", {"decision": "agree", "text": _text_id(page)})
    assert html.escape(KO["tick_first"]) in again.text and "/download/" not in again.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_not_agreeing_stops_the_flow(world: World, language: str) -> None:
    """CUST-CONSENT."""
    headers = {"Accept-Language": language}
    browser, page = _entered(world, _number(world), **headers)
    browser.form("/join/consent", {"decision": "refuse", "text": _text_id(page)})
    after = browser.get("/join", **headers)
    assert LANGUAGES[language]["status_REFUSED"] in after.text and "/download/" not in after.text
    assert browser.get("/join/status").json["done"] is True


def test_before_the_consent_a_download_carries_no_token(world: World) -> None:
    """CUST-DL: only after consent."""
    browser, _ = _entered(world, _number(world))
    assert _unpacked(browser.get("/download/linux"))[1]["token"] is None


def test_a_consent_without_a_number_is_refused(world: World) -> None:
    answer = world.browser().form("/join/consent", {"decision": "agree", "read": "yes", "text": "1"})
    assert answer.status == 404


@pytest.mark.parametrize("text", ["", "999", "²", "-1", "9" * 100, "1 OR 1=1"])
def test_a_consent_to_a_text_that_does_not_exist_is_refused(world: World, text: str) -> None:
    browser, _ = _entered(world, _number(world))
    answer = browser.form("/join/consent", {"decision": "agree", "read": "yes", "text": text})
    assert answer.status == 409 and "CONSENT_VERSION" in answer.text
    assert browser.get("/join/status").json["state"] == "JOINING"


# --- download ---------------------------------------------------------------------------------------------------------


def _unpacked(answer: Answer) -> tuple[bytes, dict[str, Any]]:
    """-> the program's bytes, the connection file."""
    assert answer.status == 200 and answer.headers["content-type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as archive:
        members = {m.name: m for m in archive.getmembers()}
        assert set(members) == {SIDECAR, "wizhelper-access-linux-x86_64"}
        assert members["wizhelper-access-linux-x86_64"].mode == 0o755 and members[SIDECAR].mode == 0o600
        files = {n: archive.extractfile(m).read() for n, m in members.items()}  # type: ignore[union-attr]
    return files["wizhelper-access-linux-x86_64"], json.loads(files[SIDECAR])


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_consent_the_page_offers_the_program_of_the_customers_system(world: World, language: str) -> None:
    """CUST-DL, CUST-OS."""
    browser, page = _agreed(world, _number(world), **{"User-Agent": LINUX, "Accept-Language": language})
    assert LANGUAGES[language]["download_title"] in page.text
    assert 'href="/download/linux"' in page.text
    on_windows = browser.get("/join", User_Agent=WINDOWS, Accept_Language=language)
    assert LANGUAGES[language]["no_program"].format(os="Windows") in html.unescape(on_windows.text)


@pytest.mark.parametrize("system", ["Linux; Android 14", "iPhone; CPU iPhone OS 18_0 like Mac OS X"])
def test_a_phone_is_told_that_it_is_not_supported_yet(world: World, system: str) -> None:
    _, page = _agreed(
        world, _number(world), **{"User-Agent": f"Mozilla/5.0 ({system}) Mobile", "Accept-Language": "ko"}
    )
    assert KO["phone"] in html.unescape(page.text)
    assert KO["download_help"] not in html.unescape(page.text)


def test_the_download_is_the_untouched_program_and_beside_it_the_way_to_this_session(world: World) -> None:
    """CUST-RUN: no second entry of the number."""
    browser, _ = _agreed(world, _number(world))
    program, connection = _unpacked(browser.get("/download/linux"))
    assert program == PROGRAM
    assert connection["server"] == "https://support.example:8443"
    assert connection["ca"].startswith("-----BEGIN CERTIFICATE-----")
    host = {"host_name": "PC", "user_name": "u", "os": "linux", "os_version": "12"}
    joined = world.browser().api("POST", "/join/token", {"token": connection["token"], "host": host})
    assert joined.status == 200 and joined.json["consent"] is None
    agent = world.socket("/ws/agent")
    agent.send({"type": "auth", "session": joined.json["session"], "secret": joined.json["secret"], "version": "1"})
    assert KO["status_ACTIVE"] in browser.get("/join", Accept_Language="ko").text


def test_without_a_session_the_download_carries_no_token(world: World) -> None:
    """CUST-LINKS: the access program for anybody."""
    program, connection = _unpacked(world.browser().get("/download/linux"))
    assert program == PROGRAM and connection["token"] is None


@pytest.mark.parametrize("host", ["127.0.0.1:8443", "support.example"])
def test_the_connection_file_names_the_server_as_the_customer_called_it(world: World, host: str) -> None:
    browser = world.browser()
    browser.host = host
    assert _unpacked(browser.get("/download/linux"))[1]["server"] == f"https://{host}"


def test_who_entered_a_number_first_answers_for_nobody_who_enters_it_again(world: World) -> None:
    """Neither the earlier page nor the program downloaded from it acts for the later entry."""
    number = _number(world)
    first, _ = _agreed(world, number)
    token = _unpacked(first.get("/download/linux"))[1]["token"]
    world.time.advance(1)
    second, page = _entered(world, number)
    answer = first.form("/join/consent", {"decision": "agree", "read": "yes", "text": _text_id(page)})
    assert answer.status == 409 and "JOIN_REPLACED" in answer.text
    assert second.get("/join/status").json["state"] == "JOINING"
    assert "JOIN_REPLACED" in first.get("/join").text
    assert _unpacked(first.get("/download/linux"))[1]["token"] is None
    host = {"host_name": "PC", "user_name": "u", "os": "linux", "os_version": "12"}
    refused = world.browser().api("POST", "/join/token", {"token": token, "host": host})
    assert (refused.status, refused.code) == (409, "JOIN_REPLACED")


def test_the_token_of_a_download_opens_nothing_after_ten_minutes(world: World) -> None:
    browser, _ = _agreed(world, _number(world))
    token = _unpacked(browser.get("/download/linux"))[1]["token"]
    world.time.advance(minutes=10)
    host = {"host_name": "PC", "user_name": "u", "os": "linux", "os_version": "12"}
    answer = world.browser().api("POST", "/join/token", {"token": token, "host": host})
    assert (answer.status, answer.code) == (403, "TOKEN_INVALID")


def test_a_page_cookie_is_no_download_token_and_a_forged_one_shows_nothing(world: World) -> None:
    browser, _ = _agreed(world, _number(world))
    cookie = browser.cookies["__Host-wizhelper-join"]
    host = {"host_name": "PC", "user_name": "u", "os": "linux", "os_version": "12"}
    assert world.browser().api("POST", "/join/token", {"token": cookie, "host": host}).code == "TOKEN_INVALID"
    forged = world.browser()
    forged.cookies["__Host-wizhelper-join"] = cookie[:-6] + ("AAAAAA" if cookie[-6:] != "AAAAAA" else "BBBBBB")
    assert forged.get("/join").status == 404
    assert forged.get("/join/status").json == {"state": "NONE", "text": "", "done": True}


def test_a_page_cookie_is_kept_from_scripts_and_other_sites(world: World) -> None:
    answer = world.browser().form("/", {"number": _number(world)})
    flags = {part.strip() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= flags


@pytest.mark.parametrize("os", ["beos", "..", "linux.exe", "LINUX"])
def test_there_is_no_program_for_a_system_that_is_none(world: World, os: str) -> None:
    assert world.browser().get(f"/download/{os}").status == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_programs_shows_each_with_its_hash(world: World, language: str) -> None:
    """CUST-LINKS."""
    page = world.browser().get("/download", Accept_Language=language)
    import hashlib

    assert hashlib.sha256(PROGRAM).hexdigest() in page.text
    assert LANGUAGES[language]["download_plain_help"] in page.text


# --- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_status_follows_the_session_to_its_end(world: World, language: str) -> None:
    words = LANGUAGES[language]
    kim = world.logged_in("kim")
    session = kim.api("POST", "/sessions", {}).json
    browser, _ = _agreed(world, session["number"])
    shown = [browser.get("/join/status", Accept_Language=language).json]
    kim.api("POST", f"/sessions/{session['id']}/cancel")
    shown.append(browser.get("/join/status", Accept_Language=language).json)
    assert [(s["text"], s["done"]) for s in shown] == [
        (words["status_CONNECTING"], False),
        (words["status_gone"], True),
    ]
    assert words["status_gone"] in html.unescape(browser.get("/join", Accept_Language=language).text)


# --- hostile text -----------------------------------------------------------------------------------------------------


def test_nothing_that_a_stranger_wrote_stands_unescaped_on_a_page(world: World) -> None:
    """MeshCentral GHSA-c7hr-448w-65px."""
    world.set_company(name=POLYGLOT, contact=POLYGLOT, page_mode="both")
    boss = world.logged_in("boss")
    boss.api("PATCH", f"/accounts/{world.account('kim')}", {"display_name": POLYGLOT[:90]})
    boss.api("POST", "/consent-texts", {"lang": "ko", "body": POLYGLOT})
    number = _number(world)
    browser, consent = _entered(world, number, "/alpha", **{"Accept-Language": "ko"})
    pages = [
        world.browser().get("/alpha"),
        world.browser().form("/alpha", {"number": POLYGLOT, "operator": POLYGLOT}),
        world.browser().get("/%3Cscript%3Ealert(1)%3C%5Cscript%3E"),
        world.browser().request("GET", "/download", headers={"User-Agent": POLYGLOT.encode()}),
        world.browser().get("/?lang=%22%3E%3Cscript%3E"),
        consent,
        browser.get("/join", Accept_Language="ko"),
    ]
    for page in pages:
        assert "<script>alert" not in page.text and "<img src=x" not in page.text and "<img" not in page.text
        assert "alert(1)>" not in page.text
    assert consent.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2
    assert "{{7*7}}" in consent.text


# --- archives ---------------------------------------------------------------------------------------------------------


def _program(os: Any, content: bytes) -> Program:
    return Program(os, programs.FILES[os], content, uuid.uuid4().hex)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 70_000])
def test_the_archive_unpacks_with_the_systems_tar_as_well(tmp_path: Path, size: int) -> None:
    """CUST-DL: what a customer has at hand."""
    content = bytes(i % 251 for i in range(size))
    packed = programs.archive(_program("linux", content), programs.sidecar("https://x", None, "t"))
    (tmp_path / packed.file_name).write_bytes(packed.body)
    subprocess.run(["tar", "xzf", packed.file_name], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / programs.FILES["linux"]).read_bytes() == content
    assert json.loads((tmp_path / SIDECAR).read_text()) == {"server": "https://x", "ca": None, "token": "t"}


@pytest.mark.parametrize("os", ["windows", "mac"])
def test_other_systems_get_a_zip_with_the_same_two_files(os: Any) -> None:
    """MAC-DL."""
    import zipfile

    packed = programs.archive(_program(os, PROGRAM), programs.sidecar("https://x", b"pem", None))
    with zipfile.ZipFile(io.BytesIO(packed.body)) as archive:
        assert archive.testzip() is None
        assert archive.read(programs.FILES[os]) == PROGRAM
        assert json.loads(archive.read(SIDECAR))["ca"] == "pem"


def test_the_program_is_the_same_for_every_customer(world: World) -> None:
    """A signed program stays signed: its bytes never depend on who downloads it."""
    first = _unpacked(_agreed(world, _number(world))[0].get("/download/linux"))
    second = _unpacked(_agreed(world, _number(world, "beta"))[0].get("/download/linux"))
    assert first[0] == second[0] and first[1]["token"] != second[1]["token"]


def test_linux_gets_the_installer_and_the_icon_that_starts_it(tmp_path: Path) -> None:
    """LNX-TAR LNX-PKG: once it was built; the connection file travels beside it, never in it."""
    (tmp_path / programs.FILES["linux"]).write_bytes(b"bare program")
    (tmp_path / programs.BUILT_INSTALLER).write_bytes(PROGRAM)
    packed = programs.archive(programs.load(tmp_path)["linux"], programs.sidecar("https://x", None, "t"))
    assert packed.file_name == "setup_wizhelper_x86_64.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(packed.body)) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    out = tmp_path / "out"
    assert sorted(file.name for file in out.iterdir()) == [programs.SIDECAR, "setup_wizhelper.run", "w_setup.desktop"]
    assert (out / "setup_wizhelper.run").read_bytes() == PROGRAM
    assert (out / "setup_wizhelper.run").stat().st_mode & 0o111 and (out / "w_setup.desktop").stat().st_mode & 0o111


NAMES = {
    "wizhelper-agent_1.2.0_amd64.deb": ("linux", "amd64"),
    "setup_wizhelper_agent_1.2.0_x86_64.exe": ("windows", "x86_64"),
    "wizhelper-agent_1.2.0_arm64.pkg": ("mac", "arm64"),
}


def test_installers_are_found_by_their_names_and_nothing_else_is(tmp_path: Path) -> None:
    for name in (*NAMES, "wizhelper_1.2.0_amd64.deb", "secret.txt", "wizhelper-agent_x_amd64.deb", "SHA256SUMS"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "wizhelper-agent_9_amd64.deb").symlink_to("/etc/passwd")
    found = packages.load(tmp_path)
    assert {name: (package.os, package.arch) for name, package in found.items()} == NAMES
    for name, package in found.items():
        assert (
            package.sha256 == hashlib.sha256(name.encode()).hexdigest() and packages.content(package) == name.encode()
        )
    assert packages.load(None) == {} and packages.load(tmp_path / "none") == {}


def test_an_installer_that_was_exchanged_after_the_start_is_not_handed_out(tmp_path: Path) -> None:
    file = tmp_path / next(iter(NAMES))
    file.write_bytes(b"good")
    package = packages.load(tmp_path)[file.name]
    file.write_bytes(b"evil")
    assert packages.content(package) is None
    file.unlink()
    assert packages.content(package) is None


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_help_against_false_alarms_shows_the_hashes_to_compare(world: World, language: str) -> None:
    page = world.browser().get(f"/download/help/antivirus?lang={language}")
    text = html.unescape(page.text)
    assert page.status == 200 and LANGUAGES[language]["antivirus_title"] in text
    assert hashlib.sha256(PROGRAM).hexdigest() in text
    assert "/download/help/antivirus" in world.browser().get("/download").text


@pytest.mark.parametrize("name", ["none.deb", "..%2f..%2fmaster.key", "wizhelper.db", "%00"])
def test_only_installers_are_handed_out_by_name(world: World, name: str) -> None:
    assert world.browser().get(f"/download/file/{name}").status == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_agreed_to_is_named_right_by_right(world: World, language: str) -> None:
    """CUST-CONSENT: on the page and in the program; a right that the company does not ask for is not there."""
    world.set_company(rights={"files": False, "terminal": True})
    _, page = _entered(world, _number(world), **{"Accept-Language": language})
    shown = {"Accept-Language": language}
    body = world.browser().request("POST", "/api/v1/join", {"number": _number(world), "host": HOST}, headers=shown)
    words = RIGHT_WORDS[language]  # type: ignore[index]
    for text in (html.unescape(page.text), body.json["consent"]["body"]):
        assert words["view"] in text and words["terminal"] in text and words["files"] not in text
