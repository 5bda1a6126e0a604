"""Finding a model from what a person typed."""

import pytest
from msgspec.structs import replace

from modules.errors import AmbiguousModel, UnknownModel
from modules.llm.models import Model, ModelRegistry, Profile, Provider

GROQ = Provider(name="groq", title="Groq", dialect="openai-chat", base_url="https://api.groq.com")
LAB = Provider(
    name="lab",
    title="The lab",
    dialect="openai-chat",
    base_url="http://localhost:8080/v1",
    profile=Profile(strict_roles=True),
)
LLAMA = Model(
    name="llama-3.3-70b",
    id="llama-3.3-70b-versatile",
    provider=GROQ,
    aliases=("llama",),
    retired={"llama-3.1-70b": "was retired by Groq"},
)
OSS = Model(name="gpt-oss-120b", id="openai/gpt-oss-120b", provider=GROQ, note="Open weights.")
OSS_SMALL = Model(name="gpt-oss-20b", id="openai/gpt-oss-20b", provider=GROQ)
LAB_OSS = Model(name="gpt-oss-20b", id="gpt-oss:20b", provider=LAB)
TUNED = Model(name="tuned", id="ft:base:org/us:7", provider=LAB, aliases=("mine",))


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry([LLAMA, OSS, OSS_SMALL, LAB_OSS, TUNED], default="groq:llama-3.3-70b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("groq:llama-3.3-70b", LLAMA),
        ("groq/llama-3.3-70b", LLAMA),
        ("llama-3.3-70b", LLAMA),
        ("  LLaMA-3.3-70B ", LLAMA),
        ("Groq : llama-3.3-70b", LLAMA),
        ("GROQ:LLAMA", LLAMA),
        ("llama", LLAMA),
        ("llama-3.3-70b-versatile", LLAMA),
        ("llama-3", LLAMA),
        ("groq:openai/gpt-oss-120b", OSS),
        ("openai/gpt-oss-120b", OSS),
        ("openai/gpt-oss-1", OSS),
        ("groq:gpt-oss-20b", OSS_SMALL),
        ("lab:gpt-oss-20b", LAB_OSS),
        ("gpt-oss:20b", LAB_OSS),
        ("lab:gpt-oss:20b", LAB_OSS),
        ("lab/gpt-oss:20b", LAB_OSS),
        ("lab:ft:base:org/us:7", TUNED),
        ("ft:base:org/us:7", TUNED),
        ("mine", TUNED),
    ],
)
def test_every_way_of_naming_a_model_finds_it(registry: ModelRegistry, text: str, expected: Model) -> None:
    assert registry.find(text).model is expected


def test_a_model_found_by_its_name_has_only_its_own_note(registry: ModelRegistry) -> None:
    assert registry.find("groq:llama").note == ""
    assert registry.find("gpt-oss-120b").note == "Open weights."


@pytest.mark.parametrize("text", ["groq:llama-3.1-70b", "llama-3.1-70b", "groq/LLAMA-3.1-70b"])
def test_a_retired_name_finds_the_successor_and_says_so(registry: ModelRegistry, text: str) -> None:
    choice = registry.find(text)
    assert choice.model is LLAMA
    assert choice.note == "llama-3.1-70b was retired by Groq; llama-3.3-70b is its successor."


def test_an_unknown_id_of_a_known_provider_is_accepted_with_a_note(registry: ModelRegistry) -> None:
    choice = registry.find("groq:brand-new/model:free")
    assert (choice.model.id, choice.model.full_name) == ("brand-new/model:free", "groq:brand-new/model:free")
    assert (choice.model.known, choice.model.window, choice.model.price) == (False, None, None)
    assert "is not in models.yaml" in choice.note


def test_an_unknown_id_that_is_nearly_a_known_one_asks_whether_that_was_meant(registry: ModelRegistry) -> None:
    assert registry.find("groq:llama-3.3-7b").note.endswith("Did you mean groq:llama-3.3-70b?")


def test_an_unknown_id_takes_the_profile_of_its_provider(registry: ModelRegistry) -> None:
    assert registry.find("lab:whatever").model.profile.strict_roles
    empty = ModelRegistry([], [LAB])
    assert empty.find("lab:whatever").model.profile.strict_roles


def test_a_name_that_two_providers_have_is_asked_back(registry: ModelRegistry) -> None:
    with pytest.raises(AmbiguousModel) as caught:
        registry.find("gpt-oss-20b")
    assert str(caught.value) == '"gpt-oss-20b" could be groq:gpt-oss-20b or lab:gpt-oss-20b. Type more of the name.'


def test_of_two_providers_of_the_same_id_the_first_is_meant_by_every_bare_name() -> None:
    other = replace(LAB, name="annex")
    here = Model(name="nova-2", id="nova-2", provider=LAB, retired={"nova-1": "is gone"})
    there = Model(name="nova-2", id="models/Nova-2", provider=other, retired={"nova-1": "is gone"}, aliases=("star",))
    models = ModelRegistry([here, there])
    for bare in ("nova-2", "nova", "nova-1"):
        assert models.find(bare).model is here
    assert models.find("annex:nova").model is there
    assert models.find("star").model is there
    assert ModelRegistry([there, here]).find("nova-2").model is there


