"""Every error that eventcluster raises on purpose, named after what the caller should do about it.

EventclusterError
├── UsageError             bad command line or config: the user mends it (exit 2)
│   └── ConfigError        a key of the config: names key, value, file and what would be right
├── InvalidEvent           one record is broken: dead-letter it, go on
└── RunError               the service cannot go on: stop, the supervisor restarts it (exit 1)
    ├── BrokerUnreachable  no answer from the brokers
    ├── TopicMissing       a topic does not exist: create it with the command in the text
    ├── StateTopicWrong    the state topic would lose state: mend it with the command in the text
    ├── Fenced             another process has our instance name
    ├── CommitFailed       one buffer was aborted three times
    ├── DeadLetterFailed   a rejected record could not be kept: nothing may be lost
    ├── TooManyRejected    the input is not what the config says: do not drain it into dead letters
    └── OutputFailed       a file or topic refused what we wrote (disk full, permission)
"""


class EventclusterError(Exception):
    """Base of all errors raised on purpose; its text is shown to the user without a traceback."""


class UsageError(EventclusterError):
    """The command line or the config asks for something that cannot be done."""


class ConfigError(UsageError):
    """A config key has a value that cannot be used."""


class InvalidEvent(EventclusterError):
    """A process or logon event is broken: says which field and why.

    reason : one of a closed set, a metric label (`REASONS` in events.event)
    field : the field at fault, as the source spells it; `value` when the record as a whole is at fault
    """

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.reason = reason
        self.field = field
        self.message = message

    def inside(self, path: str) -> "InvalidEvent":
        """The same of a part of a record, under the part's path."""
        return InvalidEvent(self.reason, f"{path}.{self.field}", self.message)


class RunError(EventclusterError):
    """The service cannot go on."""


class BrokerUnreachable(RunError):
    """No broker answered."""


class TopicMissing(RunError):
    """A topic that the config names does not exist."""


class StateTopicWrong(RunError):
    """The state topic is not as state needs it."""


class Fenced(RunError):
    """Another process runs with the same kafka.instance."""


class CommitFailed(RunError):
    """A transaction could not be committed."""


class DeadLetterFailed(RunError):
    """A rejected record could not be written to the dead-letter topic."""


class TooManyRejected(RunError):
    """The share of rejected records passed dead_letters.max_ratio or max_in_a_row."""


class OutputFailed(RunError):
    """An output could not be written."""
