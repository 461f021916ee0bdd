"""Chat on the agent's side: one conversation for the session, each line numbered, nothing lost with a link. RC-CHAT"""

from __future__ import annotations

import pytest
from agent_fakes import ViewerBench

from agent.features.chat import BURST, KEPT, MAX_LINES, Conversation, kind
from wizhelper.protocol import chat
from wizhelper.protocol.channels import CHAT, VIEW, Channel


class Bench:
    def __init__(self) -> None:
        self.heard: list[chat.Said] = []
        self.now = 1000.0
        self.conversation = Conversation(self.heard.append, lambda: self.now)

    def viewer(self) -> ViewerBench:
        return ViewerBench(frozenset({VIEW, CHAT}), tools=(kind(self.conversation),))


def lines(console: object) -> list[chat.Said]:
    return [chat.decode_agent(e.body) for e in console.messages(Channel.CHAT)]  # type: ignore[attr-defined]


def test_both_sides_are_heard_in_one_order() -> None:
    bench = Bench()
    console = bench.viewer().open()
    console.send(Channel.CHAT, chat.encode(chat.Say("안녕하세요")))
    bench.conversation.say("네", customer=True)
    console.ferry()
    expected = [chat.Said(1, False, 1_000_000, "안녕하세요"), chat.Said(2, True, 1_000_000, "네")]
    assert lines(console) == bench.heard == expected


def test_what_was_said_while_no_console_was_there_is_told_to_the_next() -> None:
    bench = Bench()
    first = bench.viewer()
    first.open().send(Channel.CHAT, chat.encode(chat.Say("one")))
    first.viewer.close()
    bench.conversation.say("two", customer=True)
    console = bench.viewer().open()
    assert [line.text for line in lines(console)] == ["one", "two"]


def test_an_endless_conversation_is_kept_in_part() -> None:
    bench = Bench()
    for number in range(MAX_LINES + 50):
        bench.conversation.say(str(number), customer=True)
    told = lines(bench.viewer().open())
    assert (len(told), told[0].number, told[-1].number) == (MAX_LINES, 51, MAX_LINES + 50)


def test_a_flood_ends_the_link() -> None:
    viewer = Bench().viewer()
    console = viewer.open()
    for _ in range(BURST + 1):
        console.send(Channel.CHAT, chat.encode(chat.Say("x")))
    assert viewer.alarms == [("alarm", "CHAT_FLOOD")]


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ufeff", "x" * (chat.MAX_TEXT_BYTES + 1), "\ud800", "\x1b[2J"])
def test_what_cannot_be_said(text: str) -> None:
    assert not chat.fits(text)


def test_where_the_company_keeps_chat_the_first_line_says_so_once_and_to_both() -> None:
    bench = Bench()
    bench.conversation.kept = True
    bench.conversation.say("네", customer=True)
    bench.conversation.say("one more", customer=True)
    expected = [(1, False, KEPT), (2, True, "네"), (3, True, "one more")]
    assert [(line.number, line.customer, line.text) for line in bench.heard] == expected
    assert [line.number for line in lines(bench.viewer().open())] == [1, 2, 3]
