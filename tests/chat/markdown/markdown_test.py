"""An answer drawn while it arrives looks as if drawn at once, whatever the terminal does meanwhile."""

import random
import re
import shutil
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from shlex import quote

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.chat.markdown.links import takes_links
from modules.chat.markdown.markdown_stream import MarkdownStream
from tests.harness.home import Home
from tests.harness.terminal import PATIENCE
from tests.wire import Answer

CORPUS = {
    "prose": (
        "One *two* **three four** `five` and __six__ ~~seven~~.\nSoft break.  \nHard break, \\*escaped\\* &amp; done."
    ),
    "far apart": (f"Start **{' '.join(f'bold{n}' for n in range(90))}** end *{'it ' * 90}* `{'c ' * 90}` z"),
    "never closed": (f"An *asterisk {'alone ' * 200} and [a bracket {'alone ' * 200} `tick {'alone ' * 99}"),
    "headings": "# One\n## Two **bold**\n### Three ###\nSetext\n======\nOther\n---\ntext\n\n#### Four",
    "lists": ("- a\n- b\n  - c\n    - d\n  - e\n\n    more of e\n* other list\n\n- loose\n\n- list\n-\n- [ ] task"),
    "numbers": ("\n".join(f"{n}. item {n} with `code`" for n in range(7, 13)) + "\n\n2) again\n3) and\n   - inner\n"),
    "fences": (
        "Text:\n```python\ndef f(x):\n    '''Doc\n    string'''\n    return x  # done\n\n```\n"
        "~~~\nplain\n~~~\n```c\n/* a\n b */ int x;"
    ),
    "fence in list": (
        "1. Do:\n\n   ```bash\n   ls -la\n     indented\n   ```\n2. Then:\n   > quoted\n   > > twice\n3. End"
    ),
    "table": (
        "|Name|Count|\n|:-|-:|\n"
        + "\n".join(f"|row **{n}** {'x ' * (n % 7)}|{n * n}|" for n in range(20))
        + "\n\nafter"
    ),
    "wide table": "|" + "column|" * 9 + "\n|" + "-|" * 9 + "\n" + ("|" + "some cell text|" * 9 + "\n") * 3,
    "quote": "> A quote that is\nlazily continued\n>\n> - with a list\n>\n> and `code`\n\n---\n***\nend",
    "links": (
        "[label](https://a.example/x) <https://b.example> [https://c.example](https://c.example) "
        "![pic](d.png) [r][1]\n\n[1]: https://e.example"
    ),
    "html": "A Vec<u8> and\n<div>\n<p>text</p>\n</div>\n\n<details>hidden?</details>",
    "wide": (
        "中文段落没有空格，" * 12 + "\n\n- 日本語 と **太字** 😀 emoji\n\n|名前|値|\n|-|-|\n|" + "漢字" * 20 + "|1|"
    ),
    "code line": f"```\n{'abc_def ' * 100}\nshort\n```\n\n    four spaces\n\n    are code\n\ntext",
    "one word": "x" * 2_000 + " y",
}
OURS = re.compile(r"\x1b\[[0-9;]*m|\n")


class Screen:
    """A terminal without reflow, with its scrollback."""

    def __init__(self, columns: int, lines: int = 24, *, numbered: bool = False) -> None:
        self.size = (columns, lines)
        self.written: list[str] = []
        self.screen = pyte.HistoryScreen(columns, lines, history=100_000, ratio=0.5)
        self._stream = pyte.Stream(self.screen)
        self.markdown = MarkdownStream(self.write, lambda: self.size, number=lambda nth: nth if numbered else 0)

    def write(self, text: str) -> None:
        self.written.append(text)
        self._stream.feed(text.replace("\n", "\r\n"))

    def resize(self, columns: int) -> None:
        self.size = (columns, self.size[1])
        self.screen.resize(columns=columns)

    def rows(self) -> list[str]:
        above = ["".join(row[x].data for x in sorted(row)) for row in self.screen.history.top]
        rows = [row.rstrip() for row in [*above, *self.screen.display]]
        while rows and not rows[-1]:
            rows.pop()
        return rows


