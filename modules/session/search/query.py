"""What a person typed to search with, as a value: words, "phrases", -words, and filters such as model: and since:."""

import re
import time

from msgspec import Struct

from modules.errors import UsageError
from modules.session.search.folding import words_of
from modules.session.search.since import moment

MOST_TERMS = 100
ROLES = {
    "user": ("user", "me", "i", "person"),
    "assistant": ("assistant", "model", "ai", "answer"),
    "tool": ("tool", "tools", "result"),
    "system": ("system", "instructions"),
    "title": ("title", "titles"),
}
EXAMPLES = "Write role:user, role:assistant, role:tool, role:system or role:title."
FILTERS = ("model", "role", "since", "in")

_part = re.compile(
    rf"""(?P<minus>-(?=[\w"]))?  (?:(?P<filter>{"|".join(FILTERS)}):)?
    (?: "(?P<phrase>[^"]*)"? | (?P<word>[^\s"]+) )""",
    re.VERBOSE | re.IGNORECASE,
)
_QUOTES = str.maketrans("“”„‟«»", '""""""')


class Term(Struct, frozen=True):
    """Words that stand in a row. `whole`: each is meant as it is, as in quotes; else it may be a part of one."""

    words: tuple[str, ...]
    whole: bool


class Query(Struct, frozen=True):
    """What is looked for. All of `wanted` must be there and none of `unwanted`; one of `roles` and `models`, if any.

    `since` is in seconds since 1970, 0 for ever. `in_title` is whether only titles are looked at.
    """

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    roles: tuple[str, ...] = ()
    models: tuple[Term, ...] = ()
    unwanted_roles: tuple[str, ...] = ()
    unwanted_models: tuple[Term, ...] = ()
    since: float = 0.0
    in_title: bool = False

    @property
    def of_messages_only(self) -> bool:
        """Whether it asks for what a title does not have."""
        return bool(self.roles or self.models or self.unwanted_roles or self.unwanted_models)


def parse(text: str, now: float | None = None) -> Query:
    """The query that was typed. Raises UsageError for a filter with a value that it does not have, and for nothing."""
    found: dict[tuple[str, bool], list[str]] = {}
    terms: dict[tuple[str, bool], list[Term]] = {}
    for part in _part.finditer(text.translate(_QUOTES)):
        minus, name = bool(part["minus"]), (part["filter"] or "").lower()
        value = part["phrase"] if part["phrase"] is not None else part["word"]
        if name in ("", "model"):
            if words := tuple(words_of(value)):
                terms.setdefault((name, minus), []).append(Term(words, part["phrase"] is not None))
            elif name:
                raise UsageError('"model:" names no model.', cure="Write it right behind, as in model:sonnet.")
        else:
            found.setdefault((name, minus), []).append(value)
    roles = tuple(_role(value) for value in found.get(("role", False), ()))
    places = [_place(value) for value in found.get(("in", False), ())]
    if ("since", True) in found or ("in", True) in found:
        raise UsageError("since: and in: cannot be turned round with a minus.", cure="Leave the minus out.")
    query = Query(
        wanted=tuple(terms.get(("", False), ())),
        unwanted=tuple(terms.get(("", True), ())),
        roles=tuple(role for role in roles if role != "title"),
        models=tuple(terms.get(("model", False), ())),
        unwanted_roles=tuple(_role(value) for value in found.get(("role", True), ())),
        unwanted_models=tuple(terms.get(("model", True), ())),
        since=max((moment(value, now or time.time()) for value in found.get(("since", False), ())), default=0.0),
        in_title=bool(places) or "title" in roles,
    )
    return _checked(query, is_empty=not terms and not found)


def _checked(query: Query, *, is_empty: bool) -> Query:
    if is_empty:
        raise UsageError("There is nothing to search for.", cure='Give words, as in: parser "exactly this" -draft.')
    if sum(map(len, (query.wanted, query.unwanted, query.models, query.unwanted_models))) > MOST_TERMS:
        raise UsageError(f"A search takes at most {MOST_TERMS} words.", cure="Give fewer of them.")
    if query.in_title and query.of_messages_only:
        raise UsageError("A title has no role and no model.", cure="Leave role: and model: out, or in:title.")
    return query


def _role(typed: str) -> str:
    wanted = typed.strip().lower()
    for role, names in ROLES.items():
        if wanted in names:
            return role
    raise UsageError(f'"role:{typed}" is no role.', cure=EXAMPLES)


def _place(typed: str) -> str:
    if typed.strip().lower() not in ROLES["title"]:
        raise UsageError(f'"in:{typed}" is no place to search in.', cure="Write in:title for titles only.")
    return "title"
