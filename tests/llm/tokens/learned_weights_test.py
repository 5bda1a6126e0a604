"""What answers teach of a tokenizer: two are enough, and a server that leaves something out teaches nothing."""

import re
from operator import add, mul
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.llm.models import Model, Provider
from modules.llm.tokens.amounts import NOTHING, of_request, of_text
from modules.llm.tokens.learned_weights import KEPT, LearnedWeights

PROSE = (ROOT / "tests/data/prose_sample.txt").read_text("utf-8")
CODE = (ROOT / "tests/data/code_sample.txt").read_text("utf-8")
CHINESE = "今天的天气很好,我们一起去公园散步吧。他说明天会下雨,所以最好带一把伞。" * 60
PIECES = re.compile(r"\s?[A-Za-z]{1,5}|\d|[^\sA-Za-z\d]|\s+")  # a tokenizer like no other: short words, single digits


def counted(text: str) -> int:
    return len(PIECES.findall(text)) + 30  # and a prompt of the server's own


def at(id: str = "somebody/else", dialect: str = "anthropic-messages", name: str = "here") -> Model:
    provider = Provider(name=name, title=name, dialect=dialect, base_url="http://127.0.0.1:9/v1")
    return Model(name=id, id=id, provider=provider)


def amount(text: str) -> list[int]:
    return list(map(add, of_text(text), of_request("", (), at())))


def estimate(weights: LearnedWeights, text: str, model: Model | None = None) -> float:
    total: float = sum(map(mul, weights.of(model or at()), amount(text)))
    return total


def taught(*texts: str, path: Path | None = None) -> LearnedWeights:
    weights = LearnedWeights(path)
    for text in texts:
        weights.learn(at(), amount(text), counted(text))
    return weights


@pytest.mark.parametrize(
    ("first", "second", "then"),
    [
        (PROSE[:3000], PROSE[5000:9000], PROSE[20_000:30_000]),
        (CODE[:3000], CODE[3000:6000], CODE[6000:12_000]),
        (PROSE[:3000], CODE[3000:6000], PROSE[20_000:24_000] + CODE[6000:12_000]),
        (PROSE[:6000], PROSE[6000:9000], CODE[6000:12_000]),
    ],
)
def test_two_answers_are_enough(first: str, second: str, then: str) -> None:
    assert abs(estimate(LearnedWeights(), then) / counted(then) - 1) > 0.1, "before, it is off"
    assert estimate(taught(first, second), then) == pytest.approx(counted(then), rel=0.1)


def test_prose_says_little_of_chinese() -> None:
    before = estimate(LearnedWeights(), CHINESE)
    assert estimate(taught(PROSE[:6000], PROSE[6000:9000]), CHINESE) == pytest.approx(before, rel=0.25)


def test_nothing_is_measured_before_the_first_lesson_and_each_issuer_has_its_own() -> None:
    weights = LearnedWeights()
    assert not weights.is_measured(at())
    assert weights.learn(at(), amount(PROSE[:3000]), counted(PROSE[:3000]))
    assert weights.is_measured(at())
    assert not weights.is_measured(at(name="elsewhere"))
    assert weights.of(at(name="elsewhere")) == LearnedWeights().of(at())


@pytest.mark.parametrize("share", [0, 0.05, 0.3, 0.6, 10])
@pytest.mark.parametrize("dialect", ["openai-chat", "ollama-chat"])
def test_a_count_that_cannot_be_teaches_nothing(share: float, dialect: str) -> None:
    """A server that keeps only the end of a conversation, or does not count."""
    weights, model = LearnedWeights(), at(dialect=dialect)
    assert not weights.learn(model, amount(PROSE[:20_000]), int(share * estimate(weights, PROSE[:20_000])))
    assert not weights.is_measured(model)
    assert weights.of(model) == LearnedWeights().of(model)


def test_a_window_that_fills_up_does_not_make_text_ever_cheaper() -> None:
    weights, model = LearnedWeights(), at(dialect="openai-chat")
    for length in range(4_000, 60_000, 2_000):
        weights.learn(model, amount(PROSE[:length]), min(4096, counted(PROSE[:length])))
    assert estimate(weights, PROSE[:60_000], model) > 0.7 * counted(PROSE[:60_000])


@pytest.mark.parametrize("share", [0.55, 2.4])
def test_no_weight_leaves_what_any_tokenizer_has(share: float) -> None:
    weights = LearnedWeights()
    for start in range(0, 60_000, 2_000):
        text = amount(PROSE[start : start + 2_000])
        weights.learn(at(), text, round(share * estimate(LearnedWeights(), PROSE[start : start + 2_000])))
    for learned, usual in zip(weights.of(at())[:26], LearnedWeights().of(at())[:26], strict=True):
        assert 0.4 * usual <= learned <= 3 * usual


def test_the_guide_that_answers_offline_teaches_nothing() -> None:
    assert not LearnedWeights().learn(at(dialect="offline"), amount(PROSE[:3000]), counted(PROSE[:3000]))


class TestTheFile:
    def test_is_read_again_by_the_next_run(self, tmp_path: Path) -> None:
        path = tmp_path / "state" / "token_weights.json"
        weights = taught(PROSE[:3000], CODE[:3000], path=path)
        assert LearnedWeights(path).of(at()) == weights.of(at()) != LearnedWeights().of(at())
        assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing is left beside it"

    def test_two_programs_learn_for_each_other(self, tmp_path: Path) -> None:
        path = tmp_path / "token_weights.json"
        one, other = LearnedWeights(path), LearnedWeights(path)
        assert other.of(at())
        one.learn(at(), amount(PROSE[:3000]), counted(PROSE[:3000]))
        other.learn(at(name="elsewhere"), amount(CODE[:3000]), counted(CODE[:3000]))
        assert LearnedWeights(path).is_measured(at())
        assert LearnedWeights(path).is_measured(at(name="elsewhere"))

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 99, "issuers": {}}', '{"form": 1, "issuers": {"x": 3}}'])
    def test_costs_another_lesson_where_it_cannot_be_read(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "token_weights.json"
        path.write_text(text)
        assert not LearnedWeights(path).is_measured(at())
        assert LearnedWeights(path).learn(at(), amount(PROSE[:3000]), counted(PROSE[:3000]))
        assert LearnedWeights(path).is_measured(at())

    def test_stays_small(self, tmp_path: Path) -> None:
        path = tmp_path / "token_weights.json"
        weights = LearnedWeights(path)
        for start in range(200):
            weights.learn(at(), amount(PROSE[start * 100 : start * 100 + 3000]), 700 + start * 7 % 500)
        assert path.stat().st_size < KEPT * 400

    def test_forgets_an_issuer(self, tmp_path: Path) -> None:
        weights = taught(PROSE[:3000], path=tmp_path / "token_weights.json")
        assert weights.forget(at().issuer)
        assert not weights.forget(at().issuer)
        assert not LearnedWeights(tmp_path / "token_weights.json").is_measured(at())


def test_an_empty_amount_takes_nothing() -> None:
    assert sum(map(mul, LearnedWeights().of(at()), NOTHING)) == 0
