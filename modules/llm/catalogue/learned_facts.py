"""What a model at one endpoint turned out to be: facts from its refusals, kept across runs, laid over the catalogue."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from modules.llm.catalogue.model_makers import maker_of
from modules.llm.dialects import about
from modules.llm.models import Level, Model
from modules.own_files import read_bytes


class Learned(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about one model at one endpoint; None and empty mean that nothing was learned. Names are as in Profile.

    `images` is how many pictures a request may hold, 0 for none. `window`, `context` and `output_limit` are tokens.
    `stop_words` are words that its answers ended with and that nobody knows; they are only shown.
    """

    refused: tuple[str, ...] = ()
    output_limit: int | None = None
    window: int | None = None
    images: int | None = None
    documents: bool | None = None
    tools: bool | None = None
    reasoning: tuple[Level, ...] | None = None
    context: int | None = None
    call_ids: Literal["mistral9"] | None = None
    strict_roles: bool | None = None
    system: Literal["head", "user"] | None = None
    developer: bool | None = None
    bridge: bool | None = None
    reasoning_required: str | None = None
    call_signature: str | None = None
    web_search: Literal[""] | None = None
    stop_words: tuple[str, ...] = ()

    def with_facts(self, **facts: Any) -> "Learned":
        """These facts and those; lists grow, a limit is only ever lowered, and a window is what was said last."""
        for name in LISTS:
            if name in facts:
                facts[name] = tuple(dict.fromkeys((*getattr(self, name), *facts[name])))
        for name in ("output_limit", "images"):
            known = getattr(self, name)
            if name in facts and known is not None:
                facts[name] = min(known, facts[name])
        return structs.replace(self, **facts)

    def applied(self, model: Model) -> Model:
        """The model as it turned out to be."""
        if self == NOTHING:
            return model
        profile = model.profile
        changes: dict[str, Any] = {name: value for name in OVERLAID if (value := getattr(self, name)) is not None}
        if self.refused:
            changes["refused"] = tuple(dict.fromkeys((*profile.refused, *self.refused)))
        return replace(
            model,
            window=model.window if self.window is None else self.window,
            tools=model.tools if self.tools is None else self.tools,
            vision=model.vision and self.images != 0,
            documents=model.documents if self.documents is None else self.documents,
            reasoning=model.reasoning if self.reasoning is None else self.reasoning,
            profile=structs.replace(profile, **changes),
        )

    def words(self) -> list[str]:
        """Each fact in words, for people."""
        phrases = [f"the field {path} is left out" for path in self.refused]
        phrases += [f"at most {self.output_limit} tokens of output are asked for"] if self.output_limit else []
        phrases += [f"its window is {self.window} tokens"] if self.window else []
        if self.images is not None:
            phrases.append(f"at most {self.images} pictures" if self.images else "no pictures")
        facts = (
            (self.documents is False, "no documents"),
            (self.tools is False, "no tools"),
            (self.web_search == "", "its provider's own web search is refused"),
            (self.reasoning == (), "it does not think"),
            (bool(self.call_ids), "ids of tool calls are nine letters and digits"),
            (bool(self.strict_roles), "user and assistant take turns, after one system message"),
            (self.system == "head", "instructions stand at the head only"),
            (self.system == "user", "instructions go with a message of yours"),
            (self.developer is False, "instructions are a system message"),
            (bool(self.reasoning_required or self.call_signature), "calls carry the reasoning that it demands"),
            (bool(self.bridge), "an answer stands between a tool's result and your message"),
        )
        phrases += [text for holds, text in facts if holds]
        return phrases + [f'answers ended with the unknown word "{word}"' for word in self.stop_words]


# Facts that take the place of the profile's field of that name.
OVERLAID = (
    "output_limit", "context", "images", "call_ids", "strict_roles", "system", "developer", "bridge",
    "reasoning_required", "call_signature", "web_search",
)  # fmt: skip
LISTS = ("refused", "stop_words")  # facts of which there may be several
NOTHING = Learned()
# What the maker of a model demands wherever the model is served: Mistral's own tokenizer checks the ids of calls, at
# vLLM and OpenRouter as well (NousResearch/hermes-agent#20154).
BY_MAKER = {"mistralai": Learned(call_ids="mistral9", bridge=True)}


