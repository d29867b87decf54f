"""Logons in words: account, domain, type, SID, source, package."""

from dataclasses import dataclass

from processor.events.event import Event
from processor.picture.draft import logon_type_name
from processor.picture.picture import NOISE
from processor.study.members import Cluster


@dataclass(frozen=True, slots=True)
class LogonDetail:
    """A logon that stands for a cluster; times in ms since 1970 UTC."""

    account: str
    domain: str
    sid: str
    type: str
    outcome: str
    source: str
    package: str
    host: str
    logon_id: str
    size: int
    noise: bool
    first: int
    last: int


def detail(cluster: Cluster, event: Event) -> LogonDetail:
    """The cluster's exemplar, told in full."""
    domain, _, name = event.account.rpartition("\\")
    return LogonDetail(
        account=event.user_name or name,
        domain=event.user_domain or domain,
        sid=event.user_id,
        type=logon_type_name(event.logon_type),
        outcome=event.outcome,
        source=event.source_ip or "this host",
        package=event.authentication_package,
        host=event.host,
        logon_id=event.logon_id,
        size=cluster.size,
        noise=cluster.id == NOISE,
        first=cluster.first_time,
        last=cluster.last_time,
    )