def at_once(text: str, columns: int, lines: int = 24, *, numbered: bool = False) -> Screen:
    screen = Screen(columns, lines, numbered=numbered)
    screen.markdown.feed(text)
    screen.markdown.finish()
    return screen


def streamed(text: str, columns: int, lines: int = 24, seed: int = 0, longest: int = 12) -> Screen:
    screen, chance, at = Screen(columns, lines), random.Random(seed), 0
    while at < len(text):
        step = chance.randint(1, longest)
        screen.markdown.feed(text[at : at + step])
        at += step
        if chance.random() < 0.4:
            screen.markdown.draw()
    screen.markdown.finish()
    return screen


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("name", CORPUS)
def test_a_streamed_answer_looks_like_one_drawn_at_once(name: str, columns: int) -> None:
    expected = at_once(CORPUS[name], columns).rows()
    for seed, longest in enumerate((5, 90)):
        assert streamed(CORPUS[name], columns, seed=seed, longest=longest).rows() == expected


def test_blocks_of_all_kinds_follow_each_other_as_they_do_at_once() -> None:
    text = "\n\n".join(CORPUS.values())
    for columns, lines in ((40, 10), (80, 24)):
        assert streamed(text, columns, lines, longest=40).rows() == at_once(text, columns, lines).rows()


def test_the_parts_of_an_answer_look_as_intended() -> None:
    text = (
        "# Title\nSome **bold** [label](https://a.example).\n1. one\n   - two\n10. ten\n\n"
        "```python\nprint(1)\n```\n> quote\n\n|a|b|\n|-|-:|\n|x|1|\n\n![alt](p.png) <b>"
    )
    assert at_once(text, 40).rows() == [
        "Title",
        "",
        "Some bold label (https://a.example).",
        "",
        " 1. one",
        "     • two",
        " 2. ten",
        "",
        "─── python",
        "print(1)",
        "───",
        "",
        "│ quote",
        "",
        "a │ b",
        "──┼──",
        "x │ 1",
        "",
        "[image: alt] (p.png) <b>",
    ]


GROWING = "| a | 1 |\n|---|---|\n" + "".join(f"| {c} | {n} |\n" for n, c in enumerate("abcdefgh"))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_has_room_for_longer_cells_that_come_late(columns: int) -> None:
    rows = at_once(GROWING + "| j | see the manual |\n", columns).rows()
    assert rows[-1].split() == ["j", "│", "see", "the", "manual"]


@pytest.mark.parametrize("columns", [10, 40, 80])
def test_a_row_that_does_not_fit_its_table_is_written_as_lines_and_the_table_goes_on(columns: int) -> None:
    rows = at_once(GROWING + "| a cell of many words | 1 |\n| k | 9 |\n", columns).rows()
    assert "a: a cell of many words 1: 1" in " ".join(" ".join(rows).split())
    assert rows[-1].split() == ["k", "│", "9"]
    assert min(len(row) for row in rows if ":" in row) > 3, "words, not letters"


def test_a_table_uses_a_wide_screen_and_is_lines_where_columns_could_not_be_read() -> None:
    text = "|Name|What it does|\n|-|-|\n|parlance|" + "a chat in the terminal " * 6 + "|\n"
    assert len(at_once(text, 200).rows()) == 3
    assert " ".join(at_once(text, 10).rows()).startswith("Name: parlance What it does: a chat")


def test_a_break_in_a_cell_is_a_line() -> None:
    assert at_once("|a|b|\n|-|-|\n|one<br>two|x|", 40).rows()[2:] == ["one │ x", "two │"]


