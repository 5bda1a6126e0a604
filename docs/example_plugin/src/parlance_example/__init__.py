"""An example of a plugin for Parlance."""

from pathlib import Path

MODELS = Path(__file__).with_name("models.yaml")  # in the form of a person's own models.yaml
