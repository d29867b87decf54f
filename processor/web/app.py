"""The page and the JSON API behind it: read-only, from the Status that the loop swaps."""

from collections.abc import Callable, Mapping
from typing import Final

import jinja2
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import processor
from processor.status import Board
from processor.web import openapi, views
from processor.web.answers import JSON, Answers
from processor.web.assets import PLOTLY, SCRIPTS, STYLES, Assets, plotly_style_ids, template
from processor.web.feed import Feed
from processor.web.guard import Guard
from processor.web.queries import BadQuery, Query

_NO_STORE: Final = "no-store"
_REVALIDATE: Final = "no-cache"
# Status changes with every batch, lists with every anomaly: nobody reads faster than this. The service's own
# work comes first.
_STATUS_EVERY_S: Final = 0.9
_LIST_EVERY_S: Final = 1.9
_PLOTS_EVERY_S: Final = 5.0


def routes(board: Board, token: str, *, loopback: bool) -> list[BaseRoute]:
    """Everything but the probes and /metrics, guarded.

    token : asked for by page and API, "" = none
    loopback : whether the service listens on a loopback address only
    """
    page = _Page(board)
    guarded = Starlette(
        routes=[
            Route("/", page.index),
            Route("/static/{name}", page.static),
            Route("/api/status", page.status),
            Route("/api/anomalies", page.anomalies),
            Route("/api/anomalies/{id}", page.record),
            Route("/api/episodes", page.episodes),
            Route("/api/clusters", page.clusters),
            Route("/api/plots", page.plots),
            Route("/api/openapi.json", page.openapi),
        ],
        exception_handlers={BadQuery: _bad_query, 404: _not_found},
    )
    page.guard = Guard(guarded, token, loopback=loopback)
    return [Mount("/", app=page.guard)]


class _Page:
    """The handlers; they run in the web thread and share what it has computed."""

    guard: Guard

    def __init__(self, board: Board) -> None:
        self._board = board
        self._feed = Feed()
        self._answers = Answers()
        self._assets = Assets()
        self._style_ids: list[str] | None = None
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        self._template = environment.from_string(template("page.html"))

    async def index(self, request: Request) -> Response:
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

    async def static(self, request: Request) -> Response:
        """A file of the page."""
        asset = self._assets.get(request.path_params["name"])
        return _not_found(request, None) if asset is None else asset.response(request, _REVALIDATE)

    async def status(self, request: Request) -> Response:
        """State, rate, lag, window, clusters."""
        _query(request, ())
        now = self._board.current
        return self._answer(request, (now,), _STATUS_EVERY_S, lambda: views.status(now))

    async def anomalies(self, request: Request) -> Response:
        """The list of anomalies."""
        query = _query(request, (*views.FILTERS, *views.PAGE, "episode"))
        now = self._board.current
        return self._answer(
            request, (now.anomalies,), _LIST_EVERY_S, lambda: views.anomalies(self._feed.of(now), query)
        )

    async def record(self, request: Request) -> Response:
        """One anomaly, as it was published."""
        value = views.record(self._board.current, request.path_params["id"])
        if value is None:
            return _error(404, "no such anomaly, or no longer kept")
        return Response(value, media_type=JSON, headers={"cache-control": _NO_STORE})

    async def episodes(self, request: Request) -> Response:
        """The list of episodes."""
        query = _query(request, (*views.FILTERS, *views.PAGE))
        now = self._board.current
        return self._answer(
            request, (now.anomalies,), _LIST_EVERY_S, lambda: views.episode_page(self._feed.of(now), query)
        )

    async def clusters(self, request: Request) -> Response:
        """The cluster table."""
        query = _query(request, views.CLUSTERS)
        picture = self._board.current.picture
        return self._answer(request, (picture,), 0.0, lambda: views.clusters(picture, query))

    async def plots(self, request: Request) -> Response:
        """The data of the plots."""
        _query(request, ())
        now = self._board.current
        return self._answer(
            request,
            (now.picture, now.anomalies),
            _PLOTS_EVERY_S,
            lambda: views.plots(now.picture, self._feed.of(now)),
        )

    async def openapi(self, request: Request) -> Response:
        """What the API is."""
        return self._answer(request, (), 0.0, lambda: msgspec.json.encode(openapi.document()))

    def _answer(
        self, request: Request, made_of: tuple[object, ...], every_s: float, make: Callable[[], bytes]
    ) -> Response:
        question = f"{request.url.path}?{request.url.query}"
        return self._answers.get(question, made_of, every_s, make).response(request, _REVALIDATE)


def _query(request: Request, known: tuple[str, ...]) -> Query:
    given: Mapping[str, str] = request.query_params
    return Query(given, known)


def _error(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers={"cache-control": _NO_STORE})


def _bad_query(_: Request, error: Exception) -> Response:
    return _error(400, str(error))


def _not_found(_: Request, __: object) -> Response:
    return _error(404, "not found; /api/openapi.json lists what there is")