AS_THEY_ARE = [
    "$5 and $10, $5-$10, US$5/US$10, 5$ or 6$",
    "$HOME/$USER and ${A}:${B}, $1 and $2_000$",
    "Use __init__.py, __main__, obj.__dict__ and src/__tests__/a_b_c.py",
    "src/**/*.ts and lib/**/*.js, src/** and **/*.py, **/node_modules/** too",
    "*.ts or {*.ts,*.js} (*.a|*.b), test_*.py, foo_*.py, bar*.py",
    r"C:\Users\_tmp\.git and C:\a\_x\_y\*.txt, \\server\_share\_x ok, .\_a\_b",
    "snake_case_name and _private, path/_next_/static, _call_(x)",
    "f(*args, **kwargs), x**2 + y**2, 2*3*4, a*b*c, (a+b)*(c+d)*(e)",
    "/* a */ b /* c */ and */5 * * * *",
    "https://x.example/_foo_/__bar__?a=*b*c*d and (https://x.example/_a_)",
    r"$\hat{y}$, $x^10$, $a_ij$, $$\frac{a+b}{2}$$ and \[ \begin{matrix} a & b \\ c & d \end{matrix} \]",
    "matches .*foo.* and [a-z]*x* or (.*), 3*4 .*",
    "a regex [^a-z] and [^n], a Vec<u8>, x <sup>many words!</sup>",
]
SHOWN = {
    r"$\{P_0\}$ or \(x_1\)": "{P₀} or x₁",
    r"$$x^2 + y^{10} \le \alpha$$ and \[ a_1 = b \]": "x² + y¹⁰ ≤ α and a₁ = b",
    r"$n$-th, $O(n \log n)$, $x \in \mathbb{R}$, $\frac{1}{2}$, $E=mc^2$": "n-th, O(n log n), x ∈ ℝ, 1/2, E=mc²",
    r"x<sup>2</sup> H<sub>2</sub>O a&nbsp;b &copy; &lt;": "x² H₂O a\xa0b © <",
    r"\*no\* snake\_case 1\. file\(s\) \[1\] \[x\](u) a\\b": r"*no* snake_case 1. file(s) [1] [x](u) a\b",
    "**src/**: a, **the src/** is, *pre*fix, __six__": "src/: a, the src/ is, prefix, six",
    "_em_ 中文**粗体**中文": "em 中文粗体中文",
    "*So it ends.* Then *more.*, **C++**, **f(x)** and *(a)*": "So it ends. Then more., C++, f(x) and (a)",
    "***both*** and **a *b* c** and *a **b** c*": "both and a b c and a b c",
    "as said[^1], and more.[^12]": "as said[1], and more.[12]",
}


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_signs_that_people_mean_are_kept(text: str) -> None:
    assert at_once(text, 200).rows() == [text]


@pytest.mark.parametrize("text", SHOWN)
def test_mathematics_is_unicode_where_that_is_exact_and_emphasis_stays_emphasis(text: str) -> None:
    assert at_once(text, 200).rows() == [SHOWN[text]]


@pytest.mark.parametrize("columns", [20, 80])
def test_mathematics_is_not_cut_where_a_paragraph_is(columns: int) -> None:
    text = "".join(f"{'word ' * n} $a_{n % 10} + b_0$ and \\(x_1 + y_2\\) or a/**/*.b " for n in range(40))
    for screen in (at_once(text, columns), streamed(text, columns, longest=60)):
        shown = " ".join(screen.rows())
        assert not re.search(r"[$\\_]", shown)
        assert len(re.findall(r"a\s*/\s*\*\*\s*/\s*\*\.b", shown)) == 40


@pytest.mark.parametrize(
    ("formula", "rows"),
    [
        ("$$\na^2\n= b_1\n$$", ["a²", "= b₁"]),
        ("\\[\na\n+ \\alpha\n\\]", ["a", "+ α"]),
        ("\\[ a^2\n- b \\].", ["a²", "- b"]),
        ("$$\n\\hat{a}\n=\nb * c * d\n$$", ["$$", "\\hat{a}", "=", "b * c * d", "$$"]),
    ],
)
def test_a_formula_of_several_lines_is_no_list_and_no_heading(formula: str, rows: list[str]) -> None:
    for screen in (at_once(f"So:\n{formula}\n**Then**", 40), streamed(f"So:\n{formula}\n**Then**", 40)):
        assert screen.rows() == ["So:", "", *rows, "", "Then"]


