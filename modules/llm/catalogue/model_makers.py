"""Who made a model, as far as its id says: a gateway passes the models of many makers on."""

import re

# Families of models whose ids carry no maker's name, as gateways list them. A family that is missing here has no
# maker of its own: at one entry it is then taken for its siblings'.
FAMILIES = {
    "claude": "anthropic", "gpt": "openai", "chatgpt": "openai", "codex": "openai", "o1": "openai", "o3": "openai",
    "o4": "openai", "gemini": "google", "gemma": "google", "grok": "x-ai", "kimi": "moonshotai",
    "moonshot": "moonshotai", "deepseek": "deepseek", "qwen": "qwen", "qwq": "qwen", "glm": "z-ai",
    "llama": "meta-llama",
    "mistral": "mistralai", "mixtral": "mistralai", "magistral": "mistralai", "ministral": "mistralai",
    "codestral": "mistralai", "devstral": "mistralai", "pixtral": "mistralai", "minimax": "minimax",
}  # fmt: skip


def maker_of(model_id: str) -> str:
    """Who made the model of this id: its family's maker, else the part before its slash, else ""."""
    vendor, _, name = model_id.lower().rpartition("/")
    for word in re.findall(r"[a-z]+\d*", name):
        if maker := FAMILIES.get(word) or FAMILIES.get(word.rstrip("0123456789")):
            return maker
    return vendor.rpartition("/")[2]
