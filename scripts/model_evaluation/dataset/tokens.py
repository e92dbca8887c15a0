"""Tokens by estimate, and how many of them base models take at once."""

from __future__ import annotations

BYTES_PER_TOKEN = 4  # of UTF-8: about right for English; other scripts come out somewhat high or low
GENEROUS_CONTEXT = 128_000
ANSWER_TOKENS = 8_192  # what a judge job lets the model write

# Native lengths from the makers' model cards (Meta, Alibaba, DeepSeek, OpenAI) and the Amazon Nova user guide,
# by what the names in SageMaker's hub contain; the first that fits counts.
_CONTEXTS = (
    ("qwen3-4b-instruct-2507", 262_144),
    ("r1-distill", 131_072),
    ("llama-3-1", 131_072),
    ("llama-3-2", 131_072),
    ("llama-3-3", 131_072),
    ("qwen2-5", 32_768),
    ("qwen3", 32_768),
    ("gpt-oss", 131_072),
    ("nova-micro", 128_000),
    ("nova-lite", 300_000),
    ("nova-pro", 300_000),
)


def estimated_tokens(text: str) -> int:
    """A rough number of tokens: UTF-8 bytes over ``BYTES_PER_TOKEN``, rounded up."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN)


def context_tokens(base_model: str) -> int | None:
    """How many tokens, prompt and answer together, a base model of SageMaker's hub takes; ``None``: not known."""
    name = base_model.lower().replace(".", "-").replace("_", "-")
    return next((tokens for part, tokens in _CONTEXTS if part in name), None)
