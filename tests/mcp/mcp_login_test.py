"""Logging in to a server (E8): against the SDK's own server side of OAuth, with a browser that does as it is told."""

import asyncio
import json
import stat
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ToolFailed, UsageError
from tests.harness.home import Home
from tests.harness.mcp_home import Place, named, status, text
from tests.harness.mcp_http_server import Web, Writer, answer, web
from tests.harness.mcp_login_server import Guard, browse, guarded


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def guard() -> Iterator[Guard]:
    with guarded() as one:
        yield one


class Browser:
    """Opens what it is shown, in a thread; `pages` are the words that it saw."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.pages: list[str] = []

    async def __call__(self, url: str, port: int) -> None:
        self.urls.append(url)
        self.opening = asyncio.create_task(self.open(url))

    async def open(self, url: str) -> None:
        self.pages.append(await asyncio.to_thread(browse, url))


async def test_a_server_that_wants_a_login_says_so_and_is_used_after_it(place: Place, guard: Guard) -> None:
    place.write(web={"url": guard.url})
    async with place.running() as servers:
        assert await servers.tools() == []
        (news,) = servers.news()
        assert news == 'The MCP server "web" does not run: it asks for a login. "/mcp login web" logs in.'
        assert status(servers, "web").wants_login
        browser = Browser()
        await servers.login("web", browser)
        await browser.opening
        assert browser.pages == ["You are logged in. This page may be closed.\n"]
        assert (status(servers, "web").state, status(servers, "web").logged_in) == ("ready", True)
        assert text(await place.call(named(await servers.tools(), "web__add"), a=1, b=2)) == "3"
    (kept,) = place.state.glob("*.login")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    async with place.running() as servers:  # the next run
        await servers.restart("web")
        assert text(await place.call(named(await servers.tools(), "web__add"), a=2, b=2)) == "4"
        assert await servers.logout("web")
        assert not kept.exists()
        with pytest.raises(ToolFailed, match="does not run: it asks for a login"):
            await place.call(named(await servers.tools(), "web__add"), a=2, b=2)
        assert not await servers.logout("web")


async def logged_in(place: Place, guard: Guard) -> None:
    place.write(web={"url": guard.url})
    async with place.running() as servers:
        browser = Browser()
        await servers.login("web", browser)
        await browser.opening
        assert status(servers, "web").state == "ready"


async def test_a_token_that_has_ended_is_renewed_in_the_next_run(place: Place, guard: Guard) -> None:
    """The SDK forgets when a token ends, and where it is renewed."""
    guard.lasting = 1
    await logged_in(place, guard)
    renewed = guard.renewed
    async with place.running() as servers:
        await servers.restart("web")
        assert text(await place.call(named(await servers.tools(), "web__add"), a=2, b=2)) == "4"
    assert guard.renewed > renewed


async def test_a_token_that_is_refused_is_renewed_in_the_middle(place: Place, guard: Guard) -> None:
    await logged_in(place, guard)
    async with place.running() as servers:
        await servers.restart("web")
        tool = named(await servers.tools(), "web__add")
        guard.revoke_all()
        assert text(await place.call(tool, a=2, b=2)) == "4"
        assert guard.renewed == 1
        guard.revoke_all()
        guard.refreshing.clear()
        with pytest.raises(ToolFailed, match="asks for a login, which the user can make from the chat"):
            await place.call(tool, a=2, b=2)
        with pytest.raises(ToolFailed, match="asks for a login"):
            await place.call(tool, a=2, b=2)
        assert (status(servers, "web").state, status(servers, "web").wants_login) == ("failed", True)


async def test_tokens_go_to_the_url_that_they_are_for_and_to_no_other(place: Place, guard: Guard) -> None:
    await logged_in(place, guard)
    with guarded() as other:
        place.write(web={"url": other.url})
        async with place.running() as servers:
            await servers.restart("web")
            assert status(servers, "web").wants_login
            assert not status(servers, "web").logged_in


async def test_a_login_that_is_refused_or_given_up_is_told_and_leaves_nothing(place: Place, guard: Guard) -> None:
    guard.denies = True
    place.write(web={"url": guard.url})
    async with place.running() as servers:
        browser = Browser()
        with pytest.raises(ToolFailed, match=r"did not come about: the server refused: access_denied\."):
            await servers.login("web", browser)
        await browser.opening
        assert browser.pages == ["The login was refused. This page may be closed.\n"]

        shown = asyncio.Event()

        async def nobody(url: str, port: int) -> None:
            with pytest.raises(urllib.error.HTTPError):  # a page that knows the port and not the secret
                await asyncio.to_thread(browse, f"http://127.0.0.1:{port}/callback?code=x&state=y")
            shown.set()

        waiting = asyncio.ensure_future(servers.login("web", nobody))
        await shown.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert list(place.state.glob("*.login")) == []


async def test_a_login_asks_no_host_in_the_clear(place: Place) -> None:
    async def elsewhere(one: Web, message: dict[str, Any], writer: Writer) -> bool:
        wanted = 'Bearer resource_metadata="http://example.org/metadata"'
        answer(writer, 401, b"", **{"www-authenticate": wanted})
        return True

    async with web() as one:
        one.special = elsewhere
        place.write(web={"url": one.url})
        async with place.running() as servers:
            with pytest.raises(ToolFailed, match=r"did not come about: the server names http://example\.org"):
                await servers.login("web", Browser())


async def test_a_login_where_none_is_possible_is_refused_in_words(place: Place) -> None:
    place.add()
    place.write(web={"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer x"}})
    async with place.running() as servers:
        for name, said in (("faulty", "is a program"), ("web", "say already who asks"), ("none", "There is no MCP")):
            with pytest.raises(UsageError, match=said):
                await servers.login(name, Browser())


async def test_a_client_that_the_entry_names_is_used(place: Place, guard: Guard) -> None:
    from mcp.shared.auth import OAuthClientInformationFull

    redirect: Any = ["http://localhost:43117/callback"]
    guard.clients["mine"] = OAuthClientInformationFull(
        client_id="mine", redirect_uris=redirect, token_endpoint_auth_method="none"
    )
    place.write(web={"url": guard.url, "oauth": {"clientId": "mine", "callbackPort": 43117}})
    async with place.running() as servers:
        browser = Browser()
        await servers.login("web", browser)
        await browser.opening
        assert set(guard.clients) == {"mine"}
        assert "redirect_uri=http%3A%2F%2Flocalhost%3A43117%2Fcallback" in browser.urls[0]


def equip(home: Home, guard: Guard) -> None:
    (home.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"web": {"url": guard.url}}}))
    (home.folder / "mcp.json").chmod(0o600)


def test_the_chat_logs_in_with_the_browser_and_out_again(home: Home, guard: Guard) -> None:
    equip(home, guard)
    script = home.folder / "browser.py"
    script.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    terminal = home.open(env={"BROWSER": f"{sys.executable} {script}"}).prompt()
    terminal.enter("/mcp restart web").sees('web asks for a login. "/mcp login web" logs in.').prompt()
    terminal.enter("/mcp login web").sees('The browser opens this page to log in to "web":').sees(guard.url[:-4])
    terminal.sees("web ready 1 tool, logged in").prompt()
    terminal.enter("/mcp logout web").sees('Logged out of "web".').prompt()
    terminal.enter("/servers").sees("web not started").prompt()
    assert terminal.leave() == 0


def test_the_wait_for_a_login_ends_with_a_key(home: Home, guard: Guard) -> None:
    equip(home, guard)
    terminal = home.open().prompt()
    terminal.enter("/mcp login web").sees('Open this page to log in to "web":').sees("Ctrl+C stops.")
    terminal.type("\x03").sees("Stopped. Nobody was logged in.").prompt()
    assert terminal.leave() == 0


def test_a_question_without_the_chat_says_where_to_log_in(home: Home, guard: Guard) -> None:
    equip(home, guard)
    done = home.run("-p", "Hi", "--yes")
    assert 'The MCP server "web" does not run: it asks for a login. Log in from the chat.' in done.stderr
    assert "/mcp" not in done.stderr
