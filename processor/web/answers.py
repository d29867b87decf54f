"""Answers of the API, kept as bytes: many clients that poll cost little more than one."""

import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Header = tuple[bytes, bytes]
# Path and query of a request.
Question = tuple[str, bytes]
# Status code, headers and body of an answer.
Sent = tuple[int, list[Header], bytes]

_KEPT: Final = 64
_MAX_BYTES: Final = 32 * 1024 * 1024
# Smaller bodies are not worth compressing.
_COMPRESS_FROM: Final = 1_400
JSON: Final = "application/json"


class Body:
    """Bytes to serve, their tag, and what is sent of them: worked out once for everybody who asks."""

    def __init__(self, content: bytes, media_type: str, tag: str) -> None:
        self.content = content
        self._compressible = len(content) >= _COMPRESS_FROM
        self._tag = tag.encode()
        headers = [(b"etag", self._tag), (b"cache-control", b"no-cache"), (b"vary", b"Accept-Encoding")]
        typed = [*headers, (b"content-type", media_type.encode())]
        self._unchanged: Sent = (304, headers, b"")
        self._plain: Sent = (200, [*typed, _length(content)], content)
        self._typed = typed
        self._packed: Sent | None = None

    def sent(self, asked: Mapping[bytes, bytes]) -> Sent:
        """The body, compressed where the client takes it; 304 where it has it already.

        asked : the request's headers, names in lower case
        """
        if self._tag in asked.get(b"if-none-match", b""):
            return self._unchanged
        if not self._compressible or b"gzip" not in asked.get(b"accept-encoding", b""):
            return self._plain
        if self._packed is None:
            packed = gzip.compress(self.content, 4, mtime=0)
            self._packed = (200, [*self._typed, (b"content-encoding", b"gzip"), _length(packed)], packed)
        return self._packed


def _length(content: bytes) -> Header:
    return b"content-length", str(len(content)).encode()


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
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._bytes = 0

    def get(
        self,
        question: Question,
        made_of: tuple[object, ...],
        at_most_every_s: float,
        make: Callable[[], bytes],
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

    def _drop(self, question: Question) -> None:
        self._bytes -= len(self._kept.pop(question).body.content)
