"""Answers of the API, kept as bytes: many clients that poll cost little more than one."""

import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_KEPT: Final = 64
_MAX_BYTES: Final = 32 * 1024 * 1024
# Smaller bodies are not worth compressing.
_COMPRESS_FROM: Final = 1_400
JSON: Final = "application/json"


@dataclass(slots=True)
class Body:
    """Bytes to serve, their tag, and their compressed form once somebody asked for it."""

    content: bytes
    media_type: str
    tag: str
    packed: bytes | None = None

    def response(self, request: Request, cache: str) -> Response:
        """The body, compressed where the client takes it; 304 where it has it already."""
        headers = {"etag": self.tag, "cache-control": cache, "vary": "Accept-Encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        content = self.content
        takes = request.headers.get("accept-encoding", "")
        if len(content) >= _COMPRESS_FROM and "gzip" in takes:
            if self.packed is None:
                self.packed = gzip.compress(content, 4, mtime=0)
            content = self.packed
            headers["content-encoding"] = "gzip"
        return Response(content, headers=headers, media_type=self.media_type)


def body(content: bytes, media_type: str = JSON) -> Body:
    """Content with the tag that names it."""
    return Body(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:24]}"')


@dataclass(slots=True)
class _Kept:
    made_of: tuple[object, ...]
    made_at: float
    body: Body


class Answers:
    """The answers given last. Used by the web thread alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def get(
        self, question: str, made_of: tuple[object, ...], at_most_every_s: float, make: Callable[[], bytes]
    ) -> Body:
        """The answer to a question, made anew only when one of the objects it is made of is another one.

        at_most_every_s : an older answer is given until it has this age
        """
        now = self._clock()
        kept = self._kept.get(question)
        if kept is not None:
            same = all(old is new for old, new in zip(kept.made_of, made_of, strict=True))
            if same or now - kept.made_at < at_most_every_s:
                self._kept.move_to_end(question)
                return kept.body
            self._drop(question)
        answer = body(make())
        self._kept[question] = _Kept(made_of, now, answer)
        self._bytes += len(answer.content)
        while len(self._kept) > 1 and (len(self._kept) > _KEPT or self._bytes > _MAX_BYTES):
            self._drop(next(iter(self._kept)))
        return answer

    def _drop(self, question: str) -> None:
        self._bytes -= len(self._kept.pop(question).body.content)
