"""The JSON Schemas of published records, shipped with the package."""

from importlib.resources import files


def anomaly_schema() -> str:
    """JSON Schema (draft 2020-12) of an anomaly record's value, as text."""
    return files(__package__).joinpath("anomaly.json").read_text(encoding="utf-8")