def test_a_formula_that_never_ends_takes_nothing_with_it() -> None:
    assert at_once("$$\na_1\n\n**bold**\n\n$$ is *a pid*", 40).rows() == ["$$", "a_1", "", "bold", "", "$$ is a pid"]


def test_tasks_footnotes_and_levels_of_headings_are_told_by_their_signs() -> None:
    text = (
        "# Title\n## Part\n#### Deep\nOther\n---\n- [ ] open\n- [x] done\n1. [X] third\n\n"
        "- [x](https://a.example) link\n\nSaid[^1] and[^n].\n\n[^1]: The note\nis long\n[^n]: word\n\n    more"
    )
    for screen in (at_once(text, 40), streamed(text, 40)):
        assert [row for row in screen.rows() if row] == [
            "Title",
            "## Part",
            "#### Deep",
            "## Other",
            " ☐ open",
            " ☑ done",
            " 1. ☑ third",
            " • x (https://a.example) link",
            "Said[1] and[^n].",
            "[1] The note is long",
            "[^n] word",
            "     more",
        ]


def test_prose_is_as_wide_as_is_wished_and_code_and_tables_as_they_need() -> None:
    words, cell = "word " * 60, "cell " * 20
    text = f"{words}\n\n- {words}\n\n> {words}\n\n# {words}\n\n```\n{words}\n```\n\n|a|b|\n|-|-|\n|1|{cell}|"
    for wished, widest in ((50, 50), (0, 200), (300, 200)):
        out: list[str] = []
        markdown = MarkdownStream(out.append, lambda: (200, 24), prose_width=wished)
        markdown.feed(text)
        markdown.finish()
        *rows, code, _, _, _, _, table = re.sub(r"\x1b\[[0-9;]*m", "", "".join(out)).splitlines()
        assert max(map(len, rows)) <= widest
        assert max(map(len, rows)) > widest - 6
        assert code == words
        assert table.endswith(cell.rstrip())


def test_code_is_written_so_that_it_can_be_copied() -> None:
    line = "value = " + "x" * 100
    screen = at_once(f"```\n{line}\n```", 40)
    assert line + "\n" in "".join(screen.written), "the terminal wraps it, not we"


def test_a_line_of_code_is_one_line_however_long_and_keeps_its_tabs() -> None:
    data, indented = '{"key": [1, 2]}, ' * 3_000, "\tone\t# two\n\t\tthree"
    text = f"```\n{data}\n```\n\n" + "".join(f"\t{line}\n" for line in indented.split("\n"))
    for screen in (at_once(text, 40), streamed(text, 40, longest=9_000)):
        assert data + "\n" in "".join(screen.written)
        assert indented + "\n" in "".join(screen.written)


@pytest.mark.parametrize("mark", ["```", "~~~~"])
def test_a_code_block_inside_a_markdown_block_ends_by_itself_and_the_rest_is_no_code(mark: str) -> None:
    text = f"{mark}markdown\n# Title\n{mark}python\nprint(1)\n{mark}\n- item\n{mark}\nThe **rest**."
    for screen in (at_once(text, 40), streamed(text, 40)):
        assert screen.rows()[-3:] == ["───", "", "The rest."]
        assert f"{mark}python" in screen.rows()


LONG = "https://a.example/" + "/".join(f"part{n}" for n in range(40))


@pytest.mark.parametrize("columns", [10, 40, 200])
@pytest.mark.parametrize(
    "text",
    [
        f"See {LONG} and go on",
        f"- see [here]({LONG})",
        f"> <{LONG}>",
        f"|a|b|\n|-|-|\n|x|see {LONG}|\n",
        f"{'word ' * 60}{LONG} {'word ' * 60}",
        "a/long/path/" * 30,
    ],
)
def test_what_is_to_be_clicked_or_copied_has_no_line_ends_of_ours(text: str, columns: int) -> None:
    for screen in (at_once(text, columns), streamed(text, columns)):
        written = re.sub(r"\x1b\[[0-9;]*m", "", "".join(screen.written))
        assert (LONG if LONG in text else text) in written


