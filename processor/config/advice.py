"""What is not wrong with a config and should be looked at all the same."""

from datetime import date

from processor.config.model import Settings


def advice(settings: Settings, today: date) -> list[str]:
    """One line a finding; `today` is the day in UTC."""
    found = []
    for index, entry in enumerate(settings.suppress):
        rule = f"suppress[{index}] ({entry.reason})"
        if entry.expires is None:
            found.append(f"{rule} never ends: set expires, the day after which somebody looks at it again")
        elif entry.expires < today:
            found.append(f"{rule} ended on {entry.expires}: take it out, or set a later day")
    return found
