"""Mathematics as Unicode, where that says exactly the same; everything else stays as it was written."""

import re

_NAMES = """
alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ
pi π rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π
Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω vartheta ϑ ell ℓ hbar ℏ infty ∞ partial ∂ nabla ∇ emptyset ∅ varnothing ∅
aleph ℵ forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ top ⊤ bot ⊥ times × div ÷ cdot · pm ± mp ∓ ast ∗ star ⋆ circ ∘
bullet • oplus ⊕ otimes ⊗ wedge ∧ land ∧ vee ∨ lor ∨ cap ∩ cup ∪ setminus ∖ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ ll ≪
gg ≫ approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝ in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ perp ⊥
parallel ∥ mid ∣ vdash ⊢ models ⊨ to → rightarrow → leftarrow ← gets ← leftrightarrow ↔ mapsto ↦ Rightarrow ⇒
Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ iff ⟺ longrightarrow ⟶ uparrow ↑ downarrow ↓ sum ∑ prod ∏ int ∫ oint ∮
ldots … dots … cdots ⋯ vdots ⋮ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ angle ∠ degree ° prime ′ colon :
lbrace { rbrace } square □ triangle △ therefore ∴ because ∵
"""
_SYMBOLS = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))
_SYMBOLS |= {sign: sign for sign in "{}$%#&_"} | {
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
    "quad": "  ",
    "qquad": "  ",
}
_FUNCTIONS = re.compile(
    r"arccos|arcsin|arctan|cos|cosh|cot|det|dim|exp|gcd|inf|lim|ln|log|max|min|mod|Pr|sin|sinh|sup|tan|tanh"
)
_SETS = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
_UP = dict(zip(
    "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
    strict=True,
))  # fmt: skip
_DOWN = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[{}^_]|\s+|.", re.DOTALL)
_DEEPEST = 8


class _Inexact(ValueError):
    """There is no such Unicode."""


def as_unicode(tex: str) -> str | None:
    """Mathematics in TeX's words (without the marks around it) as Unicode; None where that would not be the same."""
    try:
        reader = _Reader(_TOKEN.findall(tex.strip()))
        text = reader.group(end="")
    except _Inexact:
        return None
    return re.sub(r" {2,}", " ", text).strip() or None


def raised(text: str, up: bool = True) -> str | None:
    """Text as superscript or subscript characters, where each has one."""
    signs = _UP if up else _DOWN
    return "".join(signs[char] for char in text) if text and all(char in signs for char in text) else None


class _Reader:
    """Reads TeX from left to right, and gives up at the first thing that it cannot say exactly."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def group(self, end: str) -> str:
        """All up to the end of a group."""
        parts: list[str] = []
        while (token := self.next()) != end:
            if not token or token in ("}", "&", "~"):
                raise _Inexact
            part = self.script(token) if token in ("^", "_") else self.one(token)
            if token[0] == "\\" and _FUNCTIONS.fullmatch(token[1:]) and self.peek()[:1].isalnum():
                part += " "  # "sin x" may be written without a blank only in TeX
            parts.append(part)
        return "".join(parts)

    def one(self, token: str) -> str:
        """One symbol, command or group."""
        if token == "{":
            return self.nested()
        if token.isspace():
            return " "
        if token[0] != "\\":
            return "′" if token == "'" else token
        name = token[1:]
        if name in _SYMBOLS:
            if name.isalpha() and self.peek().isspace() and _SYMBOLS[name].isalpha():
                self.next()  # this blank only ends the name
            return _SYMBOLS[name]
        if _FUNCTIONS.fullmatch(name):
            return name
        return self.command(name)

    def command(self, name: str) -> str:
        match name:
            case "left" | "right" if self.peek() and self.peek() in "()[]|":
                return self.next()
            case "left" | "right" if self.peek() in ("\\{", "\\}", "\\langle", "\\rangle"):
                return _SYMBOLS[self.next()[1:]]
            case "mathbb" if (letter := self.argument()) in _SETS:
                return _SETS[letter]
            case "text" | "mathrm" | "operatorname" | "textrm":
                words = self.argument()
                if re.fullmatch(r"[\w .,;:-]*", words):
                    return words
            case "sqrt" if self.peek() == "{":
                inner = self.argument()
                alone = re.fullmatch(r"\d+|\w", inner) and not re.match(r"[\w(\\^{]", self.peek())
                return f"√{inner}" if alone else f"√({inner})"
            case "frac" | "tfrac" | "dfrac" if self.peek() == "{":
                return self.fraction()
        raise _Inexact

    def fraction(self) -> str:
        """Only between simple terms, with nothing beside it that could be taken for a part of one."""
        before = self.tokens[self.at - 2] if self.at > 1 else " "
        over = self.argument()
        under = self.argument() if self.peek() == "{" else ""
        follows = self.peek() or " "
        beside = re.compile(r"[\w^_(\\{'!]")
        if beside.match(follows) or re.match(r"[\w)}\\/^_]", before):
            raise _Inexact
        if not (re.fullmatch(r"\d+|\w", over) and re.fullmatch(r"\d+|\w", under)):
            raise _Inexact
        return f"{over}/{under}"

    def argument(self) -> str:
        if self.next() != "{":
            raise _Inexact
        return self.nested()

    def nested(self) -> str:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Inexact
        text = self.group(end="}")
        self.depth -= 1
        return text

    def script(self, mark: str) -> str:
        """What is raised or lowered; unbraced, only what nobody could mean otherwise: "x^10" may be meant as x¹⁰."""
        token = self.next()
        if not token or token.isspace() or token in ("^", "_", "}"):
            raise _Inexact
        inner = self.one(token)
        if mark == "^" and inner == "∘":
            return "°"
        follows = self.peek()
        if token != "{" and ((inner.isdigit() and follows.isdigit()) or (inner.isalpha() and follows.isalnum())):
            raise _Inexact
        shown = raised(inner, up=mark == "^")
        if shown is None or follows == mark:
            raise _Inexact
        return shown
