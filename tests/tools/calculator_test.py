"""The calculator: exact where numbers can be, quick to refuse what would never end, and never a program."""

import math
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.errors import ToolFailed
from modules.tools.calculator import LONGEST_CHARS, calculate
from modules.tools.tool import ToolContext

CONTEXT = ToolContext(Path("/"), Path("/"))

SUMS = {
    "2 + 2": "4",
    "12 * 7": "84",
    "0.1 + 0.2": "0.3",
    "3.00 * 2": "6",
    "-7 // 2": "-4",
    "-7 % 3": "2",
    "-0.5 * 3": "-1.5",
    "10 / 4": "2.5",
    "1 / 3": "0.33333333333333333333 (exactly 1/3)",
    "1 / 3 * 3": "1",
    "-2 ** 2": "-4",
    "2 ** -2": "0.25",
    "2 ** 200": str(2**200),
    "1e-3 + 1": "1.001",
    "1_000_000 * 0xff": "255000000",
    "12 × 7 ÷ 2 − 1": "41",
    "sqrt(16)": "4",
    "sqrt(1/4)": "0.5",
    "sqrt(2)": "1.4142135623731",
    "log(1000, 10)": "3",
    "cos(pi)": "-1",
    "round(2.567, 2)": "2.57",
    "max(1, 2.5, 2)": "2.5",
    "factorial(20)": "2432902008176640000",
    "(1 + 2) * (3 - -4)": "21",
    "0.1000000000000000000000000000001 - 0.1": "0.0000000000000000000000000000001",
}
REFUSED = {
    "": "1 to 1000 characters",
    "1+" * 600: "1 to 1000 characters",
    "9**9**9": "more than 2000 digits",
    "1e999999999": "more than 2000 digits",
    "1e-999999999": "more than 2000 digits",
    "(1/3)**99999999": "more than 2000 digits",
    "factorial(99999999)": "more than 2000 digits",
    "comb(9999999999, 5000000000)": "more than 2000 digits",
    "exp(99999)": "too large",
    "1 / 0": "divides by zero",
    "0.0 ** -1": "divides by zero",
    "5 % 0": "divides by zero",
    "sqrt(-1)": "sqrt(-1) cannot be",
    "log(0)": "log(0) cannot be",
    "gcd(0.5, 2)": "gcd(0.5, 2) cannot be",
    "sqrt()": "sqrt() cannot be",
    "(-8) ** 0.5": "complex",
    "2 ^ 3": '"**", not "^"',
    "1,000 + 1": "A comma stands only between",
    "root(2)": 'There is no "root"',
    "x + 1": 'There is no "x"; there are pi',
    "2 +": "at character 4 of 3",
    "2 * * 3": "at character 5 of 7",
    "(1 + 2": "at character 1 of 6",
    "(" * 400 + ")" * 400: "at character",
    "1 if 2 else 3": "Only numbers",
    "1or 2": '"or" is not understood, at character 2',
    "not 1": "Only numbers",
    "1 < 2": '"<" is not understood',
    "True + 1": "Only numbers",
    "2j": "Only numbers",
    "__import__('os').system('id')": '"\'" is not understood',
    "abs.__class__": "Only numbers",
    "(1).real": "Only numbers",
    "sqrt(x=4)": '"=" is not understood',
    "sqrt(*4)": "Only numbers",
    "1; 2": '";" is not understood',
    "１ + １": "is not understood",
}


async def result(expression: str) -> str:
    plan = await calculate.prepare({"expression": expression}, CONTEXT)
    assert not plan.asks
    return str(await plan.do(CONTEXT))


async def outcome(expression: str) -> str:
    try:
        return await result(expression)
    except ToolFailed as error:
        return str(error)


@pytest.mark.parametrize(("expression", "value"), SUMS.items())
async def test_a_sum_comes_out_exactly(expression: str, value: str) -> None:
    assert await result(expression) == value


@pytest.mark.parametrize(("expression", "told"), REFUSED.items(), ids=lambda text: text[:30])
async def test_what_is_no_sum_is_refused_at_once_and_in_words(expression: str, told: str) -> None:
    began = time.process_time()
    with pytest.raises(ToolFailed) as raised:
        await result(expression)
    assert told in str(raised.value)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("sign", ["-", "(", "1**", "sqrt("])
async def test_nesting_as_deep_as_an_expression_can_be_ends_in_words_or_a_number(sign: str) -> None:
    depth = LONGEST_CHARS // (len(sign) + 1) - 1
    expression = sign * depth + "1" + ")" * (depth if sign.endswith("(") else 0)
    told = await outcome(expression)
    assert told in ("1", "-1") or "This is no expression" in told or "nested too deeply" in told


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789.+-*/%() ,episqrtlogx_", max_size=40))
async def test_whatever_is_typed_ends_in_a_number_or_in_words(expression: str) -> None:
    told = await outcome(expression)
    assert told[-1] in ".)" or float(told) is not None


@settings(max_examples=50, deadline=None)
@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=3))
async def test_decimals_add_up_as_fractions_do(one: object, other: object) -> None:
    text = await result(f"({one}) + ({other})")
    assert Fraction(text) == Fraction(str(one)) + Fraction(str(other))
    assert math.isfinite(float(text))
