"""The page and the JSON API behind it: read-only, from the Status that the loop swaps."""

from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

import processor
from processor.status import Board, Status
from processor.web import openapi, views
from processor.web.answers import Answers, Body, body
from processor.web.assets import PLOTLY, SCRIPTS, STYLES, Assets, plotly_style_ids, template
from processor.web.feed import Feed
from processor.web.guard import Guard
from processor.web.queries import BadQuery, Query

_NO_STORE: Final = "no-store"
_STATIC: Final = "/static/"


class _Question(NamedTuple):
    """What a path answers.

    parameters : that it knows
    every_s : an answer is given until it has this age: nobody reads faster, and the service's own work comes
        first. Status changes with every batch, lists with every anomaly.
    made_of : the objects it depends on
    make : its bytes
    """

    parameters: tuple[str, ...]
    every_s: float
    made_of: Callable[[Status], tuple[object, ...]]
    make: Callable[[Status, Feed, Query], bytes]


_QUESTIONS: Final = {
    "/api/status": _Question((), 0.9, lambda now: (now,), lambda now, _, __: views.status(now)),
    "/api/anomalies": _Question(
        (*views.FILTERS, *views.PAGE, "episode"),
        1.9,
        lambda now: (now.anomalies,),
        lambda now, feed, query: views.anomalies(feed.of(now).newest_first, query),
    ),
    "/api/episodes": _Question(
        (*views.FILTERS, *views.PAGE),
        1.9,
        lambda now: (now.anomalies,),
        lambda now, feed, query: views.episode_page(feed.of(now), query),
    ),
    "/api/clusters": _Question(
        views.CLUSTERS,
        0.0,
        lambda now: (now.picture,),
        lambda now, _, query: views.clusters(now.picture, query),
    ),
    "/api/plots": _Question(
        (),
        5.0,
        lambda now: (now.picture, now.anomalies),
        lambda now, feed, _: views.plots(now.picture, feed.of(now).newest_first),
    ),
    "/api/openapi.json": _Question(
        (), 0.0, lambda _: (), lambda _, __, ___: msgspec.json.encode(openapi.document())
    ),
}


def page(board: Board, token: str, *, loopback: bool) -> ASGIApp:
    """Everything but the probes and /metrics, guarded.

    token : asked for by page and API, "" = none
    loopback : whether the service listens on a loopback address only
    """
    inside = _Page(board)
    guard = inside.guard = Guard(inside, token, loopback=loopback)
    return guard


class _Page:
    """What is behind the guard; it runs in the web thread and shares what it has computed."""

    guard: Guard

    def __init__(self, board: Board) -> None:
        self._board = board
        self._feed = Feed()
        self._answers = Answers()
        self._assets = Assets()
        self._style_ids: list[str] | None = None
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        self._template = environment.from_string(template("page.html"))
        routes = [Route("/", self._index), Route("/api/anomalies/{id}", self._record)]
        self._others = Router(routes, redirect_slashes=False, default=_not_found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: what is asked for again and again without any routing."""
        try:
            body = self._body(scope["path"], scope["query_string"])
        except BadQuery as wrong:
            await _error(400, str(wrong))(scope, receive, send)
            return
        if body is None:
            await self._others(scope, receive, send)
            return
        status, headers, content = body.sent(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _body(self, path: str, query: bytes) -> Body | None:
        """What a path of the API, or of a file, answers; None where it is neither. Raises BadQuery."""
        question = _QUESTIONS.get(path)
        if question is None:
            return self._assets.get(path.removeprefix(_STATIC)) if path.startswith(_STATIC) else None
        now = self._board.current

        def make() -> bytes:
            given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
            return question.make(now, self._feed, Query(given, question.parameters))

        return self._answers.get((path, query), question.made_of(now), question.every_s, make)

    async def _index(self, request: Request) -> Response:
        """The page, without any data; 401 where the token is still to be given in it."""
        admitted = self.guard.admits(request.headers.get("authorization", ""))
        if self._style_ids is None:
            plotly = self._assets.get(PLOTLY)
            self._style_ids = [] if plotly is None else plotly_style_ids(plotly.content)
        html = self._template.render(
            version=processor.__version__,
            scripts=SCRIPTS,
            styles=STYLES,
            style_ids=self._style_ids,
            admitted=admitted,
        )
        headers = {"cache-control": _NO_STORE}
        if not admitted:
            headers["www-authenticate"] = "Bearer"
        return HTMLResponse(html, 200 if admitted else 401, headers)

    async def _record(self, request: Request) -> Response:
        """One anomaly, as it was published."""
        try:
            Query(request.query_params, ())
        except BadQuery as wrong:
            return _error(400, str(wrong))
        value = views.record(self._board.current, request.path_params["id"])
        if value is None:
            return _error(404, "no such anomaly, or no longer kept")
        status, headers, content = body(value).sent(dict(request.scope["headers"]))
        response = Response(content, status)
        response.raw_headers = headers
        return response


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await _error(404, "not found; /api/openapi.json lists what there is")(scope, receive, send)


def _error(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers={"cache-control": _NO_STORE})
