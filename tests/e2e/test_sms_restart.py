"""A server that is killed between a provider's acceptance and its own note of it: nothing lost, nothing doubled. OP-SMS

The provider is a real HTTP server of the test; it kills the appliance while it has the text and before it answers.
"""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.e2e import harness
from tests.e2e.harness import Appliance, eventually

pytestmark = pytest.mark.slow


class Provider:
    """`texts`: what was taken, as form fields. `before_answer` runs between taking a text and answering."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self.before_answer: Callable[[], Any] = lambda: None
        self.port = 0


@contextmanager
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made.texts.append({name: values[0] for name, values in parse_qs(body).items()})
            made.before_answer()
            answer = b"OK id=7"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Client:
    """A logged-in program that uses the REST API."""

    def __init__(self, server: Appliance, login: str) -> None:
        self._server = server
        self._cookie = self._csrf = ""
        body = {"company": "acme", "id": login, "password": server.passwords[login]}
        self._csrf = self.call("POST", "/login", body)["csrf"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        context = ssl.create_default_context(cafile=str(self._server.ca))
        line = http.client.HTTPSConnection("127.0.0.1", self._server.port, context=context, timeout=20)
        headers = {"Content-Type": "application/json", "Cookie": self._cookie, "X-CSRF-Token": self._csrf}
        line.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
        answer = line.getresponse()
        data = answer.read()
        assert answer.status < 300, data
        if cookie := answer.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        line.close()
        return json.loads(data) if data else None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Appliance]:
    with harness.appliance(tmp_path, "--local-gateways") as made:
        yield made


def _add_gateway(boss: Client, port: int) -> None:
    settings = {
        "url": f"http://127.0.0.1:{port}/send",
        "body": "to={{phone}}&text={{message}}&key={{key}}",
        "success": "OK",
        "id": "id=*",
    }
    form = {"kind": "http", "name": "local", "sender": "0212345678", "enabled": True, "settings": settings}
    boss.call("POST", "/sms/gateways", form)


def _order(kim: Client, to: str) -> dict[str, Any]:
    waiting = [each for each in kim.call("GET", "/sessions")["items"] if each["state"] == "WAITING"]
    session = waiting[0] if waiting else kim.call("POST", "/sessions", {})
    template = kim.call("GET", "/sms/options")["templates"][0]["id"]
    return {"session": session["id"], "template": template, "to": to, "request": str(uuid.uuid4()), "confirmed": False}


def _message(boss: Client, request_to: str) -> dict[str, Any]:
    found: dict[str, Any] = boss.call("GET", f"/sms/messages?q={request_to}")["items"][0]
    return found


def test_a_server_that_is_killed_after_acceptance_neither_loses_nor_doubles(server: Appliance) -> None:
    with provider() as peer:
        boss, kim = Client(server, "boss"), Client(server, "kim")
        _add_gateway(boss, peer.port)
        sent = kim.call("POST", "/sms/messages", _order(kim, "010-1111-2222"))
        eventually("it is accepted", lambda: _message(boss, "2222")["state"] == "accepted")
        assert [text["key"] for text in peer.texts] == [sent["id"]]
        assert peer.texts[0]["to"] == "01011112222" and "/s/" in peer.texts[0]["text"]

        peer.before_answer = lambda: server.stop(signal.SIGKILL)
        order = _order(kim, "010-3333-4444")
        kim.call("POST", "/sms/messages", order)
        eventually("the provider has the text", lambda: len(peer.texts) == 2)
        eventually("the server is dead", lambda: server.process is not None and server.process.poll() is not None)
        peer.before_answer = lambda: None
        server.start()

        boss, kim = Client(server, "boss"), Client(server, "kim")
        eventually("it is said to be uncertain", lambda: _message(boss, "4444")["state"] == "uncertain")
        found = _message(boss, "4444")
        assert found["code"] == "INTERRUPTED"
        again = kim.call("POST", "/sms/messages", order)
        assert (again["id"], again["state"]) == (found["id"], "uncertain")
        kim.call("POST", "/sms/messages", _order(kim, "010-5555-6666"))
        eventually("the outbox works on", lambda: _message(boss, "6666")["state"] == "accepted")
        assert [text["to"] for text in peer.texts] == ["01011112222", "01033334444", "01055556666"]
    assert "01033334444" not in server.log.read_text()
