"""`parlance --list-models`: the models, a line each, for people and for scripts."""

import sys

from modules.chat.wording.model_summary import UNIT, columns
from modules.config import Config
from modules.llm.catalogue.catalogue_cache import load
from modules.text.sanitize import clean


def run(config: Config) -> int:
    """Print them. Returns the exit code."""
    models = load(config.shipped_models, config.user_models, config.get, config.state_folder / "catalogue")
    for model in models:
        facts = columns(model, config.has_key(model.provider.key_variable), models.lists(model), UNIT)
        sys.stdout.write(clean("\t".join(facts)) + "\n")
    sys.stdout.flush()
    return 0
