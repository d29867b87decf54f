"""HTTP as uvicorn speaks it by httptools, with bounds that its parser does not have."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Nobody who reads the page sends more.
_MAX_REQUEST_BYTES: Final = 64 * 1024
_MAX_WAITING: Final = 16


class BoundedHttp(HttpToolsProtocol):
    """One connection. A request of more than 64 KiB, or a seventeenth behind an unanswered one, ends it."""

    _unfinished = 0

    def data_received(self, data: bytes) -> None:
        """Bytes from the client; the parser would keep headers without end."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > _MAX_REQUEST_BYTES and not self.transport.is_closing():
            self.send_400_response("Request too large.")

    def on_message_begin(self) -> None:
        """A request begins. Raises what makes the parser answer 400."""
        if len(self.pipeline) >= _MAX_WAITING:
            raise ValueError("too many requests at once")
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self._unfinished = 0
        super().on_message_complete()
