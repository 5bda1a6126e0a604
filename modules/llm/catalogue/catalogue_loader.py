"""The catalogue: models.yaml as shipped, with the user's own laid over it, read into a ModelRegistry."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from modules.config import PACKAGE
from modules.errors import ConfigError, UsageError
from modules.llm.catalogue.address_forms import whole_address
from modules.llm.catalogue.file_form import Entry, FileForm
from modules.llm.catalogue.strict_yaml import Document, Keys, nearest, short
from modules.llm.dialects import DIALECTS, about
from modules.llm.models import LEVELS, Model, ModelRegistry, Provider, at

# What is said elsewhere than in an entry: its name by its key, the rest by the program.
NOT_IN_A_FILE = ("name", "provider", "known", "usual_path")


class _File(Struct, frozen=True):
    default: str = ""
    providers: dict[str, Any] | None = None


def load(
    shipped: Path,
    user: Path | None,
    variable: Callable[[str], str],
    between: Sequence[Path] = (),
    tell: Callable[[str], None] = lambda trouble: None,
) -> ModelRegistry:
    """The registry of the files; `variable` gives the value of an environment variable, "" where it is unset.

    Those `between` the two that cannot be used are left out, and `tell` says why. Raises ConfigError naming file, line
    and key for the others.
    """
    first = Document(shipped)
    files = [first, *_usable(first, between, variable, tell)]
    if user is not None and (user.exists() or user.is_symlink()):
        files.append(Document(user))
    return _Catalogue(files, variable).registry()


def _usable(
    first: Document, paths: Sequence[Path], variable: Callable[[str], str], tell: Callable[[str], None]
) -> Iterator[Document]:
    """Those that make a catalogue with the first file."""
    for path in paths:
        try:
            document = Document(path)
            _Catalogue([first, document], variable).registry()
        except ConfigError as error:
            tell(f"{error} What it says is left out.")
        else:
            yield document


class _Catalogue:
    """What the files say together, each laid over those before it."""

    def __init__(self, files: list[Document], variable: Callable[[str], str]) -> None:
        self._files = files
        self._variable = variable
        self._default = ""
        self._provider_form = FileForm(Provider, NOT_IN_A_FILE, {"insecure": bool, "models": dict[str, Any] | None})
        self._model_form = FileForm(Model, NOT_IN_A_FILE, {})
        self._providers: dict[str, Entry] = {}
        self._models: dict[str, dict[str, Entry]] = {}
        for file in files:
            self._lay(file)

    def registry(self) -> ModelRegistry:
        """The catalogue built and checked as a whole."""
        providers = {name: self._provider(name, entry) for name, entry in self._providers.items()}
        models = [
            self._model(name, entry, providers[provider])
            for provider, entries in self._models.items()
            for name, entry in entries.items()
        ]
        self._check_aliases(models)
        registry = ModelRegistry(models, providers.values(), self._default)
        if self._default:
            try:
                registry.find(self._default)
            except UsageError as error:
                raise self._error(("default",), error.message, error.cure) from error
        return registry

    def _lay(self, file: Document) -> None:
        top = file.read((), {} if file.value is None else file.value, _File)
        self._default = top.default or self._default
        for name, value in (top.providers or {}).items():
            keys: Keys = ("providers", name)
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", name):
                raise file.error(keys, "not a name to type.", "Use small letters, digits, dots and dashes.")
            if value is None:
                self._providers.pop(name, None)
                self._models.pop(name, None)
                continue
            form = self._provider_form
            entry = form.checked(file, keys, value)
            self._providers[name] = form.over(self._providers.get(name, {}), entry)
            self._lay_models(file, (*keys, "models"), self._models.setdefault(name, {}), entry.get("models") or {})

    def _lay_models(self, file: Document, keys: Keys, models: dict[str, Entry], values: dict[str, Any]) -> None:
        for name, value in values.items():
            here = (*keys, name)
            if value is None:
                models.pop(name, None)
                continue
            entry = self._model_form.checked(file, here, value)
            for field, dollars in (entry.get("price") or {}).items():
                if (dollars or 0) < 0:
                    raise file.error((*here, "price", field), "less than nothing.", "Dollars per million tokens.")
            for word in (name, *entry.get("aliases", ())):
                if not re.fullmatch(r"[^\s\x00-\x20\x7f]{1,200}", word):
                    raise file.error(here, f"{word[:60]!a} is not a name to type.", "Write it without blanks.")
            models[name] = self._model_form.over(models.get(name, {}), entry)

    def _provider(self, name: str, entry: Entry) -> Provider:
        keys: Keys = ("providers", name)
        for field in ("dialect", "base_url"):
            if field not in entry:
                raise self._error(keys, f"{field} is missing.", f"Add {field}: with its value.")
        for field in ("key_variable", "other_key_variable", "base_url_variable"):
            value = entry.get(field)
            if value and not re.fullmatch(r"[A-Z_a-z][A-Z0-9_a-z]{0,63}", value):
                problem = "expected the name of a variable, such as GROQ_API_KEY."
                raise self._error((*keys, field), problem, "The key itself goes into .env.")
        service = entry.get("service") or ""
        if wrong := _dialect_problem(entry["dialect"], service):
            raise self._error((*keys, "dialect"), *wrong)
        if service and not re.fullmatch(r"\.?\w+(\.\w+)*:\w+", service):
            raise self._error((*keys, "service"), "expected a class.", "Write it as package.module:Class.")
        port = about(entry["dialect"]).port
        values = {"title": name, **self._provider_form.values(entry)}
        provider = Provider(name=name, **{**values, "base_url": whole_address(values["base_url"], port)})
        other = provider.other_key_variable
        if other and provider.key_variable and not self._variable(provider.key_variable) and self._variable(other):
            provider = replace(provider, key_variable=other, other_key_variable=provider.key_variable)
        insecure = entry.get("insecure", False)
        if wrong := _address_problem(provider, insecure):
            raise self._error((*keys, "base_url"), *wrong)
        elsewhere = self._variable(provider.base_url_variable) if provider.base_url_variable else ""
        if not elsewhere:
            return provider
        provider = at(provider, whole_address(elsewhere, port))
        if wrong := _address_problem(provider, insecure):
            raise ConfigError(f"{provider.base_url_variable}: {wrong[0]}", cure=wrong[1])
        return provider

    def _model(self, name: str, entry: Entry, provider: Provider) -> Model:
        above = {"profile": self._providers[provider.name]["profile"]}
        values = self._model_form.values(self._model_form.over(above, entry))
        levels = tuple(sorted(values.get("reasoning", ()), key=LEVELS.index))
        usual = {"id": name, "documents": provider.documents}
        return Model(name=name, provider=provider, **{**usual, **values, "reasoning": levels})

    def _check_aliases(self, models: list[Model]) -> None:
        owners: dict[str, Model] = {}
        for model in models:
            for alias in model.aliases:
                other = owners.setdefault(alias.lower(), model)
                if other is not model:
                    blamed = max((other, model), key=lambda one: self._depth(_aliases(one)))
                    problem = f'"{alias}" is an alias of both {other.full_name} and {model.full_name}.'
                    raise self._error(_aliases(blamed), problem, "Choose another one.")

    def _depth(self, keys: Keys) -> int:
        """The number of the last file that says something about this key; -1 if none does."""
        return max((number for number, file in enumerate(self._files) if keys in file.lines), default=-1)

    def _error(self, keys: Keys, problem: str, cure: str = "") -> ConfigError:
        return self._files[self._depth(keys)].error(keys, problem, cure)


def _aliases(model: Model) -> Keys:
    return ("providers", model.provider.name, "models", model.name, "aliases")


def _dialect_problem(dialect: str, service: str) -> tuple[str, str] | None:
    """What is wrong with a provider's dialect, and the cure. A service from elsewhere may speak one of its own."""
    if dialect in DIALECTS:
        return None
    if not service or service.startswith((".", f"{PACKAGE}.")):
        return f'"{short(dialect)}" is not one of its words.', nearest(dialect, DIALECTS)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", dialect):  # it stands in saved conversations
        return f'"{short(dialect)}" is not a name.', "Use letters, digits, dots and dashes."
    return None


def _address_problem(provider: Provider, insecure: bool) -> tuple[str, str] | None:
    """What is wrong with the provider's address, and the cure; never the address, which may hold a password."""
    if not about(provider.dialect).networked:
        return None
    try:
        url = urlsplit(provider.base_url)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x20\x7f]", provider.base_url):
        return "expected a web address.", "It begins with http:// or https://, as in https://api.example.com/v1."
    if "@" in url.netloc:
        return "an address must not hold a name or password.", "Put the key into .env and name it as key_variable."
    if url.scheme == "http" and provider.key_variable and not provider.is_local and not insecure:
        return (
            f"the key {provider.key_variable} would travel unencrypted.",
            f"Use https://, or write insecure: true for {provider.name} in your models.yaml if that network is yours.",
        )
    return None
