"""Rules of the access program behind its window: what the person does, what the server answers, what is shown."""

from __future__ import annotations

import gc
import warnings
from types import SimpleNamespace
from typing import Any, cast

import pytest
from agent_fakes import HOST, ConsolePeer, FakePC, FakeReactor, FakeServer, FakeSocket, hello, viewer_call
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from agent import texts
from agent.entrance import Entrance
from agent.link import LinkError, Server
from agent.session import GOODBYE_S
from agent.window_desk import WindowDesk, receipt_address
from wizhelper.protocol import input, live, local
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import SasPolicy, Trust

JOIN: dict[str, Any] = {
    "session": "s-1",
    "secret": "secret",
    "company": "한빛전산",
    "operator": "김상담",
    "consent": None,
}
CONSENT = {**JOIN, "consent": {"id": 4, "version": 3, "lang": "ko", "body": "화면을 보여 줍니다."}}
ENTRY = local.Entry("number", True)
BUSY = local.Busy(texts.status("CONNECTING", "ko"))
ASKED = local.AskConsent("한빛전산", "김상담", "서비스 이용 동의", "화면을 보여 줍니다.", 3)
BAR = local.Session("한빛전산", "김상담", 1000.0, "", "off", False)
SPENT = LinkError("TOKEN_SPENT", text="이미 사용했습니다.", next_step="번호를 입력하세요.")


class FakeWindow:
    """`sent`: what the person saw. Each message is encoded as for the real window, which refuses what does not fit."""

    def __init__(self, reactor: Any, on_message: Any, on_exit: Any, language: str) -> None:
        self.on_message, self.on_exit, self.language = on_message, on_exit, language
        self.sent: list[local.ToWindow] = []
        self.closed = 0

    def send(self, message: local.ToWindow) -> None:
        assert local.decode_to_window(local.encode(message)) == message
        self.sent.append(message)

    def close(self) -> None:
        self.closed += 1


class Bench:
    """The access program from its start; `results` gets the exit status."""

    def __init__(
        self,
        number: str | None = None,
        token: str | None = None,
        nowhere: bool = False,
        answers: dict[str, Any] | None = None,
    ) -> None:
        self.reactor, self.server, self.pc = FakeReactor(), FakeServer(), FakePC()
        self.server.answers = {"/join": JOIN, "/join/token": JOIN, "/join/s-1/consent": {}, "/join/s-1/report": {}}
        self.server.answers.update(answers or {})
        self.windows: list[FakeWindow] = []
        entrance = None if nowhere else Entrance(self.server.link, HOST)
        link = None if nowhere else self.server.link
        self.desk = WindowDesk(
            self.reactor, link, entrance, self.pc.parts, number, token, "ko", window=self._make_window
        )
        self.results: list[Any] = []
        Deferred.fromCoroutine(self.desk.run()).addBoth(self.results.append)

    def _make_window(self, *arguments: Any) -> FakeWindow:
        self.windows.append(FakeWindow(*arguments))
        return self.windows[-1]

    @property
    def window(self) -> FakeWindow:
        return self.windows[0]

    @property
    def shown(self) -> list[local.ToWindow]:
        """What came since the last look."""
        found, self.window.sent = self.window.sent, []
        return found

    def does(self, message: local.FromWindow) -> None:
        self.window.on_message(message)

    def online(self, policy: str = "shown") -> FakeSocket:
        socket = FakeSocket()
        session = self.server.paths("/ws/agent")[-1].events
        session.opened(socket)
        session.text(live.encode(hello(policy)))
        return socket

    def say(self, message: live.ServerMessage) -> None:
        self.server.paths("/ws/agent")[-1].events.text(live.encode(message))

    def console(self) -> tuple[ConsolePeer, FakeSocket]:
        self.say(viewer_call())
        relay, socket = self.server.paths("/ws/relay")[-1], FakeSocket()
        relay.events.opened(socket)
        peer = ConsolePeer(relay.events, socket)
        peer.ferry()
        return peer, socket


