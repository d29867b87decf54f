"""What is not wrong with a config and should be looked at all the same."""

from datetime import date

from processor.config.model import Settings


def advice(settings: Settings, today: date) -> list[str]:
    """One line a finding; `today` is the day in UTC."""
    return [
        f"suppress[{index}] ({entry.reason}) ended on {entry.expires}: take it out, or set a later day"
        for index, entry in enumerate(settings.suppress)
        if entry.expires is not None and entry.expires < today
    ]
