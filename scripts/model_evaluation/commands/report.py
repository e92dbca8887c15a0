"""Read a finished evaluation's results: the verdict, the metrics, and where the files are.

--gate turns the verdict into the exit code: 0 pass, 10 fail, 11 inconclusive, 12 invalid results. Bare --gate
passes on improved, equivalent and no_worse, and fails on regressed and mixed. RULES are expressions on interval
bounds joined by `and`, such as "Correctness.ci_low > 0 and Harmfulness.ci_high < 0.05", or a file of them.

--history compares this project's runs and draws the trend; runs with another dataset, judge, base model or primary
metric stand apart. --labels-sheet writes a random, blind subset for people to score; --labels reads their scores
back, says how far the judge can be believed and puts the corrected difference into report.html and report.md.
--mlflow and --register send results elsewhere: only when the user asks for it.

example:
  evaluate.py --project ./tickets report --gate --junit gate.xml --markdown report.md
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from model_evaluation.errors import Refused, UsageError
from model_evaluation.results_folder import newest_summary, results_folders

FILES = (
    "summary.json", "per_example.parquet", "per_example.csv", "report.html", "report.md", "judge_error.json", "figures",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--results", metavar="DIR", help="an execution's results (default: the newest of the project)")
    add("--gate", metavar="RULES", nargs="?", const="", help="turn the verdict into an exit code")
    add("--junit", metavar="FILE", help="with --gate: write its checks as JUnit XML")
    add("--markdown", metavar="FILE", nargs="?", const="", help="short report (default: report.md beside report.html)")
    add("--history", metavar="SVG", nargs="?", const="", help="compare the project's runs and draw the trend")
    add("--labels-sheet", metavar="FILE", help="write a blind sheet for people to score, as CSV")
    add("--n", type=int, default=100, help="rows of the sheet (default 100)")
    add("--seed", type=int, default=1, help="the same seed gives the same sheet (default 1)")
    add("--metric", metavar="NAME", help="the sheet's metric (default: the primary one)")
    add("--labels", metavar="FILE", help="read the filled sheet: the judge's error and the corrected difference")
    add("--labels-key", metavar="FILE", help="the sheet's answer key (default: FILE.key.json)")
    add("--mlflow", metavar="URI|ARN", nargs="?", const="", help="log a run to MLflow (default: the workflow's)")
    add("--mlflow-experiment", metavar="NAME", help="default: model-evaluation/ and the project's name")
    add("--register", action="store_true", help="write the verdict onto the model package version (needs --yes)")
    add("--yes", action="store_true", help="--register: the user has agreed to it")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    _check_usage(args)
    if args.history is not None:
        return _history(args)
    from model_evaluation.reporting.summaries import read_summary

    try:
        path = _summary_path(args)
        summary = read_summary(path)
    except Refused as error:
        if args.gate is None:
            raise
        return _invalid_gate(args, error)
    folder = os.path.dirname(path)
    warnings = [] if args.results else _outdated(args.project, os.stat(path).st_mtime)
    done = _do(args, summary, folder)
    files = {name: os.path.join(folder, name) for name in FILES if os.path.exists(os.path.join(folder, name))}
    body: dict[str, Any] = {
        "results": folder,
        "files": files,
        "simulated": summary["simulated"],
        "verdict": summary["verdict"],
        **done,
        **({"warnings": warnings} if warnings else {}),
        "summary": {key: summary[key] for key in summary if key not in ("slices", "verdict", "simulated")},
    }
    if args.gate is None:
        return body, 0
    from model_evaluation.reporting.gate import judge_gate

    gate = judge_gate(summary, args.gate)
    body["gate"] = {"outcome": gate.outcome, "reasons": gate.reasons}
    if gate.exit_code:
        body["error"] = {
            "code": f"gate_{gate.outcome}",
            "message": " ".join(gate.reasons),
            "fix": f"Read {files.get('report.html', path)} before deciding.",
        }
    return body, gate.exit_code


def _outdated(project: str, modified: float) -> list[dict[str, Any]]:
    """Warnings when the results, written at ``modified``, may not be those of the present answers."""
    from model_evaluation import state
    from model_evaluation.conversation import workflow
    from model_evaluation.conversation.answers import fingerprint
    from model_evaluation.errors import StateError
    from model_evaluation.kinds.registry import kind_of, with_kind

    try:
        document = state.load(project).document
    except StateError as error:  # the results can be shown all the same
        return [workflow.finding(error.code, error.message, level="warning", fix=error.fix)]
    written = document.get("rendered", {})
    if not written:
        return []
    if written.get("fingerprint") != fingerprint(document):
        message = "Answers have changed since the notebook was written: these results are of the answers before."
        if workflow.pending(kind_of(document).steps, with_kind(document)):
            fix = "For the present answers, see what is still asked: evaluate.py status"
        else:
            fix = "For the present answers, write the notebook again and run it: evaluate.py render"
    elif modified < written.get("written", 0):
        message = "The notebook was written again after these results, so they may be of other answers."
        fix = "For the present answers: evaluate.py run"
    else:
        return []
    return [workflow.finding("outdated_results", message, level="warning", fix=fix)]


def _check_usage(args: argparse.Namespace) -> None:
    wrong = None
    if args.junit and args.gate is None:
        wrong = "--junit writes the checks of --gate, which is missing"
    elif args.labels_sheet and args.labels:
        wrong = "--labels-sheet begins the labelling, --labels ends it; one at a time"
    elif args.n < 1:
        wrong = f"--n is {args.n}; at least 1 row is expected"
    elif args.yes and not args.register:
        wrong = "--yes agrees to --register, which is missing"
    elif args.history is not None and _asked_of_one_run(args):
        wrong = "--history is about all runs; --results, --gate and the others are about one"
    if wrong:
        raise UsageError(f"{wrong}.", fix="See: evaluate.py report --help")
    if args.gate:
        from model_evaluation.reporting.gate import parse_rules

        parse_rules(args.gate)  # a rule that cannot be read is told before any result is


def _asked_of_one_run(args: argparse.Namespace) -> bool:
    texts = (args.results, args.labels_sheet, args.labels)
    return any(texts) or args.register or any(value is not None for value in (args.gate, args.markdown, args.mlflow))


def _do(args: argparse.Namespace, summary: dict[str, Any], folder: str) -> dict[str, Any]:
    """Everything that was asked for, files on this machine first; its part of the body."""
    done: dict[str, Any] = {}
    if args.labels_sheet:
        done["labels_sheet"] = _sheet(args, summary, folder)
    if args.labels:
        done["judge_error"] = _judge_error(args, summary, folder)
    if args.markdown is not None:
        done["markdown"] = _markdown(args, summary, folder)
    if args.junit:
        from model_evaluation.reporting.gate import judge_gate
        from model_evaluation.reporting.junit import junit_xml

        done["junit"] = _write(args.junit, junit_xml(judge_gate(summary, args.gate), summary))
    if args.mlflow is not None:
        done["mlflow"] = _mlflow(args, summary, folder)
    if args.register:
        from model_evaluation.lookups.session import Aws
        from model_evaluation.reporting.registration import register

        done["registered"] = register(Aws(), summary, agreed=args.yes)
    return done


def _invalid_gate(args: argparse.Namespace, error: Refused) -> tuple[dict[str, Any], int]:
    from model_evaluation.reporting.gate import invalid_gate

    gate = invalid_gate(error.message)
    body: dict[str, Any] = {
        "gate": {"outcome": gate.outcome, "reasons": gate.reasons},
        "error": {"code": error.code, "message": error.message, "fix": error.fix},
    }
    if args.junit:
        from model_evaluation.reporting.junit import junit_xml

        body["junit"] = _write(args.junit, junit_xml(gate, None))
    return body, gate.exit_code


def _summary_path(args: argparse.Namespace) -> str:
    if args.results:
        folder = os.path.abspath(os.path.expanduser(args.results))
        path = folder if folder.endswith(".json") else os.path.join(folder, "summary.json")
        if not os.path.isfile(path):
            raise Refused(
                f"There is no {path}.",
                fix="Give the folder RESULTS_DIR/<execution id> that the notebook wrote.",
                code="no_results",
            )
        return path
    found = newest_summary(args.project)
    if found is None:
        raise Refused(
            f"{args.project} has no results yet (looked in notebooks/results and results).",
            fix="Run the notebook to its end; if it ran in Studio, copy its results folder here or use --results DIR.",
            code="no_results",
        )
    return found.path


def _markdown(args: argparse.Namespace, summary: dict[str, Any], folder: str) -> str:
    from model_evaluation.kinds.registry import report_words
    from model_evaluation.runtime.report.markdown import report_markdown
    from model_evaluation.runtime.report.people import read_scorer_error

    words = report_words(summary)
    text = report_markdown(summary, words, read_scorer_error(folder, summary["execution_arn"], words))
    return _write(args.markdown or os.path.join(folder, "report.md"), text.encode("utf-8", "replace"))


def _sheet(args: argparse.Namespace, summary: dict[str, Any], folder: str) -> dict[str, Any]:
    from model_evaluation.reporting.labels import scored_examples, write_sheet

    metric = (args.metric or summary["primary_metric"]).removeprefix("Builtin.")
    if metric not in summary["metrics"]:
        raise Refused(
            f"There is no metric {metric} in these results ({', '.join(summary['metrics'])}).",
            fix="Name one of them with --metric.",
            code="unknown_metric",
        )
    path = os.path.abspath(os.path.expanduser(args.labels_sheet))
    try:
        return write_sheet(scored_examples(folder, metric), summary, metric, path, n=args.n, seed=args.seed)
    except OSError as error:
        raise _unwritable(path, error) from error


def _judge_error(args: argparse.Namespace, summary: dict[str, Any], folder: str) -> dict[str, Any]:
    import json

    from model_evaluation.kinds.registry import report_words
    from model_evaluation.reporting.against_people import judge_error_report
    from model_evaluation.reporting.labels import key_of, read_key, read_labels, scored_examples
    from model_evaluation.runtime.report.people import error_file

    sheet = os.path.abspath(os.path.expanduser(args.labels))
    key = read_key(os.path.expanduser(args.labels_key or key_of(sheet)), summary)
    examples = scored_examples(folder, key["metric"])
    labelled = read_labels(sheet, key, examples, summary)
    report = judge_error_report(summary, key["metric"], examples, labelled, len(key["items"]))
    content = {"execution_arn": summary["execution_arn"], **report}
    _write(
        os.path.join(folder, error_file(report_words(summary))),
        (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(),
    )
    return report | {"told_in": _retold(content, summary, folder)}


def _retold(judge_error: dict[str, Any], summary: dict[str, Any], folder: str) -> list[str]:
    """Put what people said into the reports that lie there; the files that now tell it."""
    from model_evaluation.kinds.registry import report_words
    from model_evaluation.runtime.report.markdown import report_markdown
    from model_evaluation.runtime.report.people import with_people

    words = report_words(summary)
    short = report_markdown(summary, words, judge_error).encode("utf-8", "replace")
    told = [_write(os.path.join(folder, "report.md"), short)]
    path = os.path.join(folder, "report.html")
    try:
        with open(path, encoding="utf-8", newline="") as file:
            page = with_people(file.read(), judge_error, words)
    except (OSError, ValueError):
        page = None  # not there, or not ours
    if page is not None:
        told.append(_write(path, page.encode("utf-8", "replace")))
    return told


def _mlflow(args: argparse.Namespace, summary: dict[str, Any], folder: str) -> dict[str, Any]:
    from model_evaluation.naming import project_slug
    from model_evaluation.reporting.tracking import log_to_mlflow

    uri = args.mlflow
    if not uri:
        from model_evaluation import state

        answer = state.load(args.project).document["answers"].get("mlflow")
        uri = str(answer["value"]) if answer else ""
        if not uri.startswith("arn:"):
            raise Refused(
                "This project's workflow names no MLflow app or server.",
                fix="Name one: --mlflow ARN, or --mlflow http://127.0.0.1:5000",
                code="no_mlflow",
            )
    experiment = args.mlflow_experiment or f"model-evaluation/{project_slug(args.project)}"
    return log_to_mlflow(summary, folder, uri, experiment)


def _history(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.reporting.between_runs import change_since_last
    from model_evaluation.reporting.history import history_json, history_sentences, project_history
    from model_evaluation.reporting.trend_chart import trend_svg

    groups, left_out = project_history(args.project)
    if not groups:
        raise Refused(
            f"No run of this project can be compared: {' '.join(left_out)}",
            fix="Run the notebook again, comparing with the base model.",
            code="no_results",
        )
    sentences = history_sentences(groups)
    change = change_since_last(groups[0])
    if change:
        sentences.append(change["sentence"])
    base = next(base for base in results_folders(args.project) if os.path.isdir(base))
    chart = _write(args.history or os.path.join(base, "history.svg"), trend_svg(groups, " ".join(sentences)).encode())
    return {
        "history": history_json(groups),
        "sentences": sentences,
        "newest_against_previous": change,
        "left_out": left_out,
        "chart": chart,
    }, 0


def _write(path: str, content: bytes) -> str:
    from model_evaluation.files import write_atomically

    target = os.path.abspath(os.path.expanduser(path))
    try:
        write_atomically(target, content)
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def _unwritable(path: str, error: OSError) -> Refused:
    return Refused(f"{path} cannot be written: {error.strerror}.", fix="Name a file in a folder you may write to.",
                   code="not_writable")  # fmt: skip
