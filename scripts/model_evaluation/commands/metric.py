"""Check custom metric definitions on their own: Bedrock's limits, the prompt variables, the rating scale.

example:
  evaluate.py metric lint metrics.json
"""

from __future__ import annotations

from model_evaluation.input_text import read_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["lint"], help="what to do")
    parser.add_argument("file", metavar="FILE", help="the definitions as JSON; `-` reads standard input")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.metrics.custom import lint_custom_metrics

    text = read_value("-" if args.file == "-" else f"@{args.file}", "custom_metrics")
    result = lint_custom_metrics(text)
    body: dict[str, Any] = {"metrics": result.metrics, "findings": result.findings}
    if not result.errors:
        return body, 0
    body["error"] = {
        "code": "metric_unusable",
        "message": f"{len(result.errors)} faults: "
        + " ".join(f"{item['position']}: {item['message']}" for item in result.errors[:10]),
        "fix": result.errors[0]["fix"],
    }
    return body, 3
