"""Tokens by estimate, and how many of them base models take at once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

BYTES_PER_TOKEN = 4  # of UTF-8: about right for English; other scripts come out somewhat high or low
GENEROUS_CONTEXT = 128_000


def estimated_tokens(text: str) -> int:
    """A rough number of tokens: UTF-8 bytes over ``BYTES_PER_TOKEN``, rounded up."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN)


def context_tokens(base_model: str) -> int | None:
    """How many tokens, prompt and answer together, a base model of SageMaker's hub takes; ``None``: not known."""
    name = base_model.lower().replace(".", "-").replace("_", "-")
    return next((tokens for part, tokens in _contexts().items() if part in name), None)


@cache
def _contexts() -> dict[str, int]:
    contexts: dict[str, int] = tomllib.loads(Path(__file__).with_name("contexts.toml").read_text(encoding="utf-8"))
    return contexts