def test_a_beginning_of_several_names_is_asked_back(registry: ModelRegistry) -> None:
    with pytest.raises(AmbiguousModel, match="groq:gpt-oss-120b or groq:gpt-oss-20b"):
        registry.find("groq:gpt-oss")


def test_a_whole_name_wins_over_a_longer_one_that_begins_with_it() -> None:
    short = Model(name="nova", id="nova", provider=LAB)
    long = Model(name="nova-2", id="nova-2", provider=LAB)
    assert ModelRegistry([long, short]).find("nova").model is short


def test_a_name_wins_over_anothers_alias() -> None:
    named = Model(name="nova", id="n", provider=LAB)
    aliased = Model(name="star", id="s", provider=GROQ, aliases=("nova",))
    assert ModelRegistry([aliased, named]).find("nova").model is named


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("lama", "Did you mean groq:llama-3.3-70b?"),
        ("versatile", "Did you mean groq:llama-3.3-70b?"),
        ("gpt-oss-10b", "Did you mean groq:gpt-oss-120b, groq:gpt-oss-20b or lab:gpt-oss-20b?"),
        ("zzz", "/models lists what there is."),
        ("", "/models lists what there is."),
        (":", "/models lists what there is."),
        ("nowhere:llama-3.3-70b", "Did you mean groq:llama-3.3-70b?"),
    ],
)
def test_what_names_nothing_is_refused_with_the_nearest_names(registry: ModelRegistry, text: str, cure: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        registry.find(text)
    assert caught.value.cure.startswith(cure)


def test_a_provider_alone_asks_which_of_its_models(registry: ModelRegistry) -> None:
    for text in ("groq:", "groq/", "Groq: "):
        with pytest.raises(UnknownModel, match=r"Which model of Groq.*For example groq:llama-3.3-70b"):
            registry.find(text)


def test_a_provider_without_models_asks_without_an_example() -> None:
    with pytest.raises(UnknownModel) as caught:
        ModelRegistry([], [LAB]).find("lab:")
    assert str(caught.value) == "Which model of The lab? /models lists them."


def test_a_listed_model_is_found_and_the_catalogues_entry_stays(registry: ModelRegistry) -> None:
    fresh = Model(name="fresh-1", id="fresh-1", provider=GROQ)
    registry.learn(GROQ, [fresh, Model(name="other", id=LLAMA.id, provider=GROQ)])
    assert registry.find("groq:fresh-1").model is fresh
    assert registry.find("groq:llama-3.3-70b-versatile").model is LLAMA
    assert registry.of("groq") == [LLAMA, OSS, OSS_SMALL, fresh]


def test_an_id_that_the_providers_own_list_lacks_is_accepted_and_it_is_said(registry: ModelRegistry) -> None:
    # Lists leave out what answers all the same: variants such as ":nitro", fine-tunes, what a contract adds.
    registry.learn(GROQ, [Model(name="fresh-1", id="fresh-1", provider=GROQ)])
    choice = registry.find("groq:fresh-11")
    assert choice.model.id == "fresh-11"
    assert choice.note.endswith("Groq does not list fresh-11. Did you mean groq:fresh-1?")
    assert registry.find("gpt-oss-120b").note == "Open weights. Groq does not list gpt-oss-120b."


def test_a_listed_model_is_found_without_its_provider_too(registry: ModelRegistry) -> None:
    fresh = Model(name="fresh-1", id="fresh-1", provider=GROQ)
    registry.learn(GROQ, [fresh])
    assert registry.find("fresh-1").model is fresh


def test_a_beginning_finds_the_catalogues_model_before_any_listed_one(registry: ModelRegistry) -> None:
    registry.learn(LAB, [Model(name="tuned-again", id="tuned-again", provider=LAB)])
    assert registry.find("tun").model is TUNED


def test_an_id_that_two_entries_share_is_asked_back() -> None:
    first = Model(name="calm", id="base", provider=LAB)
    second = Model(name="quick", id="base", provider=LAB)
    with pytest.raises(AmbiguousModel, match="lab:calm or lab:quick"):
        ModelRegistry([first, second]).find("lab:base")


def test_an_id_wins_over_the_same_word_as_a_beginning_at_one_provider(registry: ModelRegistry) -> None:
    registry.learn(LAB, [Model(name="qwen", id="qwen", provider=LAB), Model(name="qwen-2", id="qwen-2", provider=LAB)])
    assert registry.find("lab:qwen").model.id == "qwen"


@pytest.mark.parametrize(
    ("url", "local", "host"),
    [
        ("http://localhost:11434/v1", True, "localhost:11434"),
        ("http://127.0.0.2:1/v1", True, "127.0.0.2:1"),
        ("http://[::1]:8080/v1", True, "[::1]:8080"),
        ("http://LOCALHOST/v1", True, "LOCALHOST"),
        ("https://api.groq.com", False, "api.groq.com"),
        ("http://127.evil.test/v1", False, "127.evil.test"),
        ("http://localhost.evil.test/v1", False, "localhost.evil.test"),
        ("offline:", False, "offline:"),
    ],
)
def test_only_this_machine_is_local(url: str, local: bool, host: str) -> None:
    provider = Provider(name="x", title="X", dialect="openai-chat", base_url=url)
    assert (provider.is_local, provider.host) == (local, host)