def linked(text: str, columns: int = 40) -> list[tuple[str, str]]:
    """The links of an answer as a terminal is told them: target and text."""
    out: list[str] = []
    markdown = MarkdownStream(out.append, lambda: (columns, 24), links=True)
    markdown.feed(text)
    markdown.finish()
    rest = re.sub(r"\x1b\[[0-9;]*m", "", "".join(out))
    return re.findall(r"\x1b\]8;id=\w+;([^\x1b\x07]+)\x1b\\(.*?)\x1b\]8;;\x1b\\", rest)


def test_a_link_can_be_clicked_and_its_target_is_seen_where_the_words_are_others() -> None:
    text = "[words](https://a.example/x) <https://b.example> <me@c.example>"
    assert linked(text, 100) == [
        ("https://a.example/x", "words"),
        ("https://a.example/x", "(https://a.example/x)"),
        ("https://b.example", "https://b.example"),
        ("mailto:me@c.example", "me@c.example"),
    ]
    assert "https://evil.example" in "".join(text for _, text in linked("[https://good.example](https://evil.example)"))


@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "ssh://host", "data.png", "https://a.example/" + "x" * 2_000, "vscode://open/x"]
)
def test_no_other_target_is_given_to_the_terminal(href: str) -> None:
    assert linked(f"[words]({href}) ![picture]({href})") == []
    assert href in at_once(f"[words]({href})", 40).rows()[0] or len(href) > 20


def test_a_target_cannot_end_its_sequence() -> None:
    for char in ("\x1b", "\x07", "\x9c", "é", "&#27;", "&#7;"):
        for target, _ in linked(f"[words](https://a.example/{char}x)"):
            assert re.fullmatch(r"[!-~]+", target)


@pytest.mark.parametrize(
    ("variables", "takes"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux"}, True),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "5000"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({}, True),
    ],
)
def test_links_go_to_no_terminal_that_is_known_to_be_without(variables: dict[str, str], takes: bool) -> None:
    assert takes_links(variables.get) is takes


def test_without_colour_only_attributes_are_written() -> None:
    out: list[str] = []
    markdown = MarkdownStream(out.append, lambda: (80, 24))
    markdown.feed("**bold** `code`\n```python\nimport os\n```")
    markdown.finish()
    assert set(re.findall(r"\x1b\[[0-9;]*m", "".join(out))) == {"\x1b[1m", "\x1b[2m", "\x1b[0m"}


def test_an_answer_drawn_at_once_moves_no_cursor() -> None:
    written = "".join(at_once("\n\n".join(CORPUS.values()), 80).written)
    assert re.sub(r"\x1b\[[0-9;]*m", "", written).isprintable() is False
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", written)


def test_nothing_new_means_nothing_written_and_nothing_at_all_stays_nothing() -> None:
    screen = Screen(80)
    screen.markdown.draw()
    screen.markdown.feed("hello")
    screen.markdown.draw()
    before = len(screen.written)
    screen.markdown.draw()
    assert len(screen.written) == before
    assert at_once("", 80).written == []


def test_the_cursor_ends_visible_at_the_start_of_a_new_row() -> None:
    screen = streamed("# A\n\n- b\n", 80)
    assert (screen.screen.cursor.x, screen.screen.cursor.y) == (0, 3)
    assert not screen.screen.cursor.hidden


def letters(text: str) -> str:
    return "".join(re.findall(r"k\d+z", re.sub(r"[\s│]", "", text)))


