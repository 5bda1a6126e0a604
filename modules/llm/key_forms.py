"""What API keys look like: whose key a text is, or holds, by the beginning that its maker gave it."""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct


class Form(Struct, frozen=True):
    """A kind of key. `start` and `rest` are patterns; `sure` where nothing but a key begins so."""

    whose: str
    start: str
    rest: str
    sure: bool = True


ANYBODY = "a model provider"
# The forms are those that scanners of secrets look for (gitleaks' rules, GitHub's secret scanning patterns). The
# first that fits counts, so what is more exact stands before what is less.
FORMS = (
    Form("Anthropic", r"sk-ant-(?:api|admin|oat|ort|sid)\d\d-", r"[\w-]{16,}"),
    Form("OpenRouter", r"sk-or-v1-", r"[0-9a-f]{24,}"),
    Form("OpenAI", r"sk-(?:proj|svcacct|admin|None|service)-", r"[\w-]{16,}"),
    Form("OpenAI", r"sk-(?=\w{10,60}T3BlbkFJ)", r"\w{30,}"),
    Form("Groq", r"gsk_", r"[A-Za-z0-9]{16,}"),
    Form("xAI", r"xai-", r"[A-Za-z0-9]{20,}"),
    Form("Google", r"AIza", r"[\w-]{35}"),
    Form("Google", r"AQ\.", r"[\w-]{40,}", sure=False),
    Form("Hugging Face", r"hf_", r"[A-Za-z0-9]{20,}"),
    Form("Perplexity", r"pplx-", r"[A-Za-z0-9]{20,}"),
    Form("NVIDIA", r"nvapi-", r"[\w-]{20,}"),
    Form("Cerebras", r"csk-", r"[a-z0-9]{20,}", sure=False),
    Form("Fireworks", r"fw_", r"[A-Za-z0-9]{20,}", sure=False),
    Form("Together", r"tgp_v1_", r"[\w-]{20,}"),
    Form("Tavily", r"tvly-(?:dev-|prod-)?", r"[A-Za-z0-9-]{20,}"),
    Form("Brave", r"BSA", r"[\w-]{24,}", sure=False),
    Form("Replicate", r"r8_", r"[A-Za-z0-9]{20,}", sure=False),
    Form("GitHub", r"(?:gh[pousr]_|github_pat_)", r"\w{20,}"),
    Form("GitLab", r"glpat-", r"[\w-]{16,}"),
    Form("Slack", r"xox[abeprs]-", r"[A-Za-z0-9-]{16,}"),
    Form("Stripe", r"[rs]k_live_", r"[A-Za-z0-9]{16,}"),
    Form("AWS", r"(?:AKIA|ASIA)", r"[A-Z2-7]{16}"),
    Form("npm", r"npm_", r"[A-Za-z0-9]{30,}"),
    Form("PyPI", r"pypi-AgE", r"[\w-]{40,}"),
    Form(ANYBODY, r"sk-(?:[a-z]{2,8}-)?", r"[\w-]{20,}", sure=False),
)
# What every form begins with, to be searched for first: a pattern looks at each letter of a paste of megabytes.
BEGINNINGS = (
    "sk-", "gsk_", "xai-", "AIza", "AQ.", "hf_", "pplx-", "nvapi-", "fw_", "tgp_v1_", "r8_", "gh", "glpat-", "xox",
    "k_live_", "AKIA", "ASIA", "npm_", "pypi-", "tvly-", "BSA",
)  # fmt: skip
MANY = 20_000  # beginnings in one text, from which on the pattern alone is quicker
BEFORE = 1  # letters of a form that may stand before its beginning, as in csk- and rk_live_
# What stands in examples in the place of a key.
PLACEHOLDER = re.compile(r"x{4}|your|example|placeholder|replace|redacted|dummy|insert|(?:api)?[-_]?key[-_]?here", re.I)
RANDOM = re.compile(r"[A-Za-z0-9]{12,}")
LOTS = re.compile(r"\d|[a-z][A-Z]|[A-Za-z]{16}")  # no words that a person joins with dashes have any of it
FEWEST = 6  # different characters in what nobody has made up
PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----\s+(?:\S+: .*\s+)*[A-Za-z0-9+/=]{16}")


@cache
def _pattern() -> re.Pattern[str]:
    """A key of any form; not in the middle of a longer word, as in base64, an address or a hash."""
    forms = "|".join(f"(?P<f{at}>{one.start}(?P<r{at}>{one.rest}))" for at, one in enumerate(FORMS))
    return re.compile(rf"(?<![\w/+-])(?=[sgxABhpncftr])(?:{forms})(?![\w-])")


def maker_of(key: str) -> tuple[str, bool]:
    """Who makes keys that begin like this one, and whether nobody else does; ("", False) where that is not known."""
    form = next((one for one in FORMS if re.match(one.start, key)), None)
    return (form.whose, form.sure) if form and form.whose != ANYBODY else ("", False)


def owners(text: str) -> Iterator[str]:
    """Whose keys a text holds, each owner once; "" for a private key, which is nobody's but the person's."""
    named = set()
    for found in _found(text):
        at = int((found.lastgroup or "f0")[1:])
        form = FORMS[at]
        if form.whose not in named and _is_real(found[f"r{at}"], sure=form.sure):
            named.add(form.whose)
            yield form.whose
    if "PRIVATE KEY" in text and PRIVATE.search(text):
        yield ""


def _found(text: str) -> Iterator[re.Match[str]]:
    """The keys in a text, in the order in which they stand there."""
    if sum(map(text.count, BEGINNINGS)) > MANY:
        yield from _pattern().finditer(text)
        return
    places = set()
    for beginning in BEGINNINGS:
        at = text.find(beginning)
        while at >= 0:
            places |= {at, max(at - BEFORE, 0)}
            at = text.find(beginning, at + 1)
    end = 0
    for at in sorted(places):
        if at >= end and (found := _pattern().match(text, at)):
            end = found.end()
            yield found


def _is_real(rest: str, *, sure: bool) -> bool:
    """Whether this was drawn by lot, as keys are, and not written by a person."""
    if PLACEHOLDER.search(rest) or len(set(rest)) < FEWEST:
        return False
    if sure:
        return bool(LOTS.search(rest))
    return any(
        len(re.findall(r"\d", run)) > 1 and len(re.findall(r"[A-Za-z]", run)) > 1 for run in RANDOM.findall(rest)
    )
