"""The one place that makes services: lazily, once each, and again after a failure."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from msgspec import structs

from modules.config import ROOT, Config, Key
from modules.errors import BadKey, ConfigError, MissingKey
from modules.llm.base import BaseService
from modules.llm.models import Model
from modules.llm.service_manager import ServiceManager
from tests.conftest import KEY, Wired
from tests.harness.cases import ENDPOINTS, NAMES
from tests.wire import WireServer
from tests.wire.facts import Dialect

HERE = "tests.llm.service_manager_test"


class Slow(BaseService):
    """A service that takes its time to be made, and fails for as long as it is told to."""

    made: ClassVar[list["Slow"]] = []
    failures: ClassVar[list[Exception]] = []
    held: ClassVar[threading.Event | None] = None  # what the making waits for

    def __init__(self, provider: Any, key: Key | None = None) -> None:
        super().__init__(provider, key)
        self.closed = False
        self.thread = threading.current_thread()
        if Slow.held is not None:
            Slow.held.wait()
        time.sleep(0.05)
        if Slow.failures:
            raise Slow.failures.pop()
        Slow.made.append(self)

    async def close(self) -> None:
        self.closed = True

    def draft(self, request: Any) -> Any:
        raise NotImplementedError

    def stream(self, request: Any, draft: Any) -> Any:
        raise NotImplementedError

    async def models(self) -> list[Model]:
        return []


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    Slow.made.clear()
    Slow.failures.clear()
    Slow.held = None


def manager(key: Key | None = KEY) -> ServiceManager:
    return ServiceManager(lambda variable: key)


def slow_model(name: str = "slow", path: str = f"{HERE}:Slow") -> Model:
    model = ENDPOINTS["chat"].full_model("http://127.0.0.1:9/v1")
    return replace(model, provider=structs.replace(model.provider, name=name, service=path))


def test_the_program_has_one_manager() -> None:
    assert ServiceManager.instance() is ServiceManager.instance()


async def test_fifty_first_uses_at_once_make_one_service_off_the_loop() -> None:
    made = manager()
    services = await asyncio.gather(*(made.service_for(slow_model()) for _ in range(50)))
    assert len(Slow.made) == 1
    assert all(service is Slow.made[0] for service in services)
    assert Slow.made[0].thread is not threading.main_thread()


async def test_the_loop_runs_on_while_a_service_is_made() -> None:
    Slow.held = threading.Event()
    task = asyncio.create_task(manager().service_for(slow_model()))
    for _ in range(5):  # a loop that is held up comes to no end here
        await asyncio.sleep(0.005)
    assert not task.done()
    Slow.held.set()
    assert await task


async def test_a_switch_back_finds_the_same_service() -> None:
    made = manager()
    first = await made.service_for(slow_model())
    other = await made.service_for(slow_model("other"))
    assert other is not first
    assert await made.service_for(slow_model()) is first
    assert await made.service_for(replace(slow_model(), id="sibling")) is first


async def test_a_key_that_was_changed_makes_another_service_and_closes_the_old_one() -> None:
    keys = [Key("sk-wrong-0123", "test")]
    made = ServiceManager(lambda variable: keys[-1])
    first = await made.service_for(slow_model())
    keys.append(Key("sk-right-0123", "test"))
    again = await asyncio.gather(*(made.service_for(slow_model()) for _ in range(5)))
    assert first not in again
    assert len(set(map(id, again))) == 1
    assert [service.key.value for service in Slow.made if service.key] == ["sk-wrong-0123", "sk-right-0123"]
    assert [service.closed for service in Slow.made] == [True, False]


async def test_a_missing_key_names_the_variable_and_where_to_get_one() -> None:
    with pytest.raises(MissingKey) as caught:
        await manager(None).service_for(slow_model())
    assert "TEST_KEY is not set" in caught.value.message
    assert "https://keys.example" in caught.value.message
    assert "TEST_KEY=" in caught.value.cure
    assert Slow.made == []


@pytest.mark.parametrize("value", ["sk-two words-0123", "sk-line\nend-0123", "sk-ümlaut-0123", "sk-\x1b[31m-0123"])
async def test_a_key_that_cannot_be_sent_is_refused_unseen(value: str) -> None:
    config = Config({"TEST_KEY": value, "PARLANCE_HOME": "/nonexistent"})
    with pytest.raises(BadKey) as caught:
        await ServiceManager(config.key).service_for(slow_model())
    assert "TEST_KEY in the environment" in caught.value.message
    assert value not in str(caught.value)
    assert "0123" not in str(caught.value)


async def test_a_provider_without_keys_needs_none() -> None:
    model = slow_model()
    service = await manager(None).service_for(
        replace(model, provider=structs.replace(model.provider, key_variable=None))
    )
    assert service.key is None


@pytest.mark.parametrize("failure", [OSError("no certificates"), TypeError("odd"), KeyError("x"), RuntimeError("no")])
async def test_what_failed_once_is_tried_again(failure: Exception) -> None:
    made = manager()
    Slow.failures.append(failure)
    with pytest.raises(ConfigError) as caught:
        await made.service_for(slow_model())
    assert "Chat" in caught.value.message
    assert await made.service_for(slow_model()) is Slow.made[0]


async def test_a_failure_reaches_everyone_who_waits_and_one_service_is_made_after_it() -> None:
    made = manager()
    Slow.failures.append(OSError("not yet"))

    async def patient() -> BaseService:
        try:
            return await made.service_for(slow_model())
        except ConfigError:
            return await made.service_for(slow_model())

    services = await asyncio.gather(*(patient() for _ in range(20)))
    assert len(Slow.made) == 1
    assert all(service is Slow.made[0] for service in services)


@pytest.mark.parametrize("path", ["no.such.module:Thing", f"{HERE}:NoSuchClass", f"{HERE}:KEY", "nonsense", ":"])
async def test_a_class_that_is_not_there_is_a_mistake_in_the_configuration(path: str) -> None:
    model = slow_model(path=path)
    with pytest.raises(ConfigError) as caught:
        await manager().service_for(model)
    assert "models.yaml" in caught.value.cure


async def test_a_dialect_that_nobody_speaks_is_a_mistake_in_the_configuration() -> None:
    model = slow_model()
    provider = structs.replace(model.provider, dialect="nobody's", service=None)
    with pytest.raises(ConfigError):
        await manager().service_for(replace(model, provider=provider))


async def test_one_who_stops_waiting_takes_nothing_from_the_others() -> None:
    made = manager()
    impatient = asyncio.create_task(made.service_for(slow_model()))
    patient = asyncio.create_task(made.service_for(slow_model()))
    await asyncio.sleep(0.01)
    impatient.cancel()
    assert await patient is Slow.made[0]
    assert impatient.cancelled()
    assert await made.service_for(slow_model()) is Slow.made[0]


async def test_warming_up_keeps_its_failures_for_the_first_question() -> None:
    made = manager(None)
    await made.warm_up(slow_model())
    with pytest.raises(MissingKey):
        await made.service_for(slow_model())
    warm = manager()
    await warm.warm_up(slow_model())
    assert len(Slow.made) == 1


async def test_closing_closes_every_service() -> None:
    made = manager()
    for name in ("one", "two"):
        await made.service_for(slow_model(name))
    Slow.failures.append(OSError("broken"))
    with pytest.raises(ConfigError):
        await made.service_for(slow_model("three"))
    await made.close()
    assert [service.closed for service in Slow.made] == [True, True]


async def test_one_service_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    made = manager()
    await made.service_for(slow_model("one", f"{HERE}:Sticky"))
    await made.service_for(slow_model("two"))
    await made.close()
    assert Slow.made[-1].closed


class Sticky(Slow):
    async def close(self) -> None:
        raise RuntimeError("the loop is gone")


@pytest.mark.parametrize("name", NAMES)
async def test_a_real_service_asks_again_over_the_connection_it_has(name: Dialect) -> None:
    made = manager()
    with WireServer(name, key=KEY.value) as server:
        model = ENDPOINTS[name].full_model(server.base_url)
        for _ in range(4):
            service = await made.service_for(model)
            assert (await Wired(server, service, model).ask()).text
        assert server.connections == 1
        assert keepalive(service) == 300
        await made.close()


def keepalive(service: Any) -> float:
    """For how many seconds the service's pool keeps an idle connection."""
    client = getattr(service, "client", None) or service._client
    expiry: float = client._client._transport._pool._keepalive_expiry
    return expiry


BEFORE = """
import sys
from modules.config import Key
from modules.llm.models import Model, Provider
from modules.llm.service_manager import ServiceManager
import modules.llm.base, modules.llm.message
import modules.llm.chat_completions.chat_completions_transformer, modules.llm.failures.error_mapping
manager = ServiceManager.instance()
heavy = {"anthropic", "openai", "groq", "google.genai", "httpx", "httpx2", "pydantic", "rich", "prompt_toolkit"}
print(sorted(heavy & set(sys.modules)))
"""


def test_no_sdk_is_loaded_before_the_first_use() -> None:
    done = subprocess.run([sys.executable, "-c", BEFORE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
