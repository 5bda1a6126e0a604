"""Writes tiny models with random weights, for llama-server: `python random_model.py TINY.gguf HOSTILE.gguf`.

They speak nonsense, each answer another, but the server around them is the real one. The first says words and signs;
the second says any byte as readily, NUL, ESC and halves of characters among them. Runs where `gguf` and numpy are
installed, and needs nothing of this project.
"""

import string
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy

WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 128, 16384
CONTROL = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
WORDS = (*string.ascii_lowercase, "the", "of", "and", "to", "in", "is", "that", "for", "it", "was", "with", "he")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main() -> None:
    """Write both models."""
    for path, hostile in zip(sys.argv[1:3], (False, True), strict=True):
        write(Path(path), hostile)


def vocabulary() -> list[tuple[str, Any]]:
    """The tokens with their kinds; the number of a token is its place."""
    kind = gguf.TokenType
    return [
        ("<unk>", kind.UNKNOWN),
        *((token, kind.CONTROL) for token in CONTROL),
        *((f"<0x{byte:02X}>", kind.BYTE) for byte in range(256)),
        *((f"\u2581{word}", kind.NORMAL) for word in WORDS),
        ("\u2581", kind.NORMAL),
        *((sign, kind.NORMAL) for sign in string.ascii_letters + string.digits + string.punctuation),
    ]


def write(path: Path, hostile: bool) -> None:
    """Write one model; `hostile` makes single bytes as likely as words."""
    tokens, random = vocabulary(), numpy.random.default_rng(11)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(path.stem)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types([int(kind) for _, kind in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(4)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)

    def matrix(name: str, rows: int, columns: int, scale: float = 0.08) -> None:
        writer.add_tensor(name, (random.standard_normal((rows, columns)) * scale).astype(numpy.float32))

    def ones(name: str) -> None:
        writer.add_tensor(name, numpy.ones(WIDTH, numpy.float32))

    matrix("token_embd.weight", len(tokens), WIDTH, 1.0)
    ones("output_norm.weight")
    output = (random.standard_normal((len(tokens), WIDTH)) * 0.25).astype(numpy.float32)
    if not hostile:
        output[1 + len(CONTROL) : 1 + len(CONTROL) + 256] = 0  # the score of a byte is 0 then, far below the best word
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        ones(f"blk.{layer}.attn_norm.weight")
        ones(f"blk.{layer}.ffn_norm.weight")
        for part in ("q", "k", "v", "output"):
            matrix(f"blk.{layer}.attn_{part}.weight", WIDTH, WIDTH)
        matrix(f"blk.{layer}.ffn_gate.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_up.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_down.weight", WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
