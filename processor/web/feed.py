"""What the page lists, kept up with the status: each published anomaly is read once."""

from collections.abc import Sequence

from processor.pipeline import Published
from processor.status import Status
from processor.web.episodes import Book
from processor.web.summaries import Listed, listed


class Feed:
    """All anomalies that a status holds; used by the web thread alone.

    newest_first : the anomalies; book : their episodes
    """

    def __init__(self) -> None:
        self._seen: tuple[Published, ...] = ()
        self._first = 0
        self._kept: list[Listed] = []
        self.newest_first: Sequence[Listed] = ()
        self.book = Book()

    def of(self, status: Status) -> "Feed":
        """Itself, as of a status."""
        if status.anomalies is self._seen:
            return self
        first = status.anomalies_seen - len(status.anomalies)
        gone = min(max(0, first - self._first), len(self._kept))
        for each in self._kept[:gone]:
            self.book.drop(each.summary)
        known = self._kept[gone:]
        unread = [
            listed(number, published.value)
            for number, published in enumerate(status.anomalies[len(known) :], first + len(known))
        ]
        for each in unread:
            self.book.add(each.summary)
        self._kept = known + unread
        self._first = first
        self.newest_first = self._kept[::-1]
        self._seen = status.anomalies
        return self
