"""The models of an Ollama on this machine, asked for without its SDK: a look that no first prompt waits for."""

from modules.llm.http.endpoint import roots
from modules.llm.http.model_list_parser import entries_in
from modules.llm.models import Model, Provider
from modules.llm.network.loopback import Ask
from modules.ollama.shown_model import listed_model, read_shown

MOST_MODELS = 100  # each is asked about


def nearby_models(provider: Provider, ask: Ask) -> list[Model]:
    """Those that chat, as /api/show says of each; nothing where what listens is no Ollama."""
    root = roots(provider, "/api")[0]
    said = ask(f"{root}/tags", None)
    entries = entries_in(said) if isinstance(said, dict) and "models" in said else []
    shown = {entry["id"]: read_shown(ask(f"{root}/show", {"model": entry["id"]})) for entry in entries[:MOST_MODELS]}
    return [listed_model(provider, id, one) for id, one in shown.items() if one.chats]
