"""Searches that a provider runs by itself in an answer, or would: for conversations that may go any way."""

from dataclasses import replace

from hypothesis import strategies as st

from tests import wire

PAGES = (wire.Page("https://mills.example/wheel", "Mill wheels"), wire.Page("https://rivers.example/"))
LATE = wire.Search("late", PAGES, id="srvtoolu_01late", ended=False)
FOUND = wire.Answer(replace(LATE, query="", ended=True), "Found.")
MILL = wire.Search("mill", PAGES)
searched: st.SearchStrategy[list[wire.Search | wire.Cites | wire.Reasoning | str]] = st.sampled_from(
    [[MILL], [wire.Search("x", error="unavailable")], [MILL, wire.Cites("It turns.", PAGES)]]
)


def unsearched(one: wire.Answer | wire.Status) -> wire.Answer | wire.Status:
    """The same from a model that was offered no search."""
    if isinstance(one, wire.Status):
        return one
    parts = [part for part in one.parts if not isinstance(part, wire.Search | wire.Cites)]
    said = parts or [wire.Text("Well.")]
    return wire.Answer(*said, stop=None if one.stop == "pause_turn" else one.stop, fault=one.fault)
