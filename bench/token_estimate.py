"""How far the estimate of tokens is off, by kind of text and tokenizer: before any answer, and after two.

The tokenizers are real ones, out of packages that ship them: `mistral-common` and `litellm` in a Python of their own
(`--python PY`, for example of a virtual environment: pip install mistral-common[sentencepiece] litellm), and
`gpt-tokenizer` for Node (`--node-modules DIR`: npm install gpt-tokenizer). Each stands for a server that adds some
tokens to each request and message. An answer is a request of three samples, which the server counts; the estimate is
that of another such request: of the same kind, and of each other kind. `unknown` is a maker whose tokenizer the program
has no weights for.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from operator import add, mul

from bench.rig import load
from bench.token_texts import kinds
from modules.llm.message import user
from modules.llm.models import Model, Provider
from modules.llm.tokens.amounts import Amount, of_message, of_request
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.llm.tokens.text_kinds import counted

OF_REQUEST, OF_MESSAGE = 14, 5  # tokens that the servers add
ROUNDS, IN_A_REQUEST = 12, 3
WANTED = 0.10
IN_PYTHON = """
import importlib.util, json, os, sys
from pathlib import Path
texts = json.load(sys.stdin)
found = {}
litellm = importlib.util.find_spec("litellm").origin  # imported, it asks the network for prices
folder = Path(litellm).parent / "litellm_core_utils" / "tokenizers"
os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
import tiktoken, tokenizers
cl100k = tiktoken.get_encoding("cl100k_base")
found["cl100k"] = [len(cl100k.encode(text, disallowed_special=())) for text in texts]
for name in ("anthropic", "deepseek"):
    one = tokenizers.Tokenizer.from_file(str(folder / f"{name}_tokenizer.json"))
    found[name] = [len(one.encode(text, add_special_tokens=False).ids) for text in texts]
import mistral_common
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
data = Path(mistral_common.__file__).parent / "data"
tekken = Tekkenizer.from_file(str(data / "tekken_240911.json"))
found["tekken"] = [len(tekken.encode(text, False, False)) for text in texts]
try:
    from mistral_common.tokens.tokenizers.sentencepiece import SentencePieceTokenizer
    old = SentencePieceTokenizer(str(data / "mistral_instruct_tokenizer_240323.model.v3"))
    found["mistral v3"] = [len(old.encode(text, False, False)) for text in texts]
except ImportError:
    pass
