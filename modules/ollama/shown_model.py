"""What Ollama says of a model that it holds, in /api/show: how much it reads, and what it can."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct

from modules.llm.catalogue.learned_facts import Learned
from modules.llm.models import Level, Model, Provider
from modules.ollama.transformer import SWITCH

# docs/capabilities/thinking.mdx: these take a word for how much, and do not stop thinking.
BY_WORDS = ("gptoss", "gpt-oss")
WORDS: tuple[Level, ...] = ("low", "medium", "high")
FIXED = re.compile(r"^\s*num_ctx\s+(\d{1,9})\s*$", re.M)


class ShownModel(Struct, frozen=True):
    """`window` and `context`, the num_ctx of its Modelfile, are tokens; None where it does not say.

    `capabilities` is None at servers before 0.6.4, which say nothing of them.
    """

    window: int | None = None
    context: int | None = None
    capabilities: frozenset[str] | None = None
    levels: tuple[Level, ...] = ()

    @property
    def chats(self) -> bool:
        """Whether it answers at all: a model for embeddings does not."""
        return self.capabilities is None or "completion" in self.capabilities

    def facts(self, model: Model) -> dict[str, Any]:
        """What is otherwise than in the catalogue. It may only bound what a person wrote there."""
        facts: dict[str, Any] = {}
        fixed = model.profile.context
        bounds = [bound for bound in (self.window, fixed or self.context, model.window) if bound]
        if bounds and min(bounds) != model.window:
            facts["window"] = min(bounds)
        if self.context is not None and fixed is None:
            facts["context"] = min(bounds)
        if self.capabilities is None:
            return facts
        if model.tools and "tools" not in self.capabilities:
            facts["tools"] = False
        if model.vision and "vision" not in self.capabilities:
            facts["images"] = 0
        thinks = "thinking" in self.capabilities
        if thinks != bool(model.reasoning):
            facts["reasoning"] = self.levels if thinks else ()
        return facts


def read_shown(said: Any) -> ShownModel:
    """What an answer of /api/show says; whatever has another shape says nothing."""
    if not isinstance(said, dict):
        return ShownModel()
    about, capabilities = _mapping(said.get("model_info")), said.get("capabilities")
    family = str(about.get("general.architecture") or _mapping(said.get("details")).get("family"))
    fixed = FIXED.search(said["parameters"]) if isinstance(said.get("parameters"), str) else None
    return ShownModel(
        window=_tokens(about.get(f"{family}.context_length")),
        context=_tokens(int(fixed[1])) if fixed else None,
        capabilities=frozenset(map(str, capabilities)) if isinstance(capabilities, list) and capabilities else None,
        levels=WORDS if family in BY_WORDS else SWITCH,
    )


def listed_model(provider: Provider, id: str, shown: ShownModel) -> Model:
    """The model of a list, as the server shows it."""
    assumed = Model(name=id, id=id, provider=provider, vision=True, profile=provider.profile, known=False)
    return replace(Learned(**shown.facts(assumed)).applied(assumed), known=shown.capabilities is not None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10**9 else None
