"""The configuration: YAML and environment in, frozen Settings out."""

from processor.config.load import load
from processor.config.model import Settings

__all__ = ["Settings", "load"]