json.dump(found, sys.stdout)
"""
IN_NODE = """
const { encode } = require("gpt-tokenizer/cjs/encoding/o200k_base");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const allowed = { disallowedSpecial: new Set() };
console.log(JSON.stringify({ o200k: texts.map((text) => encode(text, allowed).length) }));
"""
# The id of a model that has this tokenizer; "" where the program is to know nothing of its maker.
MODELS = {
    "o200k": "gpt-6.1-sol",
    "anthropic": "claude-sonnet-5-5",
    "deepseek": "deepseek-chat",
    "tekken": "mistral-large-latest",
    "o200k, unknown": "somebody/else",
    "cl100k, unknown": "somebody/else",
    "deepseek, unknown": "somebody/else",
    "mistral v3, unknown": "somebody/else",
}
Counts = Mapping[str, list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", metavar="PY", help="a Python that has mistral-common and litellm")
    parser.add_argument("--node-modules", metavar="DIR", help="a node_modules that has gpt-tokenizer")
    given = parser.parse_args()
    texts = kinds()
    print(load())
    _speed(texts)
    counts = _counted([text for samples in texts.values() for text in samples], given.python, given.node_modules)
    if not counts:
        print("No tokenizer to compare with: give --python or --node-modules, see --help.")
        return
    named = {name: counts[tokenizer] for name in MODELS if (tokenizer := name.partition(",")[0]) in counts}
    errors = {name: dict(_errors(texts, found, MODELS[name])) for name, found in named.items()}
    print("\nMean error in percent, before any answer → after two answers of the same kind")
    _table({name: {kind: f"{e[0]:.0%} → {e[1]:.0%}" for kind, e in of.items()} for name, of in errors.items()})
    print("\nThe same after two answers of each other kind")
    _table({name: {kind: f"{e[2]:.0%}" for kind, e in of.items()} for name, of in errors.items()})
    for name, of in errors.items():
        right = statistics.mean(e[3] for e in of.values())
        changed = statistics.mean(e[4] for e in of.values())
        print(f"{name}: within {WANTED:.0%} after two answers {right:.0%}, after two of another kind {changed:.0%}")


def _speed(texts: Mapping[str, list[str]]) -> None:
    """How quickly text is counted."""
    for kind in ("prose", "code", "Chinese", "base64"):
        text = "\n".join(texts[kind] * 20)
        begun = time.process_time()
        counted(text)
        print(f"{kind}: {len(text.encode()) / 1e6 / (time.process_time() - begun):.0f} MB/s")


def _counted(texts: list[str], python: str | None, node_modules: str | None) -> dict[str, list[int]]:
    """How many tokens each text has, by tokenizer."""
    found: dict[str, list[int]] = {}
    runs = [[python, "-c", IN_PYTHON]] if python else []
    runs += [["node", "-e", IN_NODE]] if node_modules else []
    for run in runs:
        environment = {**os.environ, "NODE_PATH": node_modules or ""}
        done = subprocess.run(
            run, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True, env=environment
        )
        found |= json.loads(done.stdout)
    return found


def _errors(texts: Mapping[str, list[str]], counts: list[int], id: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Of each kind: mean error before, after, and after another kind; how many of the latter two are within bounds."""
    provider = Provider(name="bench", title="Bench", dialect="openai-chat", base_url="http://127.0.0.1:9/v1")
    model, chance, start = Model(name=id, id=id, provider=provider), random.Random(3), 0
    known: dict[str, list[tuple[Amount, int]]] = {}
    for kind, samples in texts.items():
        amounts = [of_message(user(text), model) for text in samples]
        known[kind] = list(zip(amounts, counts[start : start + len(samples)], strict=True))
        start += len(samples)
    for kind, of in known.items():
        before, after, changed = list[float](), list[float](), list[float]()
        for _ in range(ROUNDS):
            usual, asked = LearnedWeights(), _request(of, chance, model)
            before.append(_off(usual, model, asked))
            for other, others in known.items():
                learned = LearnedWeights()
                for amount, tokens in (_request(others, chance, model), _request(others, chance, model)):
                    learned.learn(model, amount, tokens)
                (after if other == kind else changed).append(_off(learned, model, asked))
        within = [statistics.mean(off <= WANTED for off in offs) for offs in (after, changed)]
        yield kind, (*map(statistics.mean, (before, after, changed)), *within)


def _request(of: list[tuple[Amount, int]], chance: random.Random, model: Model) -> tuple[list[int], int]:
    amount, tokens = list(of_request("", (), model)), OF_REQUEST
    for one, count in chance.sample(of, IN_A_REQUEST):
        amount = list(map(add, amount, one))
        tokens += count + OF_MESSAGE
    return amount, tokens


def _off(weights: LearnedWeights, model: Model, asked: tuple[list[int], int]) -> float:
    amount, tokens = asked
    return float(abs(sum(map(mul, weights.of(model), amount)) / tokens - 1))


def _table(columns: Mapping[str, Mapping[str, str]]) -> None:
    kinds_of = list(next(iter(columns.values())))
    widths = [max(len(name), 10) for name in columns]
    print(" " * 10, *(name.rjust(width) for name, width in zip(columns, widths, strict=True)), sep="  ")
    for kind in kinds_of:
        cells = (of[kind].rjust(width) for of, width in zip(columns.values(), widths, strict=True))
        print(kind.ljust(10), *cells, sep="  ")


if __name__ == "__main__":
    main()
