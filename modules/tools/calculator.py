"""The tool that does sums: arithmetic on exact numbers, read as an expression and never run as a program.

Whole numbers and decimals are exact, however large, up to a number of digits; so is every sum, product and quotient of
them. What cannot be exact, such as a sine, is a float.
"""

import ast
import math
import re
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from modules.errors import ToolFailed
from modules.tools.tool import tool

Number = int | Fraction | float

LONGEST_CHARS = 1000  # of an expression
DIGITS = 2000  # of any number on the way
BITS = int(DIGITS * math.log2(10))
PLACES = 20  # significant digits of a number that goes on for ever
SHORT = 12  # digits of numerator and denominator that are still worth showing

# What could only be another part of the language, and what Python would warn about on the person's screen.
_STRANGE = re.compile(r"[^0-9A-Za-z_.,()+*/%^ -]|(?<=[0-9a-fA-F.])(and|or|if|in|is|else|for|not)\b")

CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}


@tool(effect="read", free=True)
def calculate(expression: str) -> str:
    """Calculate an arithmetic expression exactly.

    Args:
        expression: numbers with + - * / // % ** and parentheses; sqrt, log, sin, round, factorial and the like; pi, e
    """
    text = expression.strip().translate(_SIGNS)
    if not text or len(text) > LONGEST_CHARS:
        raise ToolFailed(f"An expression has 1 to {LONGEST_CHARS} characters.")
    try:
        return number_text(_value(_parsed(text), text))
    except (RecursionError, MemoryError) as error:
        raise ToolFailed("The expression is nested too deeply.") from error
    except ZeroDivisionError as error:
        raise ToolFailed("This divides by zero.") from error
    except OverflowError as error:
        raise ToolFailed("A number on the way is too large for a function that is not exact.") from error


def number_text(value: Number) -> str:
    """The number as text: exact where its digits end, else to PLACES digits and as a fraction where that is short."""
    match value:
        case float():
            if not math.isfinite(value):
                raise ToolFailed("The result is not a finite number.")
            return f"{value:.15g}"
        case int():
            return str(value)
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return str(numerator)
    places = _places(denominator)
    if places is not None and places <= DIGITS:
        whole, rest = divmod(abs(numerator) * 10**places // denominator, 10**places)
        return f"{'-' if numerator < 0 else ''}{whole}.{rest:0{places}d}"
    short = len(str(numerator)) <= SHORT and len(str(denominator)) <= SHORT
    return _rounded(value) + (f" (exactly {numerator}/{denominator})" if short else "")


def _parsed(text: str) -> ast.expr:
    if strange := _STRANGE.search(text):
        raise ToolFailed(f'"{strange[0]}" is not understood, at character {strange.start() + 1}.')
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        at = min(getattr(error, "offset", None) or len(text) + 1, len(text) + 1)
        problem = (getattr(error, "msg", None) or str(error)).partition(". ")[0]
        raise ToolFailed(f"This is no expression: {problem}, at character {at} of {len(text)}.") from error


def _value(node: ast.expr, text: str) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _literal(node, value, text)
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() as op, operand=operand):
            inner = _value(operand, text)
            return inner if isinstance(op, ast.UAdd) else -inner
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _bounded(_OPERATIONS[type(op)](_value(left, text), _value(right, text)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _applied(name, [_value(arg, text) for arg in args])
    raise ToolFailed(f"{_unknown(node)}, at character {node.col_offset + 1}.")


def _unknown(node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=ast.BitXor()):
            return 'Powers are written "**", not "^"'
        case ast.Tuple():
            return "A comma stands only between the arguments of a function; thousands have none"
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            return f'There is no "{name[:40]}"; there are {", ".join((*CONSTANTS, *_FUNCTIONS))}'
    return "Only numbers, + - * / // % **, parentheses and functions are understood"


def _literal(node: ast.expr, value: int | float, text: str) -> Number:
    """A number as it was written: 0.1 is a tenth, not the float that is nearest to it."""
    if isinstance(value, int):
        return _bounded(value)
    written = Decimal((ast.get_source_segment(text, node) or "").replace("_", ""))
    if abs(written.adjusted()) > DIGITS:
        raise _too_long()
    return _bounded(Fraction(written))


def _applied(name: str, arguments: list[Number]) -> Number:
    try:
        return _bounded(_FUNCTIONS[name](*arguments))
    except (TypeError, ValueError) as error:
        raise ToolFailed(f"{name}({', '.join(map(number_text, arguments))}) cannot be: {error}.") from error


def _bounded(value: Any) -> Number:
    if isinstance(value, complex):
        raise ToolFailed("The result is a complex number.")
    if isinstance(value, float):
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise _too_long()
    return int(value) if value.denominator == 1 else Fraction(value)


def _too_long() -> ToolFailed:
    return ToolFailed(f"A number on the way has more than {DIGITS} digits.")


def _divided(left: Number, right: Number) -> Number:
    return left / right if isinstance(left, float) or isinstance(right, float) else Fraction(left) / Fraction(right)


def _power(base: Number, exponent: Number) -> Any:
    """A power, exact where the exponent is whole; its size is known before it is worked out."""
    if isinstance(base, float) or not isinstance(exponent, int):
        return float(base) ** float(exponent)
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size > 1 and size * abs(exponent) > BITS + size:
        raise _too_long()
    return Fraction(base) ** exponent


def _root(value: Number) -> Number:
    """A square root, exact where it comes out even."""
    if isinstance(value, float) or value < 0:
        return math.sqrt(value)
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if (top * top, bottom * bottom) == (value.numerator, value.denominator):
        return Fraction(top, bottom)
    return math.sqrt(value)


def _round(value: Any, places: Number = 0) -> Any:
    if not isinstance(places, int) or abs(places) > DIGITS:
        raise ValueError("the number of places is a whole number")
    return round(value, places) if places else round(value)


def _counted(function: Callable[..., int]) -> Callable[..., int]:
    """A function of whole numbers whose result grows fast."""

    def counted(*arguments: Number) -> int:
        if any(isinstance(one, int) and one > DIGITS for one in arguments):
            raise _too_long()
        return function(*arguments)

    return counted


def _places(denominator: int) -> int | None:
    """How many decimal places a fraction has; None where they never end."""
    counts = []
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator //= prime
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None


def _rounded(value: Fraction) -> str:
    return str(Context(prec=PLACES).divide(Decimal(value.numerator), Decimal(value.denominator)))


_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "\n": " ", "\t": " "})
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: _divided,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: _power,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "round": _round, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "min": min, "max": max,
    "sqrt": _root, "exp": math.exp, "log": math.log, "ln": math.log, "log2": math.log2, "log10": math.log10,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan,
    "atan2": math.atan2, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "hypot": math.hypot,
    "degrees": math.degrees, "radians": math.radians, "gcd": math.gcd, "lcm": math.lcm,
    "factorial": _counted(math.factorial), "comb": _counted(math.comb), "perm": _counted(math.perm),
}  # fmt: skip
