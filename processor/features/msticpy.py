"""msticpy's event-clustering features, by its own names and values (analysis/eventcluster.py).

Process: `msticpy.analysis.eventcluster.add_process_features`; logon: its notebooks. Not taken: processNameLen
and the other text columns, which its documentation does not cluster on.
"""

from typing import Final

from processor.events.event import LOGON, PROCESS, Event
from processor.features.measures import Feature, log10_or_zero, whole
from processor.features.text import delimiter_count, delimiters_crc32, ordinal_sum, text_crc32

HOUR_MS: Final = 3_600_000

# The sets of its notebooks: each row divided by its L2 norm, eps 1e-4, min_samples 2.
PROCESS_SET: Final = ("commandlineTokensFull", "pathScore", "isSystemSession")
LOGON_SET: Final = ("AccountNum", "LogonType")
EPS: Final = 1e-4


def command_line_tokens(event: Event) -> int:
    """Delimiters in the command line."""
    return delimiter_count(event.command_line)


def command_line_length(event: Event) -> int:
    """Characters of the command line."""
    return len(event.command_line)


def command_line_score(event: Event) -> int:
    """Sum of the code points of the command line."""
    return ordinal_sum(event.command_line)


def command_line_tokens_hash(event: Event) -> int:
    """CRC32 of the command line's delimiters."""
    return delimiters_crc32(event.command_line)


def path_score(event: Event) -> int:
    """Sum of the code points of the executable's full path."""
    return ordinal_sum(event.executable)


def path_hash(event: Event) -> int:
    """CRC32 of the executable's full path."""
    return text_crc32(event.executable)


def system_session(event: Event) -> int:
    """1 for the operating system's own session."""
    return int(event.system_session)


def account_num(event: Event) -> int:
    """Sum of the code points of the account."""
    return ordinal_sum(event.account)


def logon_type(event: Event) -> int:
    """Windows' logon type; 0 where the source has none."""
    return event.logon_type or 0


def logon_hour(event: Event) -> int:
    """Hour of the day, UTC; 0 where the record has no time of its own."""
    return event.time // HOUR_MS % 24 if event.time is not None else 0


FEATURES: Final = (
    Feature("commandlineTokensFull", PROCESS, (command_line_tokens,), whole),
    Feature("commandlineLen", PROCESS, (command_line_length,), whole),
    Feature("commandlineLogLen", PROCESS, (command_line_length,), log10_or_zero),
    Feature("commandlineScore", PROCESS, (command_line_score,), whole),
    Feature("commandlineScoreLog", PROCESS, (command_line_score,), log10_or_zero),
    Feature("commandlineTokensHash", PROCESS, (command_line_tokens_hash,), whole),
    Feature("pathScore", PROCESS, (path_score,), whole),
    Feature("pathLogScore", PROCESS, (path_score,), log10_or_zero),
    Feature("pathHash", PROCESS, (path_hash,), whole),
    Feature("isSystemSession", PROCESS, (system_session,), whole),
    Feature("AccountNum", LOGON, (account_num,), whole),
    Feature("LogonType", LOGON, (logon_type,), whole),
    Feature("LogonHour", LOGON, (logon_hour,), whole, sketched=False),
)
