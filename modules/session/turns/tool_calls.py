"""The calls of one answer: each is looked at, the person is asked, and those that may run do so side by side."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from modules.daemon_thread import in_words
from modules.errors import ToolFailed
from modules.llm.message import interrupted_result
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.tools.approval import Approval, Question
from modules.tools.results import result_of
from modules.tools.tool import Output, Plan, as_output
from modules.tools.toolbox import Toolbox

DECLINED = "The user declined this call."
AT_ONCE = 8  # calls of an answer that run side by side: a model may ask for any number
PATIENCE_SECONDS = 3.0  # that a stopped tool has to let go of what it holds
# What a tool may raise, sys.exit() and its own idea of being cancelled among it.
RAISED = (Exception, SystemExit, KeyboardInterrupt, asyncio.CancelledError)
REMEMBERED = 20  # lines of progress that an interrupted call's result ends with


class ToolStarted(Struct, frozen=True):
    """The call runs now; `preview` is what it changes, such as a diff, "" where that cannot be said beforehand."""

    call: ToolCall
    preview: str = ""


class ToolProgress(Struct, frozen=True):
    """A line that the running tool has to say."""

    call: ToolCall
    line: str


class ToolEnded(Struct, frozen=True):
    """The call has its result; `seconds` is how long it ran, None where it never did."""

    call: ToolCall
    result: ToolResult
    seconds: float | None = None


CallEvent = Question | ToolStarted | ToolProgress | ToolEnded


class Calls:
    """The calls of one answer. `refused` says, by id, which of them must not run and why.

    `results` has one for each call at any moment, also after the run was stopped half way.
    """

    def __init__(
        self, calls: Sequence[ToolCall], toolbox: Toolbox, approval: Approval, refused: Mapping[str, str] = {}
    ) -> None:
        self._calls = calls
        self._toolbox = toolbox
        self._approval = approval
        self._refused = refused
        self._results: dict[str, ToolResult] = {}
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._began: dict[str, float] = {}
        self._lines: dict[str, deque[str]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def results(self) -> list[ToolResult]:
        """One result for each call, in call order; a call that has none yet was interrupted."""
        return [self._results.get(call.id) or self._interrupted(call) for call in self._calls]

    async def run(self) -> AsyncGenerator[CallEvent, None]:
        """Ask and run. A Question that is yielded must be answered before the next event is taken."""
        ready: list[tuple[ToolCall, Plan]] = []
        for call in self._calls:
            plan = await self._planned(call)
            if isinstance(plan, Question):
                yield plan
                self._approval.take(plan.decision)
                if not plan.decision.allowed:
                    yield self._settle(call, _declined(plan.decision.reason))
                    continue
                plan = plan.plan
            if isinstance(plan, Output):
                yield self._settle(call, plan)
            else:
                ready.append((call, plan))
        tasks = [asyncio.ensure_future(self._do(call, plan)) for call, plan in ready]
        try:
            while len(self._results) < len(self._calls) or not self._events.empty():
                yield await self._events.get()
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)

    async def _planned(self, call: ToolCall) -> Plan | Question | Output:
        if call.id in self._refused:
            return failed(self._refused[call.id])
        try:
            tool, plan = await self._toolbox.plan(call)
        except RAISED as error:
            return _fault(error)
        if not self._approval.needs(tool, plan):
            return plan
        return Question(call, tool, plan, why=self._approval.why_not(tool, plan))

    async def _do(self, call: ToolCall, plan: Plan) -> None:
        async with self._places:
            await self._done(call, plan)

    async def _done(self, call: ToolCall, plan: Plan) -> None:
        def tell(line: str) -> None:
            self._lines.setdefault(call.id, deque(maxlen=REMEMBERED)).append(line)
            self._events.put_nowait(ToolProgress(call, line))

        self._began[call.id] = time.monotonic()
        self._events.put_nowait(ToolStarted(call, plan.preview))
        try:
            async with asyncio.timeout(plan.patience) as timer:
                output = as_output(await plan.do(replace(self._toolbox.context, tell=tell)))
        except RAISED as error:
            late = f"Stopped: it took longer than {plan.patience:g} seconds."
            output = failed(late, self._lines.get(call.id, ())) if timer.expired() else _fault(error)
        self._events.put_nowait(self._settle(call, output))

    def _settle(self, call: ToolCall, output: Output) -> ToolEnded:
        began = self._began.get(call.id)
        result = replace(result_of(call, output, self._toolbox.result_files), ran=began is not None)
        self._results[call.id] = result
        return ToolEnded(call, result, None if began is None else time.monotonic() - began)

    def _interrupted(self, call: ToolCall) -> ToolResult:
        if call.id not in self._began:
            return interrupted_result(call)
        seconds = time.monotonic() - self._began[call.id]
        output = failed(f"Interrupted by the user after {seconds:.1f} seconds.", self._lines.get(call.id, ()))
        return result_of(call, output, self._toolbox.result_files)


def failed(text: str, lines: Sequence[str] | deque[str] = ()) -> Output:
    """A result that says what went wrong, and what had come until then."""
    came = "\nUntil then it said:\n" + "\n".join(lines) if lines else ""
    return Output((Text(text + came),), is_error=True)


def _declined(reason: str) -> Output:
    return failed(f"{DECLINED} The user says: {reason}" if reason else DECLINED)


def _fault(error: BaseException) -> Output:
    """A result of what a tool raised: the tool is of anyone's making, so its fault is a result, and never ours.

    Raises it again where it is the turn that was stopped, and not the tool that says so.
    """
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error
    return failed(error.message if isinstance(error, ToolFailed) else in_words(error))
