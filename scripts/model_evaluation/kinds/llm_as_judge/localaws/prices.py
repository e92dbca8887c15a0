"""Bedrock's prices and quotas in the stand-in. Invented, of the usual order of magnitude."""

from __future__ import annotations

from model_evaluation.localaws.services.prices import Product, Quota

# USD per 1,000 tokens: input, output.
TOKEN_PRICES = {
    "Nova Pro": (0.0008, 0.0032),
    "Llama 3.1 70B Instruct": (0.00072, 0.00072),
    "Mistral Large (24.02)": (0.004, 0.012),
    "Claude 3 Haiku": (0.00025, 0.00125),
}
PRODUCTS = [
    Product(
        "AmazonBedrock",
        "Amazon Bedrock",
        {
            "model": model,
            "inferenceType": f"{direction} tokens",
            "feature": "On-demand Inference",
            "usagetype": f"LOCAL-{model.replace(' ', '')}-{direction.lower()}-tokens",
        },
        "1K tokens",
        price,
    )
    for model, prices in TOKEN_PRICES.items()
    for direction, price in zip(("Input", "Output"), prices, strict=True)
]
ON_DEMAND = "On-demand model inference tokens per minute for"
CROSS_REGION = "Cross-region model inference tokens per minute for"
QUOTAS = [
    Quota("bedrock", "L-F4E2B1A0", "Number of concurrent automatic model evaluation jobs", 20.0),
    Quota("bedrock", "L-10CA1001", f"{ON_DEMAND} Amazon Nova Pro", 800_000.0),
    Quota("bedrock", "L-10CA1002", f"{CROSS_REGION} Amazon Nova Pro", 1_600_000.0),
    Quota("bedrock", "L-10CA1003", f"{ON_DEMAND} Anthropic Claude 3 Haiku", 300_000.0),
    Quota("bedrock", "L-10CA1004", f"{CROSS_REGION} Anthropic Claude Sonnet 4.5", 1_000_000.0),
    Quota("bedrock", "L-10CA1005", f"{ON_DEMAND} Meta Llama 3.1 70B Instruct", 300_000.0),
    Quota("bedrock", "L-10CA1006", f"{ON_DEMAND} Mistral Large (24.02)", 300_000.0),
]
