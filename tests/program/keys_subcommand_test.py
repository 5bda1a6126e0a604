"""`parlance keys`: where each key comes from and what it opens, and of the key itself no more than its end."""

import json

from tests.harness.home import KEYS, Home
from tests.harness.keyrings import put_in_ring, ring

IN_RING = "gsk_0123456789abcdWXYZ"


def listed(text: str) -> dict[str, str]:
    """The lines by their variables."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines()}


def test_each_is_listed_with_its_source_its_end_what_it_opens_and_where_to_get_one(home: Home) -> None:
    home.keys.clear()
    (home.folder / ".env").write_text("OPENAI_API_KEY=sk-proj-0123456789MNOP\nMISTRAL_API_KEY=short1234\n")
    put_in_ring(home, "GROQ_API_KEY", IN_RING)
    done = home.run("keys", env={**ring(home, "File"), "ANTHROPIC_API_KEY": KEYS["ANTHROPIC_API_KEY"]})
    assert (done.stderr, done.returncode) == ("", 0)
    lines = listed(done.stdout)
    assert lines["ANTHROPIC_API_KEY"] == "…e2a7 anthropic (10 models) in the environment"
    assert lines["OPENAI_API_KEY"] == f"…MNOP openai (9 models) in {home.folder / '.env'}"
    assert lines["GROQ_API_KEY"] == "…WXYZ groq (5 models) in the keyring"
    assert lines["MISTRAL_API_KEY"] == f"mistral (3 models) in {home.folder / '.env'}"  # of a short one nothing
    assert lines["XAI_API_KEY"] == "xai (2 models) not set: https://console.x.ai"
    assert lines["GEMINI_API_KEY"].startswith("gemini (3 models), google (3 models) not set")
    assert not any(key[:-4] in done.stdout for key in (*KEYS.values(), IN_RING, "sk-proj-0123456789MNOP"))


def test_as_json_it_names_what_is_not_used_too_and_no_key(home: Home) -> None:
    put_in_ring(home, "GROQ_API_KEY", IN_RING)
    done = home.run("keys", "--json", env=ring(home, "File"))
    rows = {row["variable"]: row for row in json.loads(done.stdout)}
    assert rows["GROQ_API_KEY"] == {
        "variable": "GROQ_API_KEY",
        "source": "the environment",
        "end": "…d6b1",
        "also": ["the keyring"],
        "fault": "",
        "opens": ["groq"],
        "page": "https://console.groq.com/keys",
    }


def test_a_keyring_that_hangs_is_waited_for_once_and_the_rest_is_listed(home: Home) -> None:
    home.keys = {"OPENAI_API_KEY": KEYS["OPENAI_API_KEY"]}
    put_in_ring(home, "GROQ_API_KEY", IN_RING)
    names = dict.fromkeys(("GROQ_API_KEY", "XAI_API_KEY", "MISTRAL_API_KEY", "DEEPSEEK_API_KEY"), 1)
    (home.folder / "state" / "keyring.json").write_text(json.dumps(names))
    lines = listed(home.run("keys", env=ring(home, "Hanging")).stdout)
    for name in names:
        assert "The keyring has not answered for 3 seconds." in lines[name]
    assert lines["OPENAI_API_KEY"].startswith("…f4c0 openai")


def test_it_loads_no_sdk_and_without_a_key_in_the_keyring_not_that_either(home: Home) -> None:
    done = home.run("keys", python=("-X", "importtime"))
    assert not any(f" {name}\n" in done.stderr for name in ("openai", "anthropic", "httpx", "keyring", "keyring.core"))


def test_a_damaged_list_of_names_names_no_key(home: Home) -> None:
    home.keys.clear()
    put_in_ring(home, "GROQ_API_KEY", IN_RING)
    for damaged in (b"{", b"[1]", b"\xff", b'{"GROQ_API_KEY": "now"}', b"[" * 100_000):
        (home.folder / "state" / "keyring.json").write_bytes(damaged)
        assert "not set" in listed(home.run("keys").stdout)["GROQ_API_KEY"]
