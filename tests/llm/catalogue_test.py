"""A models.yaml of the user's own: laid over the shipped one, every mistake told with its line."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from modules.errors import ConfigError
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.file_form import FileForm
from modules.llm.catalogue.price import Price
from modules.llm.catalogue.strict_yaml import Document
from modules.llm.models import Model, ModelRegistry

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = """\
default: acme:large
providers:
  acme:
    title: Acme
    dialect: openai-chat
    base_url: https://api.acme.test/v1
    base_url_variable: ACME_BASE_URL
    key_variable: ACME_API_KEY
    profile: {replay: [reasoning], call_ids: mistral9}
    models:
      large:
        id: acme-large-2
        aliases: [big]
        window: 1000
        price: {input: 1, output: 2, cache_read: 0.5}
        profile: {strict_roles: true}
      small:
        window: 500
        vision: true
"""

PIECES = [
    *("default: ", "providers", "acme", "models", "small", "window", "price", "profile", "aliases", "id", "reasoning"),
    *(": ", ":", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ", ", '"', "'", "#", "|", ">", "? ", "---", "..."),
    *("&a ", "*a", "!!x ", "%", "@", "\t", "\0", "\ufeff", "\u2028", "é", "null", "true", "0", "-1", "9" * 5000, "1.5"),
    "providers: {acme: {models: {small: {",
]

Load = Callable[..., ModelRegistry]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load_texts(user: str | bytes | None = None, shipped: str = SHIPPED, **variables: str) -> ModelRegistry:
        ours, theirs = tmp_path / "shipped.yaml", tmp_path / "user.yaml"
        ours.write_text(shipped)
        if user is not None:
            theirs.write_bytes(user if isinstance(user, bytes) else user.encode())
        return load(ours, theirs, lambda name: variables.get(name, ""))

    return load_texts


def model(registry: ModelRegistry, name: str) -> Model:
    return registry.find(name).model


def refusal(loaded: Load, user: str | bytes, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(user, **variables)
    return re.sub(r"\S*/(?=user\.yaml|shipped\.yaml)", "", str(caught.value))


class Fact(Struct, frozen=True):
    sort: str


@dataclass(frozen=True)
class Thing:
    """As Model may look tomorrow."""

    name: str
    size: Annotated[int, Meta(ge=1)] | None = None
    fact: Fact | None = None


def test_a_fact_that_is_written_once_in_its_class_may_stand_in_a_file_with_its_type_and_bounds(tmp_path: Path) -> None:
    form = FileForm(Thing, ("name",), {"models": dict[str, Any]})
    file = tmp_path / "user.yaml"
    file.write_text("size: 7\nfact: {sort: good}\nmodels: {}\n")
    document = Document(file)
    entry = form.checked(document, (), document.value)
    assert Thing("it", **form.values(entry)) == Thing("it", 7, Fact("good"))
    above = form.over(entry, {"size": None})
    assert Thing("it", **form.values(above)) == Thing("it", None, Fact("good"))
    mistakes = {
        "size: 0": ":1: size: expected an integer of at least 1.",
        "\nfact: {srt: good}": ':2: fact.srt: no such key. Did you mean "sort"?',
        "name: it": ":1: name: no such key.",
    }
    for text, words in mistakes.items():
        file.write_text(text)
        document = Document(file)
        with pytest.raises(ConfigError, match=re.escape(words)):
            form.checked(document, (), document.value)


def test_the_example_in_the_header_of_the_shipped_file_works(loaded: Load) -> None:
    text = (ROOT / "models.yaml").read_text()
    example = text[text.index("#   default:") : text.index("#\n# A model:")]
    registry = loaded(re.sub(r"(?m)^#   ", "", example), shipped=text)
    assert model(registry, registry.default).name == "claude-opus-5.5"
    assert "claude-opus-4.5" not in [entry.name for entry in registry]
    attic = model(registry, "attic:qwen")
    assert (attic.id, attic.window, attic.tools, attic.profile.strict_roles) == ("Qwen/Qwen3-8B", 32768, False, True)


def test_without_a_user_file_the_shipped_one_stands(loaded: Load) -> None:
    registry = loaded()
    large = model(registry, "big")
    assert (large.full_name, large.id, large.window) == ("acme:large", "acme-large-2", 1000)
    assert (large.profile.replay, large.profile.call_ids, large.profile.strict_roles) == (
        ("reasoning",),
        "mistral9",
        True,
    )
    assert model(registry, "small").id == "small"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "providers:\n", "\ufeffdefault: small\r\n"])
def test_a_nearly_empty_user_file_changes_nothing_else(loaded: Load, text: str) -> None:
    assert [entry.name for entry in loaded(text)] == ["large", "small"]


def test_a_given_field_replaces_and_the_others_stay(loaded: Load) -> None:
    large = model(loaded("providers: {acme: {models: {large: {window: 2000, price: {input: 3, output: 4}}}}}"), "large")
    assert (large.window, large.id, large.aliases) == (2000, "acme-large-2", ("big",))
    assert large.price == Price(input=3, output=4)


def test_a_profile_is_laid_over_key_by_key(loaded: Load) -> None:
    registry = loaded("providers: {acme: {profile: {call_ids: any}, models: {large: {profile: {mid_system: true}}}}}")
    profile = model(registry, "large").profile
    assert (profile.replay, profile.call_ids, profile.strict_roles, profile.mid_system) == (
        ("reasoning",),
        "any",
        True,
        True,
    )


def test_a_new_model_and_a_new_provider_are_added(loaded: Load) -> None:
    registry = loaded("""