def started(policy: str = "shown", answers: dict[str, Any] | None = None) -> tuple[Bench, FakeSocket]:
    """A session that runs, reached by number without consent; what was shown so far has been seen."""
    bench = Bench(number="123456", answers=answers)
    socket = bench.online(policy)
    assert BAR in bench.shown
    return bench, socket


# --- the way in -------------------------------------------------------------------------------------------------------


def test_number_consent_session_confirmation_number_end() -> None:
    """CUSTP-NUM, CUST-CONSENT: the whole way of a customer."""
    bench = Bench(answers={"/join": CONSENT})
    assert bench.shown == [ENTRY]

    bench.does(local.SubmitNumber("123456"))
    assert bench.shown == [BUSY, ASKED]
    assert bench.server.connections == []

    bench.does(local.ConsentAnswer(True))
    body = {"accepted": True, "text": 4, "source": "window"}
    assert bench.server.requests[-1] == ("POST", "/join/s-1/consent", body, "secret")
    bench.online()
    assert bench.shown == [BUSY, BAR, local.Status("ONLINE", "")]

    peer, _ = bench.console()
    people = local.People((local.Person("", "김상담", True),))
    assert bench.shown == [people, local.Sas(peer.established.sas, "shown", False)]

    bench.does(local.EndSession())
    gone = [local.People(()), local.Sas("", "off", False)]
    assert bench.shown == [*gone, local.Ended(texts.ended("customer_ended", "ko"), True)]
    bench.reactor.advance(GOODBYE_S)

    bench.does(local.Closed())
    assert bench.window.closed == 1
    bench.window.on_exit(True)
    assert bench.results == [0]


def test_a_number_that_was_given_at_the_start_is_used_at_once() -> None:
    bench = Bench(number="123456", answers={"/join": CONSENT})
    assert bench.shown == [ENTRY, BUSY, ASKED]


def test_a_download_gets_in_by_its_token() -> None:
    """CUST-RUN: no second entry."""
    bench = Bench(token="t", answers={"/join/token": CONSENT})
    assert bench.shown == [BUSY, ASKED]


def test_a_spent_token_leads_to_the_number_and_says_why() -> None:
    bench = Bench(token="t", answers={"/join/token": SPENT})
    assert bench.shown == [BUSY, ENTRY, local.ShowError("TOKEN_SPENT", "이미 사용했습니다.", "번호를 입력하세요.")]
    bench.does(local.SubmitNumber("123456"))
    assert bench.server.requests[-1][1] == "/join"
    assert len(bench.server.paths("/ws/agent")) == 1


def test_choosing_an_operator() -> None:
    """CUSTP-PICK, CUSTP-TOGGLE."""
    waiting = {"items": [{"id": 7, "display_name": "김상담"}]}
    bench = Bench(answers={"/join/operators?company=hanbit": waiting, "/join/pick": CONSENT})
    bench.does(local.SubmitCompany("hanbit"))
    assert bench.shown == [ENTRY, BUSY, local.Operators((local.OperatorItem(7, "김상담"),))]
    bench.does(local.Pick(7))
    assert bench.shown == [BUSY, ASKED]
    sent = bench.server.requests[-1][2]
    assert (sent["company"], sent["operator"]) == ("hanbit", 7)


def test_a_refused_consent_starts_nothing() -> None:
    """CUST-CONSENT: not agreeing stops the flow, and is recorded."""
    bench = Bench(number="1", answers={"/join": CONSENT})
    bench.does(local.ConsentAnswer(False))
    assert bench.server.requests[-1][2]["accepted"] is False
    assert bench.shown[-1] == local.Ended(texts.ended("consent_refused", "ko"), True)
    assert bench.server.connections == []
    bench.window.on_exit(True)
    assert bench.results == [1]


def test_a_consent_that_could_not_be_recorded_can_be_given_again() -> None:
    bench = Bench(
        number="1", answers={"/join": CONSENT, "/join/s-1/consent": LinkError("SERVER_UNREACHABLE", "timeout")}
    )
    bench.does(local.ConsentAnswer(True))
    said, next_step = texts.problem("SERVER_UNREACHABLE", "ko")
    assert bench.shown[-1] == local.ShowError("SERVER_UNREACHABLE", said, next_step)
    assert bench.server.connections == []

    bench.server.answers["/join/s-1/consent"] = {}
    bench.does(local.ConsentAnswer(True))
    assert len(bench.server.connections) == 1


