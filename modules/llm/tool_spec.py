"""A tool as it is declared to a model."""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

from msgspec import Struct

from modules.llm.conversion.portable_schema import portable
from modules.llm.parts import Wire
from modules.text import surrogates

ToolChoice = Literal["auto", "none"]


class ToolSpec(Struct, frozen=True, dict=True, omit_defaults=True):
    """A tool as a model sees it; `parameters` is a JSON Schema object.

    One that is `native` belongs to the provider, which runs it by itself: its API has a form of its own for it.
    """

    name: str
    description: str
    parameters: Wire
    native: bool = False

    @cached_property
    def schema(self) -> Wire:
        """The parameters as every API takes them."""
        schema: Wire = surrogates.whole_json(portable(self.parameters))
        return schema

    @cached_property
    def wire_description(self) -> str:
        """The description; never blank, which some endpoints and chat templates refuse."""
        return surrogates.whole(self.description) if self.description.strip() else self.name


def functions(tools: Iterable[ToolSpec]) -> list[ToolSpec]:
    """The tools that are run here."""
    return [tool for tool in tools if not tool.native]
