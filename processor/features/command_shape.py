r"""The shape of a command line, compared among runs of one program: five columns and a gate.

The gate is the masked executable path and whether the session is the system's. Columns, each scaled so that
0.1 is a small step: ln(1 + delimiters), ln(1 + length), entropy in bits / 4, 10 x share of special
characters, 5 x case flips / length. Found on msticpy's data, as "numeric5", with 10 x case flips; half of it
flags fewer temporary file names and no fewer attacks (docs/detection.md says what each choice is worth).
"""

from typing import Final

from processor.events.event import PROCESS, Event
from processor.features.measures import Feature, five_times_share, log1p, quarter_bits, ten_times_share
from processor.features.msticpy import command_line_length, command_line_tokens
from processor.features.text import case_flips, entropy_thousandths, special_count

COLUMNS: Final = ("delimiters", "length", "entropy", "special_share", "case_flips")
GATE: Final = ("executable_masked", "system_session")
EPS: Final = 0.1


def entropy(event: Event) -> int:
    """Entropy of the command line, thousandths of a bit."""
    return entropy_thousandths(event.command_line)


def specials(event: Event) -> int:
    """Special characters of the command line."""
    return special_count(event.command_line)


def flips(event: Event) -> int:
    """Changes of case within the words of the command line."""
    return case_flips(event.command_line)


FEATURES: Final = (
    Feature("delimiters", PROCESS, (command_line_tokens,), log1p),
    Feature("length", PROCESS, (command_line_length,), log1p),
    Feature("entropy", PROCESS, (entropy,), quarter_bits),
    Feature("special_share", PROCESS, (specials, command_line_length), ten_times_share),
    Feature("case_flips", PROCESS, (flips, command_line_length), five_times_share, version=2),
)