def test_one_consent_starts_one_session() -> None:
    bench = Bench(number="1", answers={"/join": CONSENT})
    bench.does(local.ConsentAnswer(True))
    bench.does(local.ConsentAnswer(True))
    assert bench.pc.made == 1 and len(bench.server.connections) == 1
    assert [request[1] for request in bench.server.requests].count("/join/s-1/consent") == 1


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (LinkError("NUMBER_UNKNOWN", text="없는 번호", next_step="다시"), ("없는 번호", "다시")),
        (LinkError("SERVER_UNREACHABLE", "[<Failure OpenSSL.SSL.Error>]"), texts.problem("SERVER_UNREACHABLE", "ko")),
        (LinkError("CERTIFICATE_REFUSED", "x"), texts.problem("CERTIFICATE_REFUSED", "ko")),
        (LinkError("BAD_ANSWER", "status 502"), texts.problem("BAD_ANSWER", "ko")),
        (LinkError("NUMBER_UNKNOWN", text="없는 번호"), ("없는 번호", texts.problem("", "ko")[1])),
    ],
)
def test_people_get_sentences_in_their_language_and_no_technical_detail(
    problem: LinkError, shown: tuple[str, str]
) -> None:
    """FAQ-CFG: what happened, what to do next, and a code to tell; the window stays for another try."""
    bench = Bench(number="1", answers={"/join": problem})
    assert bench.shown[-1] == local.ShowError(problem.code, *shown)


def test_a_bug_of_ours_is_logged_and_told_as_such() -> None:
    events: list[Any] = []
    observer = cast(Any, events.append)
    globalLogPublisher.addObserver(observer)
    try:
        bench = Bench(number="1", answers={"/join": ZeroDivisionError()})
    finally:
        globalLogPublisher.removeObserver(observer)
    assert bench.shown[-1] == local.ShowError("INTERNAL", *texts.problem("INTERNAL", "ko"))
    assert any(e.get("log_failure") and e["log_failure"].check(ZeroDivisionError) for e in events)
    bench.server.answers["/join"] = CONSENT
    bench.does(local.SubmitNumber("123456"))
    assert bench.shown == [BUSY, ASKED]


# --- one thing at a time ----------------------------------------------------------------------------------------------


def test_a_second_click_while_the_server_is_asked_does_nothing() -> None:
    answer: Deferred[Any] = Deferred()
    bench = Bench(answers={"/join": answer})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            bench.does(local.SubmitNumber("123456"))
        bench.does(local.Pick(7))
        bench.does(local.SubmitCompany("hanbit"))
        gc.collect()
    # Files that other tests left to the collector are not meant.
    assert [str(w.message) for w in caught if w.category is RuntimeWarning] == []
    assert bench.shown == [ENTRY, BUSY]
    assert len(bench.server.requests) == 1

    answer.callback(CONSENT)
    assert bench.shown == [ASKED]
    bench.does(local.ConsentAnswer(True))
    assert len(bench.server.connections) == 1


def test_a_choice_of_language_works_while_the_server_is_asked() -> None:
    answer: Deferred[Any] = Deferred()
    bench = Bench(number="1", answers={"/join": answer})
    bench.does(local.ChooseLanguage("en"))
    answer.callback(CONSENT)
    assert bench.shown[-1] == local.AskConsent(
        "한빛전산", "김상담", "Consent to remote support", "화면을 보여 줍니다.", 3
    )
    assert bench.server.language == "en"


# --- the session ------------------------------------------------------------------------------------------------------


def test_required_shows_no_number_and_asks_for_it() -> None:
    """The operator reads it out; showing it would make typing it worthless."""
    bench, _ = started("required")
    peer, _ = bench.console()
    assert bench.shown[-1] == local.Sas("", "required", False)
    bench.does(local.Verify(peer.established.sas))
    assert bench.shown == [local.Sas("", "required", True)]


