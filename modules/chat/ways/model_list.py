"""`parlance --list-models`: the models, a line each, for people and for scripts."""

import sys

from modules.chat.start.own_models import own_models
from modules.chat.wording.model_summary import columns
from modules.config import Config
from modules.text.sanitize import clean


def run(config: Config) -> int:
    """Print them. Returns the exit code."""
    models = own_models(config)
    for model in models:
        facts = columns(model, config.has_key(model.provider.key_variable), models.lists(model), alone=True)
        sys.stdout.write(clean("\t".join(facts)) + "\n")
    sys.stdout.flush()
    return 0
