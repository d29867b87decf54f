"""The API's own description: OpenAPI 3.1, made from the bounds that the handlers use."""

from typing import Any, Final

import msgspec

import processor
from processor.events.event import KINDS
from processor.web.queries import MAX_LIMIT, MAX_TEXT, REASONS, SORTS
from processor.web.shapes import AnomalyPage, ClusterPage, EpisodePage, PlotData, StatusShape
from processor.web.views import LISTED_OF_EPISODE

_TEXT: Final = {"type": "string", "maxLength": MAX_TEXT}
_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "kind": ("one kind of event", {"type": "string", "enum": list(KINDS)}),
    "host": ("part of the host's name or of the scope, case ignored", _TEXT),
    "reason": ("why it is anomalous", {"type": "string", "enum": list(REASONS)}),
    "q": ("part of program, command line, account, address or sentence, case ignored", _TEXT),
    "min_score": ("lowest score", {"type": "integer", "minimum": 0, "maximum": 100, "default": 0}),
    "episode": ("anomalies of one episode", _TEXT),
    "limit": ("items in a page", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}),
    "before": ("`next` of the page before", {"type": "integer", "minimum": 0}),
    "show": ("what is listed", {"type": "string", "enum": ["all", "clusters", "noise"], "default": "all"}),
    "sort": ("column", {"type": "string", "enum": list(SORTS), "default": "size"}),
    "order": ("direction", {"type": "string", "enum": ["asc", "desc"], "default": "desc"}),
    "offset": ("rows to skip", {"type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 0}),
}
_FILTERED: Final = ("kind", "host", "reason", "q", "min_score", "limit", "before")
# What each path answers with; an anomaly's record has a schema of its own.
_SHAPES: Final[dict[str, Any]] = {
    "/api/status": StatusShape,
    "/api/anomalies": AnomalyPage,
    "/api/anomalies/{id}": dict[str, Any],
    "/api/episodes": EpisodePage,
    "/api/clusters": ClusterPage,
    "/api/plots": PlotData,
}
_PATHS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "/api/status": ("State, rate, lag, window, clusters and warm-up. Times in ms since 1970.", ()),
    "/api/anomalies": (
        "Anomalies published by this process, newest first, at most the last 10,000.",
        (*_FILTERED, "episode"),
    ),
    "/api/anomalies/{id}": ("One anomaly's record, as published: `eventcluster schema anomaly`.", ()),
    "/api/episodes": (
        f"Episodes and the newest {LISTED_OF_EPISODE} anomalies of each that pass the filter, newest first.",
        _FILTERED,
    ),
    "/api/clusters": (
        "The cluster table as it was counted last (metrics.clusters_every): at most 10,000 rows.",
        ("kind", "host", "q", "show", "sort", "order", "limit", "offset"),
    ),
    "/api/plots": ("Data of every plot on the page.", ()),
}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    shapes, components = msgspec.json.schema_components(
        _SHAPES.values(), ref_template="#/components/schemas/{name}"
    )
    told = dict(zip(_SHAPES, shapes, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "eventcluster",
            "version": processor.__version__,
            "description": "Read-only. Needs a bearer token (web.token) unless it listens on loopback alone.",
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **components,
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                },
            },
        },
        "security": [{"token": []}, {}],
        "paths": {path: {"get": _operation(path, told[path], *of)} for path, of in _PATHS.items()},
    }


def _operation(path: str, shape: dict[str, Any], summary: str, parameters: tuple[str, ...]) -> dict[str, Any]:
    in_path = (
        [_parameter("id", "event.id of the anomaly", {"type": "string"}, "path")] if "{id}" in path else []
    )
    content = {"application/json": {"schema": shape}}
    wrong = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": path.removeprefix("/api/").replace("/{id}", "_record"),
        "summary": summary,
        "parameters": in_path + [_parameter(name, *_PARAMETERS[name], "query") for name in parameters],
        "responses": {
            "200": {"description": "JSON; carries an ETag", "content": content},
            "304": {"description": "unchanged (If-None-Match)"},
            "400": {"description": "a parameter cannot be used; the text says what can", "content": wrong},
            "401": {"description": "the token is missing or wrong", "content": wrong},
            "403": {"description": "closed until web.token is set", "content": wrong},
            "404": {"description": "there is no such thing", "content": wrong},
            "405": {"description": "another method than GET or HEAD", "content": wrong},
        },
    }


def _parameter(name: str, meaning: str, schema: dict[str, Any], where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "description": meaning, "required": where == "path", "schema": schema}
