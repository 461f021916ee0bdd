"""The line of the benchmarks is as slow as it says, and no faster by buffering."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.slow_link import Link, proxy


@pytest.fixture
def far_end() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(5)
        yield made


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5)


def receive(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := source.recv(65536)):
        data += more
    return data


@pytest.mark.parametrize(
    ("text", "rate", "delay_s"),
    [("5mbit,40ms", 625_000, 0.04), ("800kbit,0ms", 100_000, 0), (" 0.5Mbit,5ms", 62_500, 0.005)],
)
def test_a_link_is_read_from_rate_and_delay(text: str, rate: float, delay_s: float) -> None:
    assert Link.parse(text) == Link(rate, delay_s)


@pytest.mark.parametrize("text", ["", "5mbit", "40ms,5mbit", "0mbit,1ms", "-5mbit,1ms", "5mbit,1ms,1"])
def test_what_is_not_a_link_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a link"):
        Link.parse(text)


def test_without_a_link_bytes_pass_unchanged_are_counted_and_the_end_is_passed_on(far_end: socket.socket) -> None:
    sent = bytes(range(256)) * 4000
    with proxy(far_end.getsockname()[1]) as line, dial(line.port) as near:
        far, _ = far_end.accept()
        with far:
            near.sendall(b"please")
            assert receive(far, 6) == b"please"
            threading.Thread(target=lambda: (far.sendall(sent), far.shutdown(socket.SHUT_WR))).start()
            assert receive(near, len(sent) + 1) == sent
        assert (line.bytes_up, line.bytes_down) == (6, len(sent))


def test_the_rate_holds_over_all_connections_together(far_end: socket.socket) -> None:
    size = 50_000
    with proxy(far_end.getsockname()[1], Link(200_000)) as line, dial(line.port) as one, dial(line.port) as other:
        begin = time.monotonic()
        for _ in range(2):
            far, _ = far_end.accept()
            threading.Thread(target=lambda far=far: far.sendall(b"x" * size)).start()
        assert len(receive(one, size)) == len(receive(other, size)) == size
        assert time.monotonic() - begin > 0.9 * 2 * size / 200_000


def test_each_way_has_the_delay(far_end: socket.socket) -> None:
    with proxy(far_end.getsockname()[1], Link(None, 0.05)) as line, dial(line.port) as near:
        far, _ = far_end.accept()
        with far:
            begin = time.monotonic()
            near.sendall(b"ping")
            far.sendall(receive(far, 4))
            assert receive(near, 4) == b"ping"
            assert time.monotonic() - begin >= 0.1


def test_a_sender_cannot_put_more_on_the_line_than_its_queue_holds(far_end: socket.socket) -> None:
    with proxy(far_end.getsockname()[1], Link(10_000, 0, 20_000)) as line, dial(line.port) as near:
        far, _ = far_end.accept()
        with far:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
            near.settimeout(0.5)
            taken = 0
            with pytest.raises(TimeoutError):
                while True:
                    taken += near.send(b"x" * 4096)
            # The queue, and the small buffers of the kernel on both sides of the proxy.
            assert taken < 200_000


def test_a_target_that_is_not_there_ends_the_connection(far_end: socket.socket) -> None:
    port = far_end.getsockname()[1]
    far_end.close()
    with proxy(port) as line, dial(line.port) as near:
        assert near.recv(1) == b""