def test_the_wrong_number_ends_the_session_and_says_that_it_was_unsafe() -> None:
    bench, socket = started("required")
    peer, _ = bench.console()
    bench.does(local.Verify(f"{(int(peer.established.sas) + 1) % 10**6:06d}"))
    assert bench.shown[-1] == local.Ended(texts.ended("security_alarm", "ko"), True)
    assert socket.texts[-1]["reason"] == "security_alarm"


def test_policy_off_shows_no_number() -> None:
    bench, _ = started("off")
    bench.console()
    assert bench.shown[-1] == local.Sas("", "off", False)


@pytest.mark.parametrize("accepted", [True, False])
def test_the_person_answers_the_request_to_connect(accepted: bool) -> None:
    """OP-SET-APPROVE."""
    bench, socket = started()
    bench.say(live.ApprovalAsked("김상담", 60.0))
    assert bench.shown[-1] == local.AskApproval("김상담")
    bench.does(local.ApproveAnswer(accepted))
    assert socket.texts[-1] == {"type": "approval", "accepted": accepted}


def test_a_lost_link_is_shown_until_it_is_back() -> None:
    bench, _ = started()
    session = bench.server.paths("/ws/agent")[-1].events
    session.closed(1006, "")
    assert bench.shown[-1] == local.Status("OFFLINE", texts.status("OFFLINE", "ko"))
    bench.reactor.advance(5)
    bench.online()
    assert bench.shown == [local.Status("ONLINE", "")]


def test_end_kills_the_input_at_once() -> None:
    """Rule 4 against abuse: nothing of the network is waited for."""
    bench, _ = started()
    peer, _ = bench.console()
    bench.does(local.EndSession())
    peer.link.seal(Channel.INPUT, input.encode(input.Key("KeyA", True)))
    for data in peer.link.data_to_send():
        bench.server.paths("/ws/relay")[-1].events.binary(data)
    assert bench.pc.input.calls == [("release",)]


def test_trouble_of_this_pc_is_told_in_words() -> None:
    bench, _ = started()
    bench.console()
    bench.pc.on_errors[0]("CAPTURE_DENIED")
    assert bench.shown[-1] == local.Status("CAPTURE_DENIED", texts.status("CAPTURE_DENIED", "ko"))


@pytest.mark.parametrize(
    "message", [local.ApproveAnswer(True), local.Verify("123456"), local.EndSession()], ids=lambda m: type(m).__name__
)
def test_buttons_of_a_session_do_nothing_before_it_exists(message: local.FromWindow) -> None:
    bench = Bench()
    bench.does(message)
    assert bench.shown == [ENTRY] and bench.server.connections == []


# --- the end ----------------------------------------------------------------------------------------------------------


def test_reporting_abuse_after_the_end() -> None:
    """Rule 6 against abuse: the report reaches the server with the session's secret."""
    bench, _ = started()
    bench.does(local.EndSession())
    assert len(bench.shown) == 1
    bench.does(local.Report())
    assert bench.server.requests[-1] == ("POST", "/join/s-1/report", {}, "secret")
    assert bench.shown == []


def test_a_report_that_does_not_arrive_is_told() -> None:
    bench, _ = started(answers={"/join/s-1/report": LinkError("SERVER_UNREACHABLE")})
    bench.does(local.EndSession())
    bench.does(local.Report())
    assert bench.shown[-1] == local.ShowError("SERVER_UNREACHABLE", *texts.problem("SERVER_UNREACHABLE", "ko"))


@pytest.mark.parametrize(
    ("token", "address"),
    [
        ("abc_-9==", "https://support.example:8443/receipt/abc_-9=="),
        ("", ""),
        ("../x", ""),
        ("a b", ""),
        ("a?x=https://evil.example", ""),
        ("a\n", ""),
        ("a" * 400, ""),
    ],
)
def test_the_page_about_the_session_is_one_of_the_own_server(token: str, address: str) -> None:
    """Whatever a token holds, the browser is sent nowhere else."""
    link = SimpleNamespace(server=Server("https", "support.example", 8443, None))
    assert receipt_address(link, token) == address  # type: ignore[arg-type]


