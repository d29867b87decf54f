import contextlib
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from processor.errors import UsageError
from processor.metrics import Metrics
from processor.status import Board, PartitionStatus, Status
from processor.web.server import MAX_TICK_AGE_S, Server


@pytest.fixture
def board() -> Board:
    """What the loop tells the web thread; a test swaps its status as the loop would."""
    return Board()


@pytest.fixture
def server(board: Board) -> Iterator[Server]:
    """A server on a free loopback port."""
    registry = CollectorRegistry()
    Metrics(registry)
    server = Server("127.0.0.1", 0, registry, board)
    server.start()
    yield server
    server.stop()


def get(server: Server, path: str) -> tuple[int, str]:
    """Status code and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def partition(number: int, *, live: bool) -> PartitionStatus:
    """Partition `number` of a topic, restoring or live."""
    return PartitionStatus("events", number, "live" if live else "restoring", 0, 1.0, 0)


def test_metrics_are_served_from_their_own_registry(server: Server) -> None:
    """/metrics is what Prometheus scrapes."""
    code, body = get(server, "/metrics")

    assert code == 200
    assert 'eventcluster_clusters{kind="process"} 0.0' in body


def test_a_loop_that_turns_is_alive(server: Server) -> None:
    """/livez is 200 while the loop's last turn is recent."""
    assert get(server, "/livez")[0] == 200


def test_a_loop_that_is_stuck_is_not_alive(server: Server, board: Board) -> None:
    """/livez is 503 once the loop has not turned for MAX_TICK_AGE_S, so that the supervisor restarts it."""
    board.current = replace(board.current, ticked_at=time.monotonic() - MAX_TICK_AGE_S - 1)

    assert get(server, "/livez")[0] == 503


def test_not_ready_until_every_partition_is_live(server: Server, board: Board) -> None:
    """/readyz is 503 while one partition restores, and says how far it is."""
    board.current = Status(state="restoring", partitions=(partition(0, live=True), partition(1, live=False)))

    assert get(server, "/readyz") == (503, "restoring, 1 of 2 partitions live\n")


def test_ready_when_every_partition_is_live(server: Server, board: Board) -> None:
    """/readyz is 200 when the loop says live."""
    board.current = Status(state="live", partitions=(partition(0, live=True),))

    assert get(server, "/readyz") == (200, "live, 1 of 1 partitions live\n")


def test_what_is_not_there_is_404(server: Server) -> None:
    """Another path is an answer, not a crash."""
    assert get(server, "/nothing")[0] == 404


def test_the_page_is_mounted_beside_the_probes(server: Server) -> None:
    """One port serves the page too."""
    code, body = get(server, "/")

    assert code == 200
    assert "<html" in body


def test_a_taken_port_is_an_error_that_names_the_key(server: Server) -> None:
    """Two services on one port: the second says what to set."""
    second = Server("127.0.0.1", server.port, CollectorRegistry(), Board())

    with pytest.raises(UsageError, match=rf"cannot listen on 127.0.0.1:{server.port}: .*set web.port "):
        second.start()


def test_a_host_that_is_no_address_is_an_error_that_names_the_key() -> None:
    """A name that does not resolve is told as web.host."""
    with pytest.raises(
        UsageError, match=r"web.host must be an address of this machine, got no\.such\.invalid"
    ):
        Server("no.such.invalid", 0, CollectorRegistry(), Board()).start()


def test_stop_returns_soon_whatever_clients_do(server: Server) -> None:
    """A client that holds its connection open, as it may for half a minute, does not hold the service."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n")
        began = time.monotonic()
        server.stop()

        assert time.monotonic() - began < 15


def test_the_port_is_free_again_after_stop(server: Server) -> None:
    """What was stopped no longer listens."""
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=60).close()


def talked(server: Server, sent: bytes) -> bytes:
    """What a connection answers to bytes, until it is closed."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    return answer


def test_headers_without_end_are_cut_off(server: Server) -> None:
    """Nobody's request takes more memory than 64 KiB and one read."""
    answer = talked(server, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 1_000_000)

    assert answer.startswith(b"HTTP/1.1 400") or not answer
    assert get(server, "/livez")[0] == 200


def test_requests_without_end_are_cut_off(server: Server) -> None:
    """Those sent before the answers are read wait, but not thousands of them."""
    answer = talked(server, b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n" * 5_000)

    assert answer.count(b"HTTP/1.1 200") < 5_000
    assert get(server, "/livez")[0] == 200


def test_what_is_no_http_is_refused(server: Server) -> None:
    """With 400 and the end of the connection."""
    answer = talked(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400")
