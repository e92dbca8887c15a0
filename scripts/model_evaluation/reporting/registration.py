"""The verdict on the model package version it is about, as customer metadata.

A version's ModelMetrics cannot be changed once it exists; its customer metadata can, and the console shows it.
"""

from __future__ import annotations

import re

from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import report_words
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.sagemaker.models import package_metadata, update_package_metadata
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.endpoints import is_aws
from model_evaluation.runtime.report.view import ordered_metrics
from model_evaluation.runtime.summary import Entry, Summary, count_of, value_of

from .words import execution_id

PREFIX = "evaluation."
MOST_PROPERTIES = 50
LONGEST = 256
_REFUSED = re.compile(r"[^\w .:/=+\-@]")


def metadata_of(summary: Summary) -> dict[str, str]:
    """The properties, at most 50, each within the service's alphabet and 256 characters; the primary metric first."""
    rows = summary["rows"]
    facts = {
        "simulated": str(summary["simulated"]).lower(),
        "decision": summary["verdict"]["decision"],
        "primary_metric": summary["primary_metric"],
        "execution": execution_id(summary),
        "created": summary["created"],
        **{name: _condition(value) or "unknown" for name, value in summary["conditions"].items()},
        "base_model": base["name"] if (base := summary["models"]["base"]) else "none",
        "rows": f"dataset={rows['dataset']} paired={rows['paired']}",
    }
    names = ordered_metrics(summary, report_words(summary))
    facts |= {f"metric.{name}": _metric(summary["metrics"][name]) for name in names}
    first = list(facts.items())[:MOST_PROPERTIES]
    return {PREFIX + key: _REFUSED.sub("_", value)[:LONGEST] for key, value in first}


def _condition(value: object) -> str:
    """A condition in the service's alphabet, which has no quotes, commas or brackets."""
    if isinstance(value, dict):
        told = {name: part for name, part in value.items() if part not in (None, "") and not isinstance(part, dict)}
        return " ".join(f"{name}={part}" for name, part in told.items()) or "none"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _metric(entry: Entry) -> str:
    difference, model = entry["difference"], entry["tuned"] or entry["base"]
    if difference is None:
        return _numbers(mean=value_of(model)) + f" n={count_of(model)}"
    numbers = _numbers(difference=difference["mean"], ci_low=difference["ci_low"], ci_high=difference["ci_high"])
    return f"{numbers} n={entry['n_paired']} verdict={entry['verdict']}"


def _numbers(**values: float | None) -> str:
    return " ".join(f"{name}={'none' if value is None else f'{value:.6g}'}" for name, value in values.items())


def register(aws: Aws, summary: Summary, *, agreed: bool) -> JsonObject:
    """Put the summary's properties on the fine-tuned model's package version; earlier ones of ours are replaced.

    Raises Refused ``needs_consent`` with what would be written unless ``agreed``, and Refused for results that are not
    about a package, or that are simulated and would go to the real AWS.
    """
    tuned = summary["models"]["tuned"]
    arn = tuned.get("arn", tuned["name"]) if tuned else ""
    parts = parse_arn(arn)
    if parts is None or parts.service != "sagemaker" or not re.fullmatch(r"model-package/[^/]+/\d+", parts.resource):
        raise Refused(
            f"These results are not about a model package version: {arn or 'no fine-tuned model'}.",
            fix="Only a registered version can carry them.",
            code="no_package",
        )
    properties = metadata_of(summary)
    if not agreed:
        raise Refused(
            f"This would write {len(properties)} customer metadata properties onto {arn}.",
            fix="Ask the user; if they agree, run the same command with --yes.",
            code="needs_consent",
            details={"model_package": arn, "properties": properties},
        )
    if summary["simulated"] and is_aws(aws.client("sagemaker", parts.region).meta.endpoint_url):
        raise Refused(
            "The results are SIMULATED; they do not belong on a real model package.",
            fix="Evaluate the model on AWS, then register those results.",
            code="simulated_results",
        )
    before = package_metadata(aws, arn, parts.region)
    others = sum(not key.startswith(PREFIX) for key in before)
    properties = dict(list(properties.items())[: max(0, MOST_PROPERTIES - others)])
    stale = sorted(key for key in before if key.startswith(PREFIX) and key not in properties)
    if not properties:
        raise Refused(
            f"{arn} already carries {others} properties of others; {MOST_PROPERTIES} is the service's limit.",
            fix="Remove some of them first.",
            code="no_room",
        )
    update_package_metadata(aws, arn, parts.region, properties, stale)
    return {"model_package": arn, "properties": properties, "removed": stale}
