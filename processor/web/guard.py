"""Who may see page and API, and what a browser may do with them."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing from elsewhere, no inline script or style, no frames, no forms.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_OPEN: Final = "/static/"


class Guard:
    """Wraps page, API and static files: headers on every answer, the token, the names we answer to.

    token : asked for as `Authorization: Bearer`, "" = none
    loopback : whether only this machine can reach us; otherwise nothing is shown without a token
    """

    def __init__(self, app: ASGIApp, token: str, *, loopback: bool) -> None:
        self._app = app
        self._token = token.encode()
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, with_headers)
        else:
            await refusal(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return _refuse(405, "read only: GET or HEAD", {"allow": "GET, HEAD"})
        if path.startswith(_OPEN):
            return None
        if not self._token:
            return self._without_token(_header(scope, b"host"))
        if path != "/" and not self._is_known(_header(scope, b"authorization")):
            return _refuse(401, "a bearer token is needed: web.token", {"www-authenticate": "Bearer"})
        return None

    def _without_token(self, host: str) -> Response | None:
        if not self._loopback:
            return _refuse(
                403,
                "page and API are closed to other machines until web.token is set "
                "(EVENTCLUSTER_WEB__TOKEN or EVENTCLUSTER_WEB__TOKEN_FILE)",
            )
        # DNS rebinding: a page elsewhere points a name of its own at this machine and reads what it gets.
        return None if _host(host) in _LOCAL_NAMES else _refuse(403, "ask for localhost, or set web.token")

    def admits(self, authorization: str) -> bool:
        """Whether a request with this Authorization header may see everything."""
        return not self._token or self._is_known(authorization)

    def _is_known(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        known = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        return known and scheme.lower() == "bearer"


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _host(header: str) -> str:
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _refuse(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers=headers)
