"""The menu of a line that changes more quickly than its menu is found."""

import asyncio
from collections.abc import AsyncGenerator, Iterable

from prompt_toolkit.application import Application
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.layout import BufferControl, Layout, Window
from prompt_toolkit.output import DummyOutput

from modules.chat.prompt.completing_buffer import CompletedBuffer


class Late(Completer):
    """Offers each text with a mark behind it, the first one only when it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may = asyncio.Event()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        raise NotImplementedError

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        self.asked.append(document.text)
        if len(self.asked) == 1:
            await self.may.wait()
        yield Completion(f"{document.text}!", start_position=-len(document.text))


async def test_a_line_that_is_typed_anew_while_its_menu_is_looked_for_has_its_own() -> None:
    late = Late()
    buffer = CompletedBuffer(completer=late, complete_while_typing=True)
    with create_pipe_input() as keys:
        app: Application[None] = Application(
            Layout(Window(BufferControl(buffer))), input=keys, output=DummyOutput(), full_screen=False
        )
        running = asyncio.ensure_future(app.run_async())
        keys.send_text("one")
        while not late.asked:
            await asyncio.sleep(0.01)
        keys.send_text("\x15/mod")
        while buffer.text != "/mod":
            await asyncio.sleep(0.01)
        late.may.set()
        while (menu := buffer.complete_state) is None or not menu.completions:
            await asyncio.sleep(0.01)
        app.exit()
        await running
    assert [one.text for one in menu.completions] == ["/mod!"]
