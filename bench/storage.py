"""What is kept, beside the release before it and beside `llm`, in one run: bytes, commits, and a long conversation.

The words said are the same for all: see tests/harness/said_at_length.py. `--before` is a folder of another release,
`--llm` the Python of a virtual environment with `llm` in it. Milliseconds are of wall time, the quickest of some rounds
for the first screen, since other work on the machine only ever adds to it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.rig import IDLE, Program, home, load, once
from modules.config import ROOT
from tests.harness.home import Home

ROUNDS = 7
FILE = "conversations.db"
GUIDE = ("-m", "offline:guide")
LLM = """
import json, sqlite3, sys, time, statistics
import llm, sqlite_utils
from llm.migrations import migrate

class Echo(llm.Model):
    model_id = "echo"
    can_stream = False
    def execute(self, prompt, stream, response, conversation=None):
        yield answers[prompt.prompt]

said = json.load(open(sys.argv[2]))
answers = dict(said)
db = sqlite_utils.Database(sys.argv[1])
migrate(db)
talk = Echo().conversation()
took = []
for question, _ in said:
    response = talk.prompt(question)
    response.text()
    began = time.perf_counter()
    response.log_to_db(db)
    took.append((time.perf_counter() - began) * 500)
db.conn.commit()
print(json.dumps({"commit": statistics.median(took)}))
"""


def release(folder: Path, long: Path, turns: int) -> dict[str, Any]:
    """The measures of one release, and its long conversation in `long`."""
    script = [sys.executable, str(ROOT / "bench" / "storage_side.py"), "--words", str(ROOT), "--long", str(long)]
    done = subprocess.run([*script, "--long-turns", str(turns)], cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_llm(python: Path, turns: int) -> dict[str, Any]:
    """Bytes for each byte said, and milliseconds for each message, of `llm`."""
    from tests.harness.said_at_length import ANSWER_CHARS, QUESTION_CHARS, Speaker

    speaker = Speaker()
    said = [(speaker.say(QUESTION_CHARS), speaker.say(ANSWER_CHARS)) for _ in range(turns)]
    with tempfile.TemporaryDirectory() as place:
        words, database = Path(place) / "said.json", Path(place) / "logs.db"
        words.write_text(json.dumps(said))
        done = subprocess.run(
            [python, "-c", LLM, str(database), str(words)], capture_output=True, text=True, check=True
        )
        size = database.stat().st_size
    return {"one": size / sum(len((a + b).encode()) for a, b in said), **json.loads(done.stdout)}


def first_screen(here: Home, main: Path, *args: str) -> float:
    """Milliseconds from the start to the line."""
    with Program([sys.executable, str(main), *args], here.env(), here.folder) as program:
        return (program.prompt(mark=IDLE) - program.started) * 1000


def screens(folder: Path, long: Path, id: str) -> dict[str, float]:
    """The quickest start with nothing, and the quickest that goes on with the long conversation."""
    with home() as here:
        once(here, *GUIDE)
        data = here.folder / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        for one in long.parent.glob(f"{FILE}*"):
            (data / one.name).write_bytes(one.read_bytes())
        main = folder / "main.py"
        found: dict[str, list[float]] = {"empty": [], "long screen": []}
        for _ in range(ROUNDS):
            found["empty"].append(first_screen(here, main, "--no-save"))
            found["long screen"].append(first_screen(here, main, "-r", id))
    return {name: min(took) for name, took in found.items()}


def main() -> None:
    """Print a column for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", type=Path, help="a folder with another release")
    parser.add_argument("--llm", type=Path, help="the Python of a virtual environment that has llm")
    parser.add_argument("--long-turns", type=int, default=5000)
    args = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for name, folder in (("before", args.before), ("now", ROOT)):
        if folder is None:
            continue
        with tempfile.TemporaryDirectory() as place:
            long = Path(place) / FILE
            found[name] = release(folder.absolute(), long, args.long_turns)
            found[name] |= screens(folder.absolute(), long, found[name]["id"])
    if args.llm is not None:
        found["llm"] = of_llm(args.llm, 240)
    rows = {
        "bytes per byte said, one provider": ("one", 1, 2),
        "the same after five switches among four": ("five", 1, 2),
        "commit per message, ms": ("commit", 1, 2),
        "reading 10,000 messages, ms": ("read", 1000, 0),
        "the same and the next request, ms": ("request", 1000, 0),
        "the file with 10,000 messages, MB": ("long", 1e-6, 1),
        "first screen of nothing, ms": ("empty", 1, 0),
        "first screen with 10,000 messages, ms": ("long screen", 1, 0),
    }
    print(f"{'':42}" + "".join(f"{name:>12}" for name in found))
    for text, (key, factor, digits) in rows.items():
        values = (f"{one[key] * factor:.{digits}f}" if key in one else "" for one in found.values())
        print(f"{text:42}" + "".join(f"{value:>12}" for value in values))
    print(load())


if __name__ == "__main__":
    main()