class LearnedFacts:
    """All that was learned, by model and endpoint. Kept in a small file; trouble with it costs only a second lesson."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lasting: dict[str, Learned] | None = None
        self._passing: dict[str, Learned] = {}
        self._made: dict[int, tuple[Model, Model]] = {}  # by identity: a model is asked about with every request

    def of(self, model: Model) -> Learned:
        """What is known of this model beyond the catalogue."""
        return self._at(_key(model))

    def _at(self, key: str) -> Learned:
        known = self._kept().get(key, NOTHING)
        passing = self._passing.get(key)
        return known if passing is None else known.with_facts(**_given(passing))

    def applied(self, model: Model) -> Model:
        """The model as it turned out to be; the very same object where nothing was learned."""
        known = self._made.get(id(model))
        if known is None or known[0] is not model:
            known = self._made[id(model)] = model, self._applied(model)
        return known[1]

    def _applied(self, model: Model) -> Model:
        learned = self.of(model)
        maker = BY_MAKER.get(maker_of(model.id)) if about(model.provider.dialect).many_servers else None
        if maker is not None:
            learned = maker.with_facts(**_given(learned))
        return learned.applied(model)

    def note(self, model: Model, *, lasting: bool = True, **facts: Any) -> bool:
        """Remember facts; whether any of them is news. What is not `lasting` goes with the program.

        None forgets a fact. What was noted last holds, whether it lasts or not.
        """
        before, key = self.of(model), _key(model)
        if before.with_facts(**facts) == before:
            return False
        self._made.clear()
        if not lasting:
            self._passing[key] = self._passing.get(key, NOTHING).with_facts(**facts)
            return True
        if key in self._passing:
            gone = {name: None for name in facts if name not in LISTS}
            self._passing[key] = structs.replace(self._passing[key], **gone)
        self._lasting = self._read()  # another program may have learned meanwhile
        self._lasting[key] = self._lasting.get(key, NOTHING).with_facts(**facts)
        self._write()
        return True

    def known(self) -> list[tuple[str, Learned]]:
        """All that was learned, with the provider's name and the model's id."""
        keys = dict.fromkeys((*self._kept(), *self._passing))
        return [(_name(key), self._at(key)) for key in keys]

    def forget(self, names: Iterable[str]) -> list[str]:
        """Forget what was learned of these, named as `known` does; gives those of which there was anything."""
        self._made.clear()
        self._lasting = self._read()
        keys = {key: _name(key) for key in (*self._lasting, *self._passing)}
        wanted = set(names)
        gone = [key for key, name in keys.items() if name in wanted]
        for key in gone:
            self._lasting.pop(key, None)
            self._passing.pop(key, None)
        if gone:
            self._write()
        return [keys[key] for key in gone]

    def _kept(self) -> dict[str, Learned]:
        if self._lasting is None:
            self._lasting = self._read()
        return self._lasting

    def _read(self) -> dict[str, Learned]:
        if self._path is None:
            return dict(self._lasting or {})
        try:
            values = msgspec.json.decode(read_bytes(self._path), type=dict[str, msgspec.Raw])
        except (OSError, msgspec.MsgspecError, ValueError):
            return {}
        found = {}
        for key, value in values.items():
            with contextlib.suppress(msgspec.MsgspecError, ValueError):  # a fact of another release
                found[key] = msgspec.json.decode(value, type=Learned)
        return found

    def _write(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self._lasting)) + b"\n")
            beside.replace(self._path)


def _key(model: Model) -> str:
    return f"{model.provider.name} {model.provider.base_url.rstrip('/')} {model.id}"


def _name(key: str) -> str:
    provider, _, rest = key.partition(" ")
    return f"{provider}:{rest.partition(' ')[2]}"


def _given(learned: Learned) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(learned)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
