"""The SDK of MCP is an extra: where it is not installed, whoever wants a server is told how to add it."""

from collections.abc import Iterator
from contextlib import contextmanager

from modules.errors import ToolFailed
from modules.extras import how_to_install


@contextmanager
def sdk_needed() -> Iterator[None]:
    """Around imports of what needs the SDK. Raises ToolFailed where it is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        how = how_to_install("mcp").rstrip(".")
        raise ToolFailed(f"what speaks to such servers is not installed ({error.name}). {how}") from error
