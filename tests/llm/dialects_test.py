"""Every dialect is one entry, all that it names is there, and a models.yaml may bring one of its own."""

import importlib
from typing import Any

import pytest

from modules.config import PACKAGE, ROOT
from modules.extras import how_to_install
from modules.llm.base import BaseService
from modules.llm.dialects import DIALECTS, Dialect, about
from tests.harness.home import Home

ECHO = """
from modules.llm.events import Finished, TextDelta
from modules.offline.service import OfflineService


class EchoService(OfflineService):
    async def stream(self, prepared, draft):
        for event in (TextDelta(2 * prepared.request.messages[-1].text), Finished("end_turn", None, "e")):
            draft.add(event)
            yield event
"""


def named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module, PACKAGE), name)


@pytest.mark.parametrize("name", DIALECTS)
def test_what_a_dialect_names_is_there(name: str) -> None:
    assert issubclass(named(about(name).service), BaseService)
    if path := about(name).prepare:
        assert callable(named(path))


def test_a_package_that_is_missing_is_named_as_it_is_installed() -> None:
    missing = ModuleNotFoundError("No module named 'pillow_heif'")
    assert Dialect(extra="heic").cure(missing) == how_to_install("heic")
    assert how_to_install("heic") == f"Install it with: python -m pip install -e '{ROOT}[heic]'."
    assert "pip" not in Dialect(extra="heic").cure(ValueError("something else"))
    assert "pip" not in Dialect().cure(missing)


def test_a_provider_may_speak_a_dialect_of_its_own_with_a_class_of_its_own(home: Home) -> None:
    (home.folder / "echoing.py").write_text(ECHO)
    speaks = {"dialect": "echo-1", "service": "echoing:EchoService"}
    home.overlay({"echo": {**speaks, "base_url": "http://127.0.0.1:9", "models": {"e": {}}}})
    done = home.run("-m", "echo:e", "-p", "Hello.", env={"PYTHONPATH": str(home.folder)})
    assert (done.stdout, done.returncode) == ("Hello.Hello.\n", 0), done.stderr
