"""Read a finished evaluation's results: the verdict, the metrics, and where the files are.

--gate turns the verdict into the exit code: 0 pass, 10 fail, 11 inconclusive, 12 invalid results. Bare --gate
passes on improved, equivalent and no_worse, and fails on regressed and mixed. RULES are expressions on interval
bounds joined by `and`, such as "METRIC.ci_low > 0 and OTHER.ci_high < 0.05", or a file of them; "margin = 0.02" and
"coverage = 0.6" find the verdict with another margin, or another share of rows that both models must be scored on.
--against compares the fine-tuned models of two runs on the same rows, metrics and conditions instead; --against
BASELINE.json, a file that other results left, tells how far inputs, labels and scores have moved since.

--history compares this project's runs and draws the trend; runs under other conditions stand apart. --labels-sheet
writes a random, blind subset for people to score; --labels reads their scores back, says how far the scores can be
believed and puts the corrected difference into report.html and report.md. --mlflow and --register send results
elsewhere: only when the user asks for it.

example:
  evaluate.py --project ./tickets report --gate --junit gate.xml --markdown report.md
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from model_evaluation import state
from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import PeopleTool
from model_evaluation.kinds.registry import load_kind, report_words
from model_evaluation.naming import project_slug
from model_evaluation.packages import missing_package
from model_evaluation.reporting.between_runs import change_since_last, compare_runs, run_before
from model_evaluation.reporting.foreign_files import results_of_files
from model_evaluation.reporting.gate import Gate, decide_gate, invalid_gate, parse_rules
from model_evaluation.reporting.history import history_json, history_sentences, project_history, read_runs
from model_evaluation.reporting.junit import junit_xml
from model_evaluation.reporting.present_answers import outdated_warnings
from model_evaluation.reporting.result_files import Results, list_files, read_results, write_file
from model_evaluation.reporting.words import execution_id
from model_evaluation.results_folder import results_folders
from model_evaluation.runtime.report.markdown import report_markdown
from model_evaluation.runtime.report.people import read_scorer_error
from model_evaluation.runtime.report.view import ReportView
from model_evaluation.runtime.report.words import one_line
from model_evaluation.runtime.summary import Entry, Summary, value_of

Body = JsonObject


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--results",
        metavar="DIR|FILE",
        nargs="+",
        help="an execution's results (default: the newest of the project); or what another program left, such as a "
        "candidate's log and its reference's",
    )
    add("--gate", metavar="RULES", nargs="?", const="", help="turn the verdict into an exit code")
    add(
        "--against",
        metavar="RUN|FILE",
        help="--gate: compare with the fine-tuned model of that run, or of the `previous` one; a baseline.json: drift",
    )
    add("--allow-simulated", action="store_true", help="--gate: let SIMULATED results pass")
    add("--full", action="store_true", help="the whole summary instead of the verdict and the metrics in short")
    add("--junit", metavar="FILE", help="with --gate: write its checks as JUnit XML")
    add("--markdown", metavar="FILE", nargs="?", const="", help="short report (default: report.md beside report.html)")
    add("--history", metavar="SVG", nargs="?", const="", help="compare the project's runs and draw the trend")
    add("--labels-sheet", metavar="FILE", help="write a blind sheet for people to score, as CSV")
    add("--n", type=int, default=100, help="rows of the sheet (default 100)")
    add("--seed", type=int, default=1, help="the same seed gives the same sheet (default 1)")
    add("--metric", metavar="NAME", help="the sheet's metric (default: the primary one)")
    add("--labels", metavar="FILE", help="read the filled sheet: how far the scores can be believed")
    add("--labels-key", metavar="FILE", help="the sheet's answer key (default: FILE.key.json)")
    add("--mlflow", metavar="URI|ARN", nargs="?", const="", help="log a run to MLflow (default: the workflow's)")
    add("--mlflow-experiment", metavar="NAME", help="default: model-evaluation/ and the project's name")
    add("--register", action="store_true", help="write the verdict onto the model package version (needs --yes)")
    add("--yes", action="store_true", help="--register: the user has agreed to it")


def run(args: argparse.Namespace) -> tuple[Body, int]:
    _check_usage(args)
    if args.history is not None:
        return _history(args), 0
    try:
        results = read_results(args.project, results_of_files(args.project, args.results))
    except Refused as error:
        if args.gate is None:
            raise
        return _invalid(args, error)
    summary = results.summary
    body: Body = {"results": results.folder, "files": list_files(results.folder), "simulated": summary["simulated"]}
    gated = summary
    if _is_baseline(args.against):
        body["drift"] = load_kind(summary["kind"]).drift(results.folder, args.against)
    elif args.against:
        gated, body["against"] = _against(args, results)
    gate = None
    if args.gate is not None:
        gate = decide_gate(gated, args.gate, allow_simulated=args.allow_simulated)
    body |= _told(summary, whole=args.full)
    body["warnings"] = [*outdated_warnings(args.project, results), *_cautions(summary)]
    body |= _do(args, results, gate)
    if gate is None:
        return body, 0
    rows_needed = {"rows_needed": gate.rows_needed} if gate.rows_needed else {}
    body["gate"] = {"outcome": gate.outcome, "reasons": gate.reasons, **rows_needed}
    if gate.exit_code:
        report = list_files(results.folder).get("report.html", results.path)
        misnamed = any(check.misnamed for check in gate.checks)
        fix = "Correct the rule: it takes one of the metrics named." if misnamed else f"Read {report} before deciding."
        body["error"] = {"code": gate.code, "message": " ".join(gate.reasons), "fix": fix}
    return body, gate.exit_code


def _told(summary: Summary, *, whole: bool) -> Body:
    """What the summary says: verdict, fairness and metrics in short, or the whole of it."""
    if whole:
        return {"verdict": summary["verdict"], "summary": summary}
    view = ReportView(summary, report_words(summary))
    doubts = [check for check in view.checks if check["status"] != "pass"]
    further = {"fairness": doubts, "sound_rows": view.sound_rows, "planned": view.planned}
    return {
        "verdict": summary["verdict"],
        "rows": summary["rows"],
        "primary_metric": summary["primary_metric"],
        "metrics": {name: _metric(entry) for name, entry in summary["metrics"].items()},
        **{name: told for name, told in further.items() if told},
    }


def _metric(entry: Entry) -> Body:
    known: Mapping[str, object] = entry["difference"] or {}
    return {
        "verdict": entry["verdict"],
        "direction": entry["direction"],
        "tuned": value_of(entry["tuned"]),
        "base": value_of(entry["base"]),
        **{name: known[name] for name in ("mean", "ci_low", "ci_high", "p_adjusted") if name in known},
        "n_paired": entry["n_paired"],
    }


def _cautions(summary: Summary) -> list[Body]:
    return [finding("caution", text, level="warning") for text in summary["warnings"]]


def _against(args: argparse.Namespace, results: Results) -> tuple[Summary, Body]:
    """The comparison with the fine-tuned model of another run, which the gate is about, and what is told of it."""
    runs = read_runs([results.path])
    if not runs.runs:
        raise Refused(
            f"These results cannot be compared with another run's: {' '.join(runs.left_out)}",
            fix="Run the notebook again, comparing with the base model.",
            code="not_comparable",
        )
    older = run_before(args.project, runs.runs[0], args.against)
    summary = compare_runs(runs.runs[0], older)
    return summary, {
        "execution": execution_id(older.summary),
        "results": older.folder,
        **_told(summary, whole=args.full),
    }


def _is_baseline(against: str | None) -> bool:
    """Whether this is a file, not a run."""
    return against is not None and against.endswith(".json")


def _check_usage(args: argparse.Namespace) -> None:
    wrong = None
    run = None if _is_baseline(args.against) else args.against
    alone = {"--junit": args.junit, "--against": run, "--allow-simulated": args.allow_simulated}
    if args.gate is None and any(alone.values()):
        wrong = f"{next(name for name, value in alone.items() if value)} belongs to --gate, which is missing"
    elif args.labels_sheet and args.labels:
        wrong = "--labels-sheet begins the labelling, --labels ends it; one at a time"
    elif args.n < 1:
        wrong = f"--n is {args.n}; at least 1 row is expected"
    elif args.yes and not args.register:
        wrong = "--yes agrees to --register, which is missing"
    elif args.history is not None and _is_about_one_run(args):
        wrong = "--history is about all runs; --results, --gate and the others are about one"
    if wrong:
        raise UsageError(f"{wrong}.", fix="See: evaluate.py report --help")
    if args.gate:
        parse_rules(args.gate)  # a rule that cannot be read is told before any result is


def _is_about_one_run(args: argparse.Namespace) -> bool:
    texts = (args.results, args.labels_sheet, args.labels)
    return any(texts) or args.register or any(value is not None for value in (args.gate, args.markdown, args.mlflow))


def _do(args: argparse.Namespace, results: Results, gate: Gate | None) -> Body:
    """Everything that was asked for, files on this machine first; its part of the body."""
    done: Body = {}
    if args.labels_sheet:
        done["labels_sheet"] = _sheet(args, results)
    if args.labels:
        sheet, key = (path and os.path.abspath(os.path.expanduser(path)) for path in (args.labels, args.labels_key))
        done |= _people_tool(results.summary).read_labels(results.summary, results.folder, sheet, key)
    if args.markdown is not None:
        done["markdown"] = _markdown(args.markdown, results)
    if args.junit and gate is not None:
        done["junit"] = _junit(args.junit, gate, results.summary)
    if args.mlflow is not None:
        done["mlflow"] = _mlflow(args, results)
    if args.register:
        from model_evaluation.lookups.session import Aws
        from model_evaluation.reporting.registration import register

        done["registered"] = register(Aws(), results.summary, agreed=args.yes)
    return done


def _invalid(args: argparse.Namespace, error: Refused) -> tuple[Body, int]:
    gate = invalid_gate(error.message, error.code)
    body: Body = {
        "gate": {"outcome": gate.outcome, "reasons": gate.reasons},
        "error": {"code": error.code, "message": error.message, "fix": error.fix},
    }
    if args.junit:
        body["junit"] = _junit(args.junit, gate, None)
    return body, gate.exit_code


def _junit(path: str, gate: Gate, summary: Summary | None) -> str:
    return write_file(path, junit_xml(gate, summary))


def _markdown(path: str, results: Results) -> str:
    words = report_words(results.summary)
    error = read_scorer_error(results.folder, results.summary["execution_arn"], words)
    text = report_markdown(results.summary, words, error)
    return write_file(path or os.path.join(results.folder, "report.md"), text.encode("utf-8", "replace"))


def _people_tool(summary: Summary) -> PeopleTool:
    tool = load_kind(summary["kind"]).people_tool()
    if tool is None:
        raise Refused(
            f"In an evaluation of kind {summary['kind']} there are no scores that people could check.",
            fix="Leave --labels-sheet and --labels out.",
            code="no_labels",
        )
    return tool


def _sheet(args: argparse.Namespace, results: Results) -> Body:
    summary = results.summary
    metric = (args.metric or summary["primary_metric"]).removeprefix("Builtin.")
    if metric not in summary["metrics"]:
        raise Refused(
            f"There is no metric {metric} in these results ({', '.join(summary['metrics'])}).",
            fix="Name one of them with --metric.",
            code="unknown_metric",
        )
    path = os.path.abspath(os.path.expanduser(args.labels_sheet))
    return _people_tool(summary).write_sheet(summary, results.folder, path, metric=metric, n=args.n, seed=args.seed)


def _mlflow(args: argparse.Namespace, results: Results) -> Body:
    from model_evaluation.reporting.tracking import log_to_mlflow

    uri = args.mlflow
    if not uri:
        answer = state.load(args.project).document["answers"].get("mlflow")
        uri = str(answer["value"]) if answer else ""
        if not uri.startswith("arn:"):
            raise Refused(
                "This project's workflow names no MLflow app or server.",
                fix="Name one: --mlflow ARN, or --mlflow http://127.0.0.1:5000",
                code="no_mlflow",
            )
    experiment = args.mlflow_experiment or f"model-evaluation/{project_slug(args.project)}"
    return log_to_mlflow(results.summary, results.folder, uri, experiment)


def _history(args: argparse.Namespace) -> Body:
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
        sentences.append(str(change["sentence"]))
    base = next(base for base in results_folders(args.project) if os.path.isdir(base))
    body: Body = {
        "history": history_json(groups),
        "sentences": sentences,
        "newest_against_previous": change,
        "left_out": left_out,
    }
    try:
        from model_evaluation.reporting.trend_chart import trend_chart
        from model_evaluation.runtime.report.charts.drawing import figure_svg
    except ImportError as error:  # a machine that holds no notebook's packages
        missing = missing_package(error.name)
        return {**body, "warnings": [finding("no_chart", missing.message, level="warning", fix=missing.fix)]}
    picture = figure_svg(trend_chart(groups), title=one_line(" ".join(sentences)))
    return {**body, "chart": write_file(args.history or os.path.join(base, "history.svg"), picture.encode())}
