"""What each kind of text usually takes, in tokens: fitted to real tokenizers, for each maker whose tokenizer is known.

`bench/token_estimate.py` shows how far they are off. A maker that is not in the table has the mean of all.
"""

from collections.abc import Mapping

from modules.llm.catalogue.model_makers import maker_of
from modules.llm.models import Model
from modules.llm.tokens.text_kinds import KINDS

# What a request holds beside text. A message and a call with its result have something around them; pictures, tools
# and reasoning are counted in tokens already, and `requests` is for what each request holds whatever is in it.
BESIDE = ("messages", "calls", "pictures", "reasoning", "tools", "requests")
AMOUNTS = (*KINDS, *BESIDE)
OF_BESIDE = (4.0, 14.0, 1.0, 0.5, 1.0, 8.0)

# In the order of KINDS. o200k_base for OpenAI, Gemma 3 for Google, Tekken for Mistral, those of DeepSeek V3, Qwen 3 and
# Llama 3.1, and for Anthropic that of Claude 2, the last that was published.
TEXT: Mapping[str, tuple[float, ...]] = {
    "openai": (
        0.35, 0.87, 0.14, 1.2, 0.75, 0.14, 0.35, 1.21, 0.2, 0.51, 0.7, 0.08, 0.32, 0.33,
        0.92, 0.3, 0.39, 0.38, 0.37, 0.33, 0.74, 0.63, 0.65, 0.68, 1.3, 3.0,
    ),
    "anthropic": (
        0.55, 0.76, 0.29, 0.88, 0.68, 0.26, 0.0, 1.0, 0.2, 0.22, 1.12, 0.05, 0.25, 0.8,
        2.26, 0.58, 1.27, 1.13, 1.66, 1.37, 0.78, 0.9, 1.2, 1.2, 1.3, 3.0,
    ),
    "google": (
        0.36, 0.78, 0.24, 0.85, 0.39, 1.06, 0.0, 0.46, 0.2, 1.0, 1.2, 0.09, 0.33, 0.82,
        0.78, 0.28, 0.41, 0.4, 0.28, 0.4, 0.58, 0.38, 0.6, 0.5, 1.3, 2.75,
    ),
    "mistralai": (
        0.34, 0.89, 0.24, 1.07, 0.51, 0.96, 0.0, 0.91, 0.2, 0.19, 0.74, 0.11, 0.3, 0.41,
        0.9, 0.32, 0.41, 0.37, 0.47, 0.47, 0.97, 0.59, 0.65, 1.2, 1.3, 3.0,
    ),
    "deepseek": (
        0.34, 0.92, 0.25, 0.92, 0.71, 0.27, 0.1, 1.09, 0.2, 0.34, 0.96, 0.08, 0.27, 0.61,
        1.53, 0.34, 0.52, 0.46, 0.48, 0.8, 0.58, 0.61, 0.79, 1.09, 1.3, 3.0,
    ),
    "qwen": (
        0.03, 1.32, 0.13, 0.79, 0.75, 0.89, 0.0, 1.14, 0.2, 0.1, 0.56, 0.1, 0.29, 0.29,
        1.16, 0.36, 1.02, 0.49, 0.89, 1.0, 0.61, 0.57, 0.73, 1.07, 1.3, 3.0,
    ),
    "meta-llama": (
        0.0, 1.38, 0.13, 0.85, 0.98, 0.17, 0.12, 1.4, 0.2, 0.1, 0.64, 0.1, 0.29, 0.31,
        0.73, 0.33, 0.41, 0.46, 0.69, 1.65, 0.73, 0.58, 0.67, 1.2, 1.3, 3.0,
    ),
    "": (
        0.24, 1.02, 0.18, 0.93, 0.91, 0.12, 0.45, 1.48, 0.2, 0.43, 0.8, 0.08, 0.3, 0.46,
        1.06, 0.32, 0.46, 0.43, 0.45, 0.52, 0.65, 0.55, 0.69, 0.87, 1.3, 3.0,
    ),
}  # fmt: skip


def usual_weights(model: Model) -> tuple[float, ...]:
    """What each of AMOUNTS usually takes, in tokens, at this model."""
    return (*TEXT.get(maker_of(model.id), TEXT[""]), *OF_BESIDE)
