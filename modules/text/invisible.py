"""The one table of characters that nobody sees, or that a terminal obeys: groups that every rule in here is made of.

Each group is the inside of a character class, so that groups are joined by writing them one after another. Which group
is let through, spelled out or dropped is said by the rule that reads it: `sanitize` for the screen, `unambiguous` for
what a person decides on, `plain_words` for what a server says of itself, `hidden_messages` for what a model reads.
"""

# What a terminal obeys.
CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
LINE_SEPARATORS = "\u2028\u2029"  # of lines and paragraphs
SURROGATES = "\ud800-\udfff"  # halves of characters, which no encoding can write

# What reorders text. The marks are spelling in Hebrew and Arabic; the controls hide what a line really says.
DIRECTION_MARKS = "\u061c\u200e\u200f"
DIRECTION_CONTROLS = "\u202a-\u202e\u2065-\u206f"  # embeddings, overrides, isolates, and what was withdrawn beside them

# Where a word or a line may or may not be broken, and which letters join.
SOFT_HYPHEN = "\u00ad"
ZERO_WIDTH_BREAKS = "\u200b\u2060\ufeff"  # the space of no width, the word joiner, the byte order mark that was one
NON_JOINER = "\u200c"
JOINER = "\u200d"
GRAPHEME_JOINER = "\u034f"

# What chooses the shape of the sign before it, and signs of formulas that nobody writes.
SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
MONGOLIAN_SELECTORS = "\u180b-\u180f"
FORMULA_SIGNS = "\u2061-\u2064"

# Letters that are drawn as nothing.
HANGUL_FILLERS = "\u115f\u1160\u3164\uffa0"
KHMER_VOWELS = "\u17b4\u17b5"
BRAILLE_BLANK = "\u2800"

# Format controls of single scripts, and what is for programs alone.
SCRIPT_FORMATS = "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # hieroglyphs, shorthand, music
HIEROGLYPH_BLANKS = "\U00013440-\U0001345f"
ANNOTATIONS = "\ufff0-\ufffb"
TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # an alphabet that is drawn only as the region of a flag
TAG_LETTERS = "\U000e0030-\U000e0039\U000e0061-\U000e007a"  # of which regions are spelled
FLAG, END_OF_FLAG = "\U0001f3f4", "\U000e007f"  # what a region stands between

# Places where words may be parted or joined: nobody sees them alone.
SPACES_OF_NO_WIDTH = ZERO_WIDTH_BREAKS + NON_JOINER + JOINER

# The groups beyond U+FFFF in as few ranges as there can be: `re` tries each of them for every character of a text.
BEYOND_FFFF = "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
BASIC_SELECTORS = "\ufe00-\ufe0f"
