"""/metrics, /livez, /readyz and the page, served from a thread of their own."""

import ipaddress
import socket
import threading
import time
from typing import Any, Final

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from processor.errors import RunError, UsageError
from processor.status import Board, Status
from processor.web.app import page
from processor.web.connection import BoundedHttp

# A loop that has not turned for so long is stuck: a turn is one batch, or 50 ms of restoring.
MAX_TICK_AGE_S: Final = 30.0
_START_TIMEOUT_S: Final = 10.0
_STOP_TIMEOUT_S: Final = 1.0
_BACKLOG: Final = 64
# Neither lifespan events nor web sockets; bounded connections; nothing said of the server.
_UVICORN: Final[dict[str, Any]] = {
    "ws": "none",
    "lifespan": "off",
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "limit_concurrency": 200,
    "timeout_keep_alive": 30,
    "timeout_graceful_shutdown": 1,
}


class Server:
    """Serves one registry and one board until stopped.

    host : address to listen on
    port : 0 takes any free one; after start() the one taken
    token : asked for by page and API, "" = none; probes and /metrics are open
    """

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, board: Board, token: str = ""
    ) -> None:
        self.host = host
        self.port = port
        self._token = token
        self._registry = registry
        self._board = board
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, then serve in a daemon thread; returns once requests are answered.

        Raises UsageError naming web.host or web.port where the address cannot be taken.
        """
        listening = _listen(self.host, self.port)
        address, self.port = listening.getsockname()[:2]
        loopback = ipaddress.ip_address(address).is_loopback
        behind = page(self._board, self._token, loopback=loopback)
        config = uvicorn.Config(_Paths(self._registry, self._board, behind), http=BoundedHttp, **_UVICORN)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="web", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RunError(f"the web server on {self.host}:{self.port} did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving; returns within a second, whatever clients do."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_TIMEOUT_S / 2)
            self._server.force_exit = True
            self._thread.join(_STOP_TIMEOUT_S / 2)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise UsageError(
            f"web.host must be an address of this machine, got {host}: {error.strerror}"
        ) from error
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; set web.port (demo: --port) to a free one"
        ) from error
    return listening


class _Paths:
    """Probes and /metrics by their paths; all else is the page."""

    def __init__(self, registry: CollectorRegistry, board: Board, page: ASGIApp) -> None:
        self._registry = registry
        self._board = board
        self._page = page
        self._probes = {"/metrics": self._metrics, "/livez": self._livez, "/readyz": self._readyz}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        probe = self._probes.get(scope["path"]) if scope["method"] in ("GET", "HEAD") else None
        await (self._page if probe is None else probe())(scope, receive, send)

    def _metrics(self) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _livez(self) -> Response:
        age = time.monotonic() - self._board.current.ticked_at
        alive = age <= MAX_TICK_AGE_S
        return PlainTextResponse(f"loop turned {age:.1f} s ago\n", status_code=200 if alive else 503)

    def _readyz(self) -> Response:
        status = self._board.current
        return PlainTextResponse(f"{_progress(status)}\n", status_code=200 if status.state == "live" else 503)


def _progress(status: Status) -> str:
    """`restoring, 3 of 4 partitions live`."""
    live = sum(partition.state == "live" for partition in status.partitions)
    return f"{status.state}, {live} of {len(status.partitions)} partitions live"
