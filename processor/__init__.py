"""eventcluster: exact sliding-window DBSCAN over process and logon events, between Kafka and alerting."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.clustering.dbscan import SlidingDBSCAN

__all__ = ["SlidingDBSCAN"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the clusterer only when it is asked for: river costs a second, the service does not need it."""
    if name == "SlidingDBSCAN":
        from processor.clustering.dbscan import SlidingDBSCAN

        return SlidingDBSCAN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
