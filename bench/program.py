"""The whole program on a 20 kB Markdown answer at 200 deltas a second, beside `llm chat` printing it as plain text.

`llm` is the package of that name: beside this Python (the "bench" extra), on PATH, or where `--llm` says.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.markdown import answer as markdown
from bench.rig import IDLE, Program, home, load, once, parlance
from tests.wire import Answer, Text, WireServer

SIZE, DELTA, RATE = 20_000, 5, 200
ROUNDS = 2
END = "The last line of the answer."
SETTLE = 3.0  # seconds at the prompt before the question, so that no warm-up falls into the answer
AFTER = 1.5  # seconds after the last line: what is still to be done for the answer counts


@dataclass
class Run:
    """CPU seconds up to the question and for the answer, the answer's wall seconds, and bytes written for it."""

    before: float
    cpu: float
    wall: float
    written: int

    @property
    def whole(self) -> float:
        return self.before + self.cpu


def scripted() -> Answer:
    """One answer of that size and pace."""
    text = markdown(SIZE - len(END) - 2) + "\n\n" + END
    return Answer(Text(deltas=[text[at : at + DELTA] for at in range(0, len(text), DELTA)]), pace=1 / RATE)


def run(program: Program, server: WireServer, mark: bytes) -> Run:
    """Ask once, from a quiet prompt to a quiet prompt."""
    with program:
        program.until(mark)
        time.sleep(SETTLE)
        server.answer(scripted())
        before, came, began = program.cpu(), len(program.raw), time.monotonic()
        program.type("Tell me everything about databases.\r")
        ended = program.until(END.encode(), came)
        time.sleep(AFTER)
        return Run(before, program.cpu() - before, ended - began, len(program.raw) - came)


def llm_chat(llm: str, base_url: str, folder: Path) -> Program:
    """`llm chat` with the same server as an OpenAI-compatible model, and nothing of the person's own settings."""
    (folder / "extra-openai-models.yaml").write_text(
        f'- model_id: bench\n  model_name: bench\n  api_base: "{base_url}"\n'
    )
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LLM_USER_PATH": str(folder), "TERM": "xterm-256color"}
    return Program([llm, "chat", "-m", "bench"], {**env, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}, folder)


def find_llm(given: str | None) -> str | None:
    """The `llm` to measure against."""
    beside = Path(sys.executable).parent / "llm"
    return given or (str(beside) if beside.exists() else shutil.which("llm"))


def report(rows: dict[str, list[Run]]) -> None:
    """Print the table."""
    print(
        f"{'CPU seconds':12}{'the answer':>12}{'with start-up':>15}{'wall':>8}{'bytes out/in':>14}   answer, run by run"
    )
    for name, runs in rows.items():
        cpu, whole, wall, written = (
            statistics.median(column)
            for column in zip(*((r.cpu, r.whole, r.wall, r.written) for r in runs), strict=True)
        )
        each = " ".join(f"{r.cpu:.2f}" for r in runs)
        print(f"{name:12}{cpu:12.2f}{whole:15.2f}{wall:8.1f}{written / SIZE:14.2f}   {each}")
    if len(rows) == 2:
        pairs = list(zip(*rows.values(), strict=True))
        answer = statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs)
        whole = statistics.median(ours.whole / theirs.whole for ours, theirs in pairs)
        print(f"ours is {answer:.2f} of llm chat for the answer, {whole:.2f} with start-up (below 1 wanted)")


def main() -> None:
    """Print both, from interleaved runs."""
    parser = argparse.ArgumentParser(prog="python -m bench.program", description=__doc__)
    parser.add_argument("--llm", help="the llm command")
    llm = find_llm(parser.parse_args().llm)
    rows: dict[str, list[Run]] = {"parlance": []}
    with home() as here, tempfile.TemporaryDirectory() as folder:
        once(here, "-m", "ollama:bench")
        for _ in range(ROUNDS):
            rows["parlance"].append(run(parlance(here, "-m", "ollama:bench"), here.ollama, IDLE))
            if llm:
                chat = llm_chat(llm, here.ollama.base_url, Path(folder))
                rows.setdefault("llm chat", []).append(run(chat, here.ollama, b"> "))
    report(rows)
    if not llm:
        print('No llm to measure against: install the "bench" extra, or give --llm.')
    print(load())


if __name__ == "__main__":
    main()