providers:
  acme: {models: {huge: {}}}
  attic: {dialect: openai-chat, base_url: "http://localhost:9/v1", models: {tiny: {id: "a/b:c"}}}
""")
    assert [entry.full_name for entry in registry] == ["acme:large", "acme:small", "acme:huge", "attic:tiny"]
    assert (model(registry, "tiny").id, registry.providers["attic"].title) == ("a/b:c", "attic")


def test_a_model_or_provider_set_to_null_is_gone(loaded: Load) -> None:
    registry = loaded("default: ''\nproviders: {acme: {models: {small: null, unheard-of: null}}}")
    assert [entry.name for entry in registry] == ["large"]
    extra = SHIPPED + "  other: {dialect: openai-chat, base_url: 'https://other.test'}\n"
    assert list(loaded("providers: {other: null}", shipped=extra).providers) == ["acme"]


def test_a_fact_set_to_null_is_unknown(loaded: Load) -> None:
    large = model(loaded("providers: {acme: {models: {large: {window: null, price: null}}}}"), "large")
    assert (large.window, large.price) == (None, None)


def test_the_users_default_replaces_the_shipped_one(loaded: Load) -> None:
    assert loaded("default: small").default == "small"


def test_reasoning_levels_are_put_in_order(loaded: Load) -> None:
    registry = loaded("providers: {acme: {models: {large: {reasoning: [high, none, low]}}}}")
    assert model(registry, "large").reasoning == ("none", "low", "high")


def test_words_that_yaml_would_change_stay_words(loaded: Load) -> None:
    registry = loaded("providers: {acme: {models: {no: {}, 12:30: {}, 2026-01-01: {}, 4.7: {}, 0x10: {}}}}")
    assert [entry.name for entry in registry][2:] == ["no", "12:30", "2026-01-01", "4.7", "0x10"]


def test_an_address_is_taken_from_its_variable(loaded: Load) -> None:
    registry = loaded(ACME_BASE_URL="http://127.0.0.1:99/v1")
    assert model(registry, "large").provider.base_url == "http://127.0.0.1:99/v1"
    assert registry.providers["acme"].base_url == "http://127.0.0.1:99/v1"


def test_a_key_may_travel_unencrypted_only_where_the_user_says_so(loaded: Load) -> None:
    text = "providers: {acme: {base_url: 'http://box:80/v1'%s}}"
    assert loaded(text % ", insecure: true").providers["acme"].base_url == "http://box:80/v1"
    assert loaded(text % ", key_variable: null").providers["acme"].key_variable is None
    assert refusal(loaded, text % "") == (
        "user.yaml:1: providers.acme.base_url: the key ACME_API_KEY would travel unencrypted. "
        "Use https://, or write insecure: true for acme in your models.yaml if that network is yours."
    )


# Mistakes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("defualt: x", 'user.yaml:1: defualt: no such key. Did you mean "default"?'),
        ("\nproviders: {acme: {titel: A}}", 'user.yaml:2: providers.acme.titel: no such key. Did you mean "title"?'),
        (
            "providers:\n  acme:\n    models:\n      large:\n        windw: 3",
            'user.yaml:5: providers.acme.models.large.windw: no such key. Did you mean "window"?',
        ),
        (
            "providers:\n  acme:\n    models:\n      large:\n        window: many",
            "user.yaml:5: providers.acme.models.large.window: expected an integer.",
        ),
        (
            "providers: {acme: {models: {large: {window: 0}}}}",
            "user.yaml:1: providers.acme.models.large.window: expected an integer of at least 1.",
        ),
        (
            f"providers: {{acme: {{models: {{large: {{window: {'9' * 5000}}}}}}}}}",
            "user.yaml:1: providers.acme.models.large.window: expected an integer.",
        ),
        (
            "providers: {acme: {models: {large: {id: 4.7}}}}",
            "user.yaml:1: providers.acme.models.large.id: expected text. Quote it.",
        ),
        (
            "providers: {acme: {models: {large: {aliases: [x,\n 5]}}}}",
            "user.yaml:2: providers.acme.models.large.aliases.1: expected text. Quote it.",
        ),
        (
            "providers: {acme: {models: {large: {tools: no}}}}",
            "user.yaml:1: providers.acme.models.large.tools: expected true or false.",
        ),
        (
            "providers: {acme: {models: {large: {reasoning: [low, hihg]}}}}",
            'user.yaml:1: providers.acme.models.large.reasoning.1: "hihg" is not one of its words. '
            'Did you mean "high"?',
        ),
        (
            "providers: {acme: {models: {large: {reasoning: low}}}}",
            "user.yaml:1: providers.acme.models.large.reasoning: expected a list, as in [one, two].",
        ),
        (
            "providers: {acme: {dialect: openai-caht}}",
            'user.yaml:1: providers.acme.dialect: "openai-caht" is not one of its words. Did you mean "openai-chat"?',
        ),
        (
            "providers: {acme: {dialect: openai-caht, service: '.groq.service:GroqService'}}",
            'user.yaml:1: providers.acme.dialect: "openai-caht" is not one of its words. Did you mean "openai-chat"?',
        ),
        (
            "providers: {acme: {dialect: my own, service: 'mine:Service'}}",
            'user.yaml:1: providers.acme.dialect: "my own" is not a name. Use letters, digits, dots and dashes.',
        ),
        (
            "providers: {acme: {profile: {call_ids: mistral}}}",
            'user.yaml:1: providers.acme.profile.call_ids: "mistral" is not one of its words. Did you mean "mistral9"?',
        ),
        (
            "providers: {acme: {profile: {strict_role: true}}}",
            'user.yaml:1: providers.acme.profile.strict_role: no such key. Did you mean "strict_roles"?',
        ),
        (
            "providers: {acme: {models: {large: {price: {input: 3}}}}}",
            "user.yaml:1: providers.acme.models.large.price: output is missing. Add output: with its value.",
        ),
        (
            "providers: {acme: {models: {large: {price: {}}}}}",
            "user.yaml:1: providers.acme.models.large.price: input is missing. Add input: with its value.",
        ),
        (
            "providers: {acme: {models: {large: {price: {input: 3, output: -1}}}}}",
            "user.yaml:1: providers.acme.models.large.price.output: less than nothing. Dollars per million tokens.",
        ),
        (
            "providers: {acme: {models: [large]}}",
            "user.yaml:1: providers.acme.models: expected a mapping of names to values.",
        ),
        ("- one", "user.yaml:1: expected a mapping of names to values."),
        ("providers: {new: {dialect: openai-chat}}", "user.yaml:1: providers.new: base_url is missing."),
        ("providers: {acme: {service: os.system}}", "user.yaml:1: providers.acme.service: expected a class."),
        ("providers: {Acme: {}}", "user.yaml:1: providers.Acme: not a name to type."),
        ("providers: {acme: {models: {a b: {}}}}", "user.yaml:1: providers.acme.models.a b: 'a b' is not a name"),
        ('default: "acme:"', "user.yaml:1: default: Which model of Acme?"),
        ("\n\ndefault: nonsense", 'user.yaml:3: default: No model is called "nonsense".'),
    ],
)
def test_a_wrong_value_is_told_with_line_key_and_cure(loaded: Load, text: str, message: str) -> None:
    assert refusal(loaded, text).startswith(message)


@pytest.mark.parametrize(
    "url", ["not a url", "htp:/x", "", "https://", "https://a b", "https://h:x/", "http://[::1", "x"]
)
def test_an_address_that_is_none_is_refused(loaded: Load, url: str) -> None:
    told = refusal(loaded, f'providers: {{acme: {{base_url: "{url}"}}}}')
    assert told.startswith("user.yaml:1: providers.acme.base_url: expected a web address.")


def test_an_address_with_a_password_is_refused_and_not_shown(loaded: Load) -> None:
    told = refusal(loaded, "providers: {acme: {base_url: 'https://me:hunter2@api.acme.test'}}")
    assert "must not hold a name or password" in told
    assert "hunter2" not in told


def test_a_wrong_address_in_a_variable_names_the_variable_and_not_its_value(loaded: Load) -> None:
    assert refusal(loaded, "", ACME_BASE_URL="me:hunter2@x").startswith("ACME_BASE_URL: expected a web address.")
    told = refusal(loaded, "", ACME_BASE_URL="http://elsewhere.test/v1")
    assert told.startswith("ACME_BASE_URL: the key ACME_API_KEY would travel unencrypted.")


def test_a_key_in_place_of_its_variables_name_is_refused_and_not_shown(loaded: Load) -> None:
    told = refusal(loaded, "providers:\n  acme:\n    key_variable: sk-ant-secret")
    assert told.startswith("user.yaml:3: providers.acme.key_variable: expected the name of a variable")
    assert "secret" not in told


def test_two_models_with_one_alias_are_both_named(loaded: Load) -> None:
    assert refusal(loaded, "providers:\n  acme:\n    models:\n      small:\n        aliases: [BIG]") == (
        'user.yaml:5: providers.acme.models.small.aliases: "BIG" is an alias of both acme:large and acme:small. '
        "Choose another one."
    )


def test_a_mistake_in_the_shipped_file_names_the_shipped_file(loaded: Load) -> None:
    with pytest.raises(ConfigError, match=r"shipped\.yaml:2: providers\.x: dialect is missing"):
        loaded(shipped="providers:\n  x: {base_url: 'https://x.test'}")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").mkdir()
    with pytest.raises(ConfigError, match="it is a folder"):
        load(ROOT / "models.yaml", tmp_path / "models.yaml", lambda name: "")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_a_file_holds_it_is_a_catalogue_or_a_config_error(loaded: Load, text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert model(loaded(text), "acme:large")


def test_a_provider_may_say_that_pdf_goes_with_any_of_its_models(loaded: Load) -> None:
    registry = loaded("providers: {acme: {documents: true, models: {small: {documents: false}}}}")
    assert [model(registry, f"acme:{name}").documents for name in ("large", "small", "some/id")] == [True, False, True]


def test_a_model_may_be_for_the_few_and_have_a_successor(loaded: Load) -> None:
    registry = loaded("providers: {acme: {models: {large: {restricted: friends only, successor: small}}}}")
    choice = registry.find("big")
    assert (choice.model.name, choice.note) == ("small", "large is served to friends only; Acme recommends small.")
    assert model(registry, "acme:acme-large-2").name == "large"
    gone = loaded("providers: {acme: {models: {large: {restricted: friends only, successor: small}, small: null}}}")
    assert gone.find("big").note == "large is served to friends only."