@pytest.mark.parametrize(("in_order", "status"), [(True, 0), (False, 1)])
def test_a_window_that_is_gone_ends_the_session(in_order: bool, status: int) -> None:
    """Rule 1 against abuse: nobody could press End any more."""
    bench, socket = started()
    _, relay = bench.console()
    bench.window.on_exit(in_order)
    assert relay.is_closed and bench.pc.input.calls == [("release",)]
    assert socket.texts[-1] == {"type": "end_session", "reason": "customer_ended"}
    assert bench.results == []
    bench.reactor.advance(GOODBYE_S)
    assert bench.results == [status]


def test_a_window_that_dies_while_the_consent_is_recorded_starts_no_session() -> None:
    answer: Deferred[Any] = Deferred()
    bench = Bench(number="1", answers={"/join": CONSENT, "/join/s-1/consent": answer})
    bench.does(local.ConsentAnswer(True))
    bench.window.on_exit(False)
    assert bench.results == [1]
    answer.callback({})
    assert bench.pc.made == 0 and bench.server.connections == []


def test_closing_before_a_session_is_a_failure_to_the_caller() -> None:
    bench = Bench()
    bench.does(local.Closed())
    assert bench.window.closed == 1
    bench.window.on_exit(True)
    assert bench.results == [1]


def test_the_end_of_the_process_closes_window_and_session() -> None:
    bench, socket = started()
    (trigger,) = bench.reactor.triggers
    assert isinstance(trigger(), Deferred)
    assert bench.window.closed == 1 and socket.texts[-1]["type"] == "end_session"
    bench.window.on_exit(True)
    bench.reactor.advance(GOODBYE_S)
    assert bench.results == [0]


def test_a_program_that_knows_no_server_says_so_and_can_be_closed() -> None:
    bench = Bench(nowhere=True)
    assert bench.shown == [local.Ended(texts.ended("no_server", "ko"))]
    bench.does(local.ChooseLanguage("en"))
    bench.does(local.Closed())
    bench.window.on_exit(True)
    assert bench.results == [1]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [texts.ENDED, texts.PROBLEMS, texts.STATUS], ids=["ended", "problems", "status"])
def test_korean_and_english_say_the_same_things(table: Any) -> None:
    assert set(table) == {"ko", "en"}
    assert set(table["ko"]) == set(table["en"])
    assert set(texts.CONSENT_TITLE) == {"ko", "en"}


@pytest.mark.parametrize("table", [texts.ENDED, texts.PROBLEMS, texts.STATUS], ids=["ended", "problems", "status"])
def test_each_language_is_what_it_claims(table: Any) -> None:
    for language, entries in table.items():
        for said in entries.values():
            for sentence in said if isinstance(said, tuple) else (said,):
                assert sentence.strip()
                assert any("가" <= c <= "힣" for c in sentence) is (language == "ko")
                assert not set(sentence) & set("{}")


def test_an_unknown_reason_or_code_still_gets_a_sentence() -> None:
    for language in ("ko", "en"):
        assert texts.ended("new_reason", language) == texts.ENDED[language][""]
        assert texts.problem("NEW_CODE", language) == texts.PROBLEMS[language][""]


def test_the_session_shows_its_trust_after_resuming() -> None:
    bench, _ = started()
    bench.desk.viewer_changed(True, "123456", SasPolicy.REQUIRED, Trust.NUMBER)
    assert bench.shown == [local.Sas("", "required", True)]


def test_what_is_said_goes_both_ways() -> None:
    """RC-CHAT: the customer's words stand in the conversation, too."""
    bench = Bench(answers={"/join": CONSENT})
    bench.does(local.SubmitNumber("123456"))
    bench.does(local.ConsentAnswer(True))
    bench.online()
    bench.does(local.Say("소리가 안 나요"))
    (line,) = [message for message in bench.shown if isinstance(message, local.ChatLine)]
    assert (line.customer, line.text) == (True, "소리가 안 나요")
