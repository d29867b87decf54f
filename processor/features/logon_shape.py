"""How an account logs on from an address: logon type and authentication package, compared for equality.

The gate is (account, source address). The outcome is no column: a failed logon shall be found by what it is.
"""

from typing import Final

from processor.events.event import LOGON, Event
from processor.features.measures import Feature, whole
from processor.features.msticpy import logon_type
from processor.features.text import text_crc32

COLUMNS: Final = ("logon_type", "authentication_package")
GATE: Final = ("account", "source_address")
EPS: Final = 0.5

# Numbers of the usual packages; another one is numbered by its name, above these. A password is what is meant
# where none is named: of sshd's lines only those of unknown users name none, which would tell how they ended.
_PACKAGES: Final = {
    name: index
    for index, name in enumerate(
        (
            "",
            "negotiate",
            "kerberos",
            "ntlm",
            "microsoft_authentication_package_v1_0",
            "cloudap",
            "wdigest",
            "schannel",
            "password",
            "publickey",
            "keyboard-interactive",
        )
    )
} | {"password": 0}


def authentication_package(event: Event) -> int:
    """A number that stands for the authentication package, case ignored; 0 for none and a password."""
    name = event.authentication_package.strip().lower()
    known = _PACKAGES.get(name)
    return len(_PACKAGES) + text_crc32(name) if known is None else known


FEATURES: Final = (
    Feature("logon_type", LOGON, (logon_type,), whole),
    Feature("authentication_package", LOGON, (authentication_package,), whole, version=2),
)