MARKS = [
    *"#->`*_~[]()!|&;:\\=\t\r\x00\x07\x1b\x9b\u202e\u200d\ud800",
    "\n",
    "\n",
    "\n\n",
    "    ",
    "  ",
    "**",
    "/*",
]
WORDS = [
    "1. ",
    "10) ",
    "```",
    "```py\n",
    "|-|-|\n",
    "---",
    "](",
    "https://a.b",
    "&#x202e;",
    "&#27;",
    "<b>",
    '"""',
    *(
        "$",
        "$$",
        "$$\n",
        "\\(",
        "\\)",
        "\\[\n",
        "\\]",
        "**/",
        "C:\\_",
        "://",
        "__",
        "x^2",
        "<br>",
        "[^1]",
        "[^1]: ",
        "- [x] ",
    ),
]
SCRIPTS = ["日本", "😀", "العربية", "e\u0301"]
PIECES = st.sampled_from([*MARKS, *WORDS, *SCRIPTS])


@given(
    st.lists(PIECES, max_size=60),
    st.sampled_from([1, 2, 7, 13, 29, 40, 200]),
    st.integers(1, 30),
    st.integers(1, 40),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_raises_loses_a_word_or_smuggles_a_control_character(
    pieces: list[str], columns: int, lines: int, step: int
) -> None:
    text = "".join(f"{piece}k{n}z " for n, piece in enumerate(pieces))
    out: list[str] = []
    markdown = MarkdownStream(out.append, lambda: (columns, lines))
    for at in range(0, len(text), step):
        markdown.feed(text[at : at + step])
        markdown.draw()
    markdown.finish()
    final: list[str] = []
    markdown = MarkdownStream(final.append, lambda: (columns, lines))
    markdown.feed(text)
    markdown.finish()
    for char in OURS.sub("", "".join(out)).replace("\t", ""):  # code keeps its tabs
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, hex(ord(char))
    assert sorted(set(re.findall(r"k\d+z", letters(OURS.sub(" ", "".join(final)))))) == sorted(
        f"k{n}z" for n in range(len(pieces))
    )


def test_a_resize_while_streaming_neither_doubles_nor_drops_a_word() -> None:
    words = [f"word{n:03}" for n in range(400)]
    text = "".join(f"{word}\n\n- " if n % 19 == 0 else f"{word} " for n, word in enumerate(words))
    screen, chance = Screen(60), random.Random(4)
    for at in range(0, len(text), 7):
        screen.markdown.feed(text[at : at + 7])
        screen.markdown.draw()
        if chance.random() < 0.1:
            screen.resize(screen.size[0] + chance.randint(1, 3))
    screen.markdown.finish()
    assert re.findall(r"word\d+", "\n".join(screen.rows())) == words


def test_a_narrower_terminal_without_reflow_keeps_every_row_once() -> None:
    text = "".join(f"- row{n:03} and some more words to fill it up\n" for n in range(100))
    screen = Screen(80)
    for at in range(0, len(text), 9):
        screen.markdown.feed(text[at : at + 9])
        screen.markdown.draw()
        if at % 450 == 0 and screen.size[0] > 30:
            screen.resize(screen.size[0] - 7)
    screen.markdown.finish()
    assert re.findall(r"row\d+", "\n".join(screen.rows())) == [f"row{n:03}" for n in range(100)]


REAL = ("-m", "groq:gpt-oss-120b")
WORDS_IN_ORDER = [f"word{n:03}" for n in range(300)]
LISTS = "".join(f"{word} " + ("\n\n- " if n % 23 == 0 else "") for n, word in enumerate(WORDS_IN_ORDER))


@pytest.mark.parametrize("columns", [40, 100])
def test_the_program_shows_an_answer_as_one_drawn_at_once(home: Home, columns: int) -> None:
    names = ("headings", "fence in list", "table", "wide table", "quote", "links", "code line")
    text = "\n\n".join(CORPUS[name] for name in names) + f"\n\nSee {LONG} too.\n\n```\n{LONG * 3}\n```\n\nThe end."
    home.groq.answer(Answer(text, pace=0.002))
    terminal = home.open(*REAL, columns=columns).prompt()
    terminal.enter("Show me.").sees("The end.").prompt()
    assert "\n".join(at_once(text, columns, numbered=True).rows()) in terminal.text
    assert terminal.leave() == 0


def test_a_resize_while_the_program_streams_neither_doubles_nor_drops_a_word(home: Home) -> None:
    home.groq.answer(Answer(LISTS + "The end.", pace=0.005))
    terminal = home.open(*REAL, columns=60).prompt()
    terminal.enter("Show me.")
    for word, columns in (("word050", 75), ("word120", 90), ("word200", 120)):
        terminal.sees(word).resize(columns, 24)
    terminal.sees("The end.").prompt()
    assert re.findall(r"word\d+", terminal.text) == WORDS_IN_ORDER


@pytest.mark.alone
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_terminal_that_reflows_shows_every_word_once_after_resizes(home: Home, tmp_path: Path) -> None:
    home.groq.answer(Answer(LISTS + "THE END", pace=0.005))

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null", *words]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE, env=home.env(TERM="screen-256color")
        )
        return done.stdout

    def sees(text: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while text not in (shown := tmux("capture-pane", "-p", "-J", "-S", "-")):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        return shown

    tmux("new-session", "-d", "-x", "70", "-y", "20", " ".join(map(quote, home.argv(*REAL))))
    try:
        sees("0 of 131k")
        tmux("send-keys", "Show me.")
        sees("> Show me.")
        tmux("send-keys", "Enter")
        for n, columns in enumerate((40, 90, 33, 57, 25, 70)):
            sees(f"word{30 + 40 * n:03}")
            tmux("resize-window", "-x", str(columns), "-y", "20")
        shown = sees("THE END")
        assert re.findall(r"word\d+", shown) == WORDS_IN_ORDER, shown
    finally:
        tmux("kill-server")


def work(text: str) -> tuple[int, int]:
    """Bytes written and Python functions called while a text is streamed: a measure without a clock."""
    calls = written = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    def write(piece: str) -> None:
        nonlocal written
        written += len(piece.encode())

    markdown = MarkdownStream(write, lambda: (80, 24))
    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        for at in range(0, len(text), 80):
            markdown.feed(text[at : at + 80])
            markdown.draw()
        markdown.finish()
    finally:
        sys.setprofile(previous)
    return written, calls


HUGE = {
    "fence": ("```python\n", "    return {'a': 1}  # comment\n"),
    "paragraph": ("", "word **bold** and `code` in one line "),
    "unclosed paragraph": ("", "word **bold [and `code in one line "),
    "table": ("|a|b|\n|-|-|\n", "|cell one|cell **two**|\n"),
    "list": ("", "- item\n  - nested item with `code`\n"),
    "quote": ("", "> quoted text in a long block\n"),
    "one word": ("", "abcdefghij"),
}


@pytest.mark.parametrize("name", HUGE)
def test_one_huge_block_costs_no_more_per_character_than_a_small_one(name: str) -> None:
    head, line = HUGE[name]
    (small_bytes, small_calls), (bytes_, calls) = (work(head + line * (size // len(line))) for size in (3_000, 12_000))
    assert bytes_ < 4.4 * small_bytes
    assert calls < 4.4 * small_calls
    assert bytes_ < 8 * 12_000


MONSTERS = {
    "line of code": "```json\n" + "[1, 2], " * 40_000,
    "line": "a" * 300_000,
    "quotes": ">" * 10_000 + " hi",
    "lists": "- " * 10_000,
    "table": "|a|b|\n|-|-|\n" + "|x|y|\n" * 5_000,
    "brackets": "[" * 20_000,
    "marks": "e" + "\u0301" * 20_000,
}


@pytest.mark.parametrize("text", MONSTERS.values(), ids=MONSTERS)
def test_a_monstrous_block_is_drawn_in_bounded_time(text: str) -> None:
    start = time.process_time()
    out: list[str] = []
    markdown = MarkdownStream(out.append, lambda: (80, 24))
    markdown.feed(text)
    markdown.draw()
    markdown.finish()
    assert time.process_time() - start < 5
