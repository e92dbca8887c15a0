"""The conversation about a predictive model: what is asked, settled, refused and found, without AWS and with it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_runs import Result, RunCli, answer
from predictive_tables import diabetes, put, put_tumours, text, tumours, wines

Files = dict[str, str]
MOST_QUESTIONS = 10


@pytest.fixture
def files(tmp_path: Path) -> Files:
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "project").mkdir()
    return put_tumours(folder)


@pytest.fixture
def project(tmp_path: Path, files: Files) -> Path:
    return tmp_path / "project"


def answers(files: Files, **changes: str) -> dict[str, str]:
    """What a user says who has files of predictions."""
    said = {
        "evaluation": "predictive",
        "task": "Tell malignant tumours from harmless ones",
        "dataset": files["test"],
        "data": "ok",
        "problem": "binary positive=1",
        "model": files["candidate"],
        "reference": files["reference"],
        "threshold": "cost 1 10 cross-fit",
        "primary_metric": "roc_auc margin=0.01",
        "confirm": "yes",
    }
    return said | changes


def test_a_whole_conversation_asks_few_questions_and_needs_no_aws(run_cli: RunCli, project: Path, files: Files) -> None:
    said = answers(files)
    result = answer(run_cli, project, said, until="task")
    asked = []
    while result.json["step"]:
        step = result.json["step"]["id"]
        asked.append(step)
        result = run_cli("answer", step, said[step], project=project)
        assert result.code == 0, result.json
    assert asked == list(said)[1:]
    assert len(asked) <= MOST_QUESTIONS
    known = result.json["known"]
    assert known["columns"] == {"value": "label=label,id=case_id", "origin": "lookup"}
    assert known["predictions"]["value"] == "file"
    nothing = ("train_data", "inference", "region", "role", "mlflow", "output")
    assert {known[step]["value"] for step in nothing} == {"none"}
    assert result.json["next"] == "render"
    written = run_cli("render", project=project).json
    notebook = written["notebook"]
    assert "run it here: evaluate.py run" in written["run_instructions"]
    cells = json.loads(Path(notebook).read_text())["cells"]
    assert [cell["id"] for cell in cells if cell["cell_type"] == "code"] == [
        "parameters", "library", "setup", "results", "comparison", "charts", "errors", "export",
    ]  # fmt: skip
    parameters = next(cell["source"] for cell in cells if cell["id"] == "parameters")
    source = "".join(parameters)
    assert 'PROBLEM = "binary positive=1"' in source
    assert 'THRESHOLD = "cost 1 10 cross-fit"' in source
    assert "INSTANCE_TYPE" not in source


def test_the_card_says_what_decides_and_that_nothing_goes_to_aws(run_cli: RunCli, project: Path, files: Files) -> None:
    said = answers(files, train_data=files["train"])
    del said["confirm"]
    result = answer(run_cli, project, said)
    card = result.json["step"]["question"]
    assert "106 of 284" in card or "of 284 rows" in card
    assert "roc_auc decides (higher is better, differences from 0.01 on matter)" in card
    assert "nothing to AWS" in card
    assert "no test row is in it" in card
    assert "Cost            none in AWS" in card
    assert run_cli("preflight", project=project).code == 0
    for step_id, value in (("inference", "ml.m5.large 1"), ("region", "eu-west-1"), ("output", "s3://bucket/there")):
        unneeded = run_cli("answer", step_id, value, project=project).json
        assert unneeded["recorded"]["value"] == "none", unneeded
        assert unneeded["findings"][0]["kind"] == "not_needed"
    assert run_cli("answer", "confirm", "yes", project=project).code == 0


def test_the_positive_class_is_asked_for_and_the_rarer_one_suggested(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    step = answer(run_cli, project, answers(files), until="problem").json["step"]
    assert step["id"] == "problem"
    assert step["suggested"] == "binary positive=1"
    assert [choice["value"] for choice in step["choices"]] == ["binary positive=1", "binary positive=0"]


def test_costs_lead_to_expected_cost_and_rare_positives_to_average_precision(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    step = answer(run_cli, project, answers(files), until="primary_metric").json["step"]
    assert step["suggested"] == "expected_cost"
    rows = tumours()
    rare = [row for place, row in enumerate(rows.test) if row[1] == 0 or place % 12 == 0]
    dataset = put(Path(files["test"]).parent, "rare.csv", text(rows.names, rare))
    said = answers(files, dataset=dataset, task="Find fraud", threshold="0.3")
    step = answer(run_cli, project, said, until="primary_metric").json["step"]
    assert step["suggested"] == "average_precision"


Change = Callable[[Files], str]


def rewritten(files: Files, name: str, change: Callable[[list[str]], list[str]], source: str = "test") -> str:
    lines = Path(files[source]).read_text().splitlines()
    return put(Path(files["test"]).parent, name, "\n".join(change(lines)) + "\n")


def cells(place: int, value: str) -> Callable[[list[str]], list[str]]:
    """Every row with another value in one column."""

    def change(lines: list[str]) -> list[str]:
        rows = [line.split(",") for line in lines]
        return [",".join(rows[0]), *(",".join([*row[:place], value, *row[place + 1 :]]) for row in rows[1:])]

    return change


REFUSED: list[tuple[str, dict[str, Change], str, str]] = [
    ("dataset", {"dataset": lambda f: f["test"] + ".gone"}, "not_found", "neither an S3 URI nor a file"),
    ("dataset", {"dataset": lambda f: rewritten(f, "empty.csv", lambda lines: [])}, "not_a_table", "is empty"),
    ("dataset", {"dataset": lambda f: put(Path(f["test"]).parent, "x.gz", b"\x1f\x8b\x08rest")}, "not_a_table", "gzip"),
    (
        "data",
        {"dataset": lambda f: rewritten(f, "ragged.csv", lambda lines: [*lines[:9], lines[9] + ",7", *lines[10:]])},
        "dataset_unusable",
        "cannot be read",
    ),
    (
        "data",
        {"dataset": lambda f: rewritten(f, "twice.csv", lambda x: [x[0] + ",x0", *(f"{y},1" for y in x[1:])])},
        "dataset_unusable",
        "stands twice",
    ),
    ("columns", {"columns": lambda f: "label=outcome,id=case_id"}, "no_such_column", "has no column 'outcome'"),
    (
        "columns",
        {"dataset": lambda f: rewritten(f, "bare.csv", lambda lines: lines[1:]), "columns": lambda f: "label=label"},
        "no_such_column",
        "has no header",
    ),
    (
        "columns",
        {"dataset": lambda f: rewritten(f, "i", lambda x: [*x, x[5]]), "columns": lambda f: "label=label,id=case_id"},
        "ids_repeat",
        "1 ids stand in more than one row",
    ),
    (
        "columns",
        {"dataset": lambda f: rewritten(f, "w.csv", lambda x: [x[0] + ",weight", *(f"{line},-1" for line in x[1:])]),
         "columns": lambda f: "label=label,id=case_id,weight=weight"},
        "bad_weight",
        "not a number of at least 0",
    ),
    ("columns", {"columns": lambda f: "label=label,id=label"}, "refused", "cannot be the label and something else"),
    ("problem", {"problem": lambda f: "binary"}, "refused", "needs the positive class"),
    ("problem", {"problem": lambda f: "binary positive=yes"}, "no_such_class", "'yes' is not a value of 'label'"),
    ("problem", {"dataset": lambda f: rewritten(f, "one.csv", cells(1, "1"))}, "one_class", "Every row"),
    (
        "problem",
        {"dataset": lambda f: rewritten(f, "t.csv", lambda x: [x[0], *(y.replace(",1,", ",yes,") for y in x[1:])]),
         "problem": lambda f: "regression"},
        "label_is_text",
        "such as 'yes'",
    ),
    ("model", {"model": lambda f: f["test"]}, "same_file", "the test set itself"),
    ("model", {"model": lambda f: rewritten(f, "b.csv", cells(0, "z"), "candidate")}, "other_rows", "for other rows"),
    (
        "model",
        {"model": lambda f: rewritten(f, "p.csv", lambda x: [line.partition(",")[2] for line in x], "candidate")},
        "no_predictions",
        "never by position",
    ),
    ("model", {"model": lambda f: rewritten(f, "r.csv", cells(1, "0.0"), "candidate")}, "no_scores", "rounded classes"),
    ("model", {"model": lambda f: rewritten(f, "n.csv", cells(1, "abc"), "candidate")}, "no_predictions", "no number"),
    ("reference", {"reference": lambda f: f["candidate"]}, "same_model", "the candidate itself"),
    ("train_data", {"train_data": lambda f: f["test"]}, "same_file", "the test set itself"),
    ("threshold", {"threshold": lambda f: "none"}, "refused", "without a threshold they are not decisions"),
    ("threshold", {"threshold": lambda f: "cost 1 50"}, "refused", "where the threshold is chosen"),
    ("threshold", {"threshold": lambda f: "cost -1 5 cross-fit"}, "refused", "at least 0"),
    ("threshold", {"threshold": lambda f: f"recall 0.9 validation {f['test']}"}, "validation_overlaps", "are in the"),
    ("threshold", {"threshold": lambda f: f"recall 0.9 validation {f['train']}"}, "no_predictions", "for the 285 rows"),
    ("primary_metric", {"primary_metric": lambda f: "r2"}, "no_such_metric", "not a metric of binary"),
    (
        "primary_metric",
        {"threshold": lambda f: "0.5", "primary_metric": lambda f: "expected_cost"},
        "no_costs",
        "what a false positive",
    ),
    ("slices", {"slices": lambda f: "x0"}, "too_many_values", "up to 30"),
    ("slices", {"slices": lambda f: "nothing"}, "no_such_column", "no column 'nothing'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "changes", "code", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_bad_input_is_refused_and_nothing_is_recorded(
    run_cli: RunCli, project: Path, files: Files, step: str, changes: dict[str, Change], code: str, words: str
) -> None:
    said = answers(files)
    made = {name: change(files) for name, change in changes.items()}
    order = [*list(said)[:4], "columns", "problem", "model", "reference", "train_data", "threshold", "primary_metric",
             "slices", "inference"]  # fmt: skip
    given = {name: made.get(name, said.get(name, "")) for name in order if name in made or name in said}
    answer(run_cli, project, given, until=step)
    before = (project / "workflow_state.json").read_bytes()
    value = given.get(step, "ok")
    result = run_cli("answer", step, value, project=project)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json
    assert words in result.json["error"]["message"]
    assert result.json["error"]["fix"]
    assert (project / "workflow_state.json").read_bytes() == before


def offered(result: Result) -> list[str]:
    return [choice["value"] for choice in result.json["step"]["choices"]]


def test_scores_that_are_no_probabilities_have_no_middle(run_cli: RunCli, project: Path, files: Files) -> None:
    logits = rewritten(files, "l.csv", lambda x: [x[0], *(f"{y.split(',')[0]},{n}" for n, y in enumerate(x[1:]))],
                       "candidate")  # fmt: skip
    result = answer(run_cli, project, answers(files, model=logits), until="threshold")
    assert "no middle" in result.json["step"]["question"]
    assert "suggested" not in result.json["step"]
    for value, odd in (("0.5", True), ("12", False)):
        assert ("threshold" in kinds_of(run_cli("answer", "threshold", value, project=project))) is odd


def test_only_what_can_be_taken_is_offered(run_cli: RunCli, project: Path, files: Files) -> None:
    result = answer(run_cli, project, answers(files, threshold="0.5"), until="primary_metric")
    assert "expected_cost" not in result.json["step"]["question"]
    clusters = rewritten(files, "k.csv", lambda x: ["case_id,cluster", *x[1:]], "candidate")
    result = answer(run_cli, project, answers(files, problem="clustering", model=clusters), until="reference")
    assert offered(result) == ["none"]


def test_ids_that_became_fractions_are_matched(run_cli: RunCli, project: Path, files: Files) -> None:
    def numbered(ending: str, name: str) -> str:
        return rewritten(files, f"{name}.csv", lambda x: [x[0], *(f"{int(y[1:5])}{ending},{y.split(',', 1)[1]}"
                                                                  for y in x[1:])], name)  # fmt: skip

    said = answers(files, dataset=numbered("", "test"), model=numbered(".0", "candidate"))
    result = answer(run_cli, project, said, until="reference")
    assert "284 of 284 rows have a prediction" in str(result.json["findings"])


def kinds_of(result: Result) -> list[str]:
    return [item["kind"] for item in result.json["findings"]]


def test_what_is_odd_is_named(run_cli: RunCli, project: Path, files: Files) -> None:
    rows = tumours()
    leaking = [[*row, f"{row[1] * 2.0 + place / 1000:.4f}"] for place, row in enumerate(rows.test)]
    same = [["again", 1 - rows.test[0][1], *leaking[0][2:]]]
    dataset = put(Path(files["test"]).parent, "odd.csv", text([*rows.names, "outcome_amount"], [*leaking, *same]))
    said = answers(files, dataset=dataset)
    assert "conflicting_duplicates" in kinds_of(answer(run_cli, project, said, until="problem"))
    found = answer(run_cli, project, said, until="model")
    assert "telling_column" in kinds_of(found)
    assert "outcome_amount" in str(found.json["findings"])
    lines = Path(files["candidate"]).read_text().splitlines()
    lines = [lines[0], *lines[3:], lines[5], "stranger,0.5", lines[7].partition(",")[0] + ",1.7"]
    model = put(Path(files["test"]).parent, "holes.csv", "\n".join(lines))
    kinds = kinds_of(run_cli("answer", "model", model, project=project))
    for kind in ("missing_predictions", "surplus_predictions", "duplicate_predictions", "no_probabilities"):
        assert kind in kinds


def test_classes_that_training_never_had_are_named(run_cli: RunCli, project: Path, files: Files) -> None:
    folder, rows = Path(files["test"]).parent, wines()
    dataset = put(folder, "wines.csv", text(rows.names, rows.test))
    scores = [[key, *said] for key, said in zip(rows.ids, rows.candidate.tolist(), strict=True)]
    model = put(folder, "said.csv", text(["case_id", "score_0", "score_1", "score_2"], scores))
    train = put(folder, "few.csv", text(rows.names, [row for row in rows.train if row[1] != 2]))
    said = answers(files, dataset=dataset, problem="multiclass", model=model, reference="none", train_data=train)
    del said["threshold"]
    answer(run_cli, project, said, until="primary_metric")
    found = run_cli("answer", "train_data", train, project=project).json["findings"]
    assert "The class '2' of the test set is not in the training set." in str(found)


def test_booleans_are_shown_as_the_file_has_them(run_cli: RunCli, project: Path, files: Files) -> None:
    """The positive class may be named in either way, and the training set may write it in the other."""
    spelled = {"0": "False", "1": "True"}

    def change(lines: list[str]) -> list[str]:
        rows = [line.split(",") for line in lines]
        return [",".join(rows[0]), *(",".join([row[0], spelled[row[1]], *row[2:]]) for row in rows[1:])]

    dataset = rewritten(files, "booleans.csv", change)
    said = answers(files, dataset=dataset, problem="binary positive=1", train_data=files["train"])
    result = answer(run_cli, project, said, until="problem")
    assert result.json["step"]["choices"][0]["value"].casefold() == "binary positive=true"
    result = run_cli("answer", "problem", "binary positive=1", project=project)
    assert result.json["recorded"]["value"] == "binary positive=true"
    assert "are positive ('true')" in str(result.json["findings"])
    del said["confirm"]
    answer(run_cli, project, said | {"problem": "binary positive=true"})
    found = run_cli("answer", "train_data", files["train"], project=project).json["findings"]
    assert "Positives: " in str(found)
    assert "is not in the training set" not in str(found).replace("test rows is in", "")


def test_test_rows_that_were_trained_on_are_counted(run_cli: RunCli, project: Path, files: Files) -> None:
    rows = tumours()
    train = put(Path(files["test"]).parent, "leaky.csv", text(rows.names, [*rows.train, *rows.test[:17]]))
    said = answers(files) | {"train_data": train}
    answer(run_cli, project, said, until="threshold")
    result = run_cli("answer", "train_data", train, project=project)
    assert "17 of 284 test rows are in the training set and 17 ids are in both" in str(result.json["findings"])
    renamed = [[f"other-{row[0]}", *row[1:]] for row in rows.test[:17]]
    alike = put(Path(files["test"]).parent, "alike.csv", text(rows.names, [*rows.train, *renamed]))
    result = run_cli("answer", "train_data", alike, project=project)
    assert kinds_of(result)[0] == "equal_features"
    assert "17 of 284 test rows equal a training row in every feature, and no id is in both" in str(result.json)
    # As SageMaker trains: the label first, no header, no id.
    bare = put(Path(files["test"]).parent, "bare.csv", text([], [row[1:] for row in rows.train], header=False))
    result = run_cli("answer", "train_data", bare, project=project)
    assert kinds_of(result)[0] == "no_overlap"


FORMATS: list[tuple[str, Callable[[Path], str], str]] = [
    ("semicolons", lambda d: put(d, "a.csv", text(tumours().names, tumours().test, delimiter=";")), "semicolons"),
    ("jsonl", lambda d: put(d, "a.jsonl", "\n".join(
        json.dumps(dict(zip(tumours().names, row, strict=True))) for row in tumours().test)), "JSON Lines"),
    ("parquet", lambda d: parquet(d), "Parquet"),
    ("bom", lambda d: put(d, "a.csv", "\ufeff" + text(tumours().names, tumours().test)), "CSV with a header"),
    ("parts", lambda d: parts(d), "2 files"),
]  # fmt: skip


def parquet(folder: Path) -> str:
    import pyarrow
    import pyarrow.parquet

    columns = zip(*tumours().test, strict=True)
    table = pyarrow.table(dict(zip(tumours().names, map(list, columns), strict=True)))
    pyarrow.parquet.write_table(table, folder / "a.parquet")
    return str(folder / "a.parquet")


def parts(folder: Path) -> str:
    below = folder / "parts"
    below.mkdir()
    put(below, "_SUCCESS", "")
    put(below, "part-0.csv", text(tumours().names, tumours().test[:100]))
    put(below, "part-1.csv", text(tumours().names, tumours().test[100:]))
    return str(below)


@pytest.mark.parametrize(("name", "make", "words"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_format_of_rows_is_read(
    run_cli: RunCli, project: Path, files: Files, name: str, make: Callable[[Path], str], words: str
) -> None:
    said = answers(files, dataset=make(Path(files["test"]).parent))
    result = answer(run_cli, project, said, until="data")
    assert words in result.json["findings"][0]["message"]
    known = answer(run_cli, project, said).json["known"]
    assert known["columns"]["value"] == "label=label,id=case_id"
    assert known["model"]["value"] == files["candidate"]


def test_libsvm_and_rows_without_a_header_have_numbered_columns(run_cli: RunCli, project: Path, files: Files) -> None:
    folder, rows = Path(files["test"]).parent, tumours()
    lines = [f"{row[1]} " + " ".join(f"{n}:{value}" for n, value in enumerate(row[2:], 2)) for row in rows.test]
    said = answers(files, dataset=put(folder, "a.libsvm", "\n".join(lines)))
    step = answer(run_cli, project, said, until="problem").json["step"]
    assert (step["id"], step["suggested"]) == ("columns", "label=0")
    bare = put(folder, "bare.csv", text([], [row[1:] for row in rows.test], header=False))
    step = answer(run_cli, project, answers(files, dataset=bare), until="problem").json["step"]
    assert (step["id"], step["suggested"]) == ("columns", "label=0")


def test_classes_and_numbers_are_settled_by_what_the_label_holds(run_cli: RunCli, project: Path, files: Files) -> None:
    folder, rows = Path(files["test"]).parent, diabetes()
    dataset = put(folder, "d.csv", text(rows.names, rows.test))
    said = answers(files, dataset=dataset)
    result = answer(run_cli, project, said, until="problem")
    assert result.json["known"]["problem"] == {"value": "regression", "origin": "lookup"}
    model = put(folder, "m.csv", text(["case_id", "prediction"], list(zip(rows.ids, rows.candidate, strict=True))))
    for step, value in (("model", model), ("reference", "constant")):
        result = run_cli("answer", step, value, project=project)
        assert result.code == 0, result.json
    assert result.json["known"]["threshold"]["value"] == "none"
    assert result.json["step"]["suggested"] == "mean_absolute_error"

    names = ["barolo", "grignolino", "barbera"]
    rows = wines()
    dataset = put(folder, "w.csv", text(rows.names, [[row[0], names[row[1]], *row[2:]] for row in rows.test]))
    result = answer(run_cli, project, answers(files, dataset=dataset), until="problem")
    assert result.json["known"]["problem"] == {"value": "multiclass", "origin": "lookup"}
    table = [[key, *said] for key, said in zip(rows.ids, rows.candidate.tolist(), strict=True)]
    model = put(folder, "m3.csv", text(["case_id", *(f"score_{name}" for name in names)], table))
    assert run_cli("answer", "model", model, project=project).code == 0


def test_hostile_names_and_values_are_data(run_cli: RunCli, project: Path, files: Files) -> None:
    rows = tumours()
    names = ["case_id", "label", "'; DROP TABLE rows; --", "c0", "C0", '"quoted, name"', "{{ 1 + 1 }}", "x\u202ey"]
    dataset = put(Path(files["test"]).parent, "hostile.csv", text(names, rows.test))
    said = answers(files, dataset=dataset)
    known = answer(run_cli, project, said).json["known"]
    assert known["columns"]["value"] == "label=label,id=case_id"
    rendered = run_cli("render", project=project)
    assert rendered.code == 0


def test_dedupe_writes_a_file_of_its_own_and_leaves_the_first(run_cli: RunCli, project: Path, files: Files) -> None:
    dataset = rewritten(files, "twins.csv", lambda lines: [*lines, lines[3], lines[4]])
    before = Path(dataset).read_bytes()
    answer(run_cli, project, answers(files, dataset=dataset), until="data")
    result = run_cli("answer", "data", "dedupe", project=project)
    assert (result.code, result.json["error"]["code"]) == (3, "prepared")
    assert Path(dataset).read_bytes() == before
    written = Path(result.json["error"]["details"]["file"])
    assert written.read_text() == Path(files["test"]).read_text()
    sampled = run_cli("answer", "data", "sample 50 3", project=project)
    assert sampled.json["error"]["details"]["rows"] == 50


def test_where_no_row_is_left_out_nothing_is_written(run_cli: RunCli, project: Path, files: Files) -> None:
    answer(run_cli, project, answers(files), until="data")
    for operation, why in {"dedupe": "equal to an earlier", "drop-invalid": "an empty cell"}.items():
        error = run_cli("answer", "data", operation, project=project).json["error"]
        assert (error["code"], why in error["message"]) == ("nothing_to_leave_out", True)


def test_of_two_equal_classes_that_of_a_find_is_suggested_and_a_time_is_no_id(
    run_cli: RunCli, project: Path, tmp_path: Path
) -> None:
    rows = "".join(f"2024-01-{i + 1:02d}T00:00,{i},{i % 2}\n" for i in range(30))
    said = {"evaluation": "predictive", "task": "Who leaves", "dataset": put(tmp_path, "t.csv", "id,x,label\n" + rows)}
    for step, value in said.items():
        run_cli("answer", step, value, project=project)
    result = run_cli("answer", "data", "ok", project=project).json
    assert "'id' is not taken as id: it holds times or fractions." in result["findings"][0]["message"]
    assert result["step"]["suggested"] == "binary positive=1"
    assert result["step"]["choices"][0]["note"] == "suggested"


def test_another_test_set_s_own_columns_and_classes_are_suggested(
    run_cli: RunCli, project: Path, tmp_path: Path
) -> None:
    def table(name: str, header: str, yes: str, no: str) -> str:
        return put(tmp_path, name, header + "".join(f"{i},{yes if i % 3 else no},{'ab'[i % 2]}\n" for i in range(40)))

    first = table("first.csv", "customer_id,churn,plan\n", "yes", "no")
    said = {"evaluation": "predictive", "task": "Who leaves", "dataset": first, "data": "ok"}
    for step, value in {**said, "columns": "label=churn,id=customer_id", "problem": "binary positive=yes"}.items():
        assert run_cli("answer", step, value, project=project).code == 0
    for name, header, classes, columns, problem in (
        ("same_names.csv", "customer_id,churn,plan\n", "YN", "label=churn,id=customer_id", "binary positive=N"),
        ("others.csv", "row_id,label,plan\n", "YN", "label=label,id=row_id", "binary positive=N"),
    ):
        assert run_cli("answer", "dataset", table(name, header, *classes), project=project).code == 0
        assert run_cli("answer", "data", "ok", project=project).json["step"]["suggested"] == columns
        assert run_cli("answer", "columns", "--accept", project=project).json["step"]["suggested"] == problem


def test_a_test_set_that_was_replaced_is_noticed_before_the_yes(run_cli: RunCli, project: Path, files: Files) -> None:
    answer(run_cli, project, answers(files), until="confirm")
    Path(files["test"]).write_text(Path(files["test"]).read_text().replace("c0001", "c9999", 1) + "\n")
    result = run_cli("answer", "confirm", "yes", project=project)
    assert (result.code, result.json["error"]["code"]) == (3, "preflight_failed")
    assert "was replaced after it was checked" in result.json["error"]["message"]


def test_without_duckdb_the_command_that_brings_it_is_told(
    run_cli: RunCli, project: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    answer(run_cli, project, answers(files), until="dataset")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = run_cli("answer", "dataset", files["test"], project=project)
    assert result.code == 0
    result = run_cli("answer", "data", "ok", project=project)
    assert (result.code, result.json["error"]["code"]) == (2, "missing_dependency")
    assert "duckdb" in result.json["error"]["fix"]


def test_the_kind_is_changed_in_the_middle_and_back(run_cli: RunCli, project: Path, files: Files) -> None:
    answer(run_cli, project, answers(files))
    result: Any = run_cli("answer", "evaluation", "llm_as_judge", project=project)
    assert result.code == 0, result.json
    assert "dataset" not in result.json["known"]
    result = run_cli("answer", "evaluation", "predictive", project=project)
    assert result.code == 0, result.json
    assert result.json["step"]["id"] == "dataset"
    assert result.json["step"]["suggested"] == files["test"]


def wide(files: Files, *, note: str = "", label: str = "ill") -> str:
    """Rows of a hospital: 24 patients, 20 measurements, and the label at the far end."""
    names = ["patient", *(f"m{place}" for place in range(20)), label]
    rows = [[f"p{row}{note}", *(row * place / 7 for place in range(20)), row % 2] for row in range(24)]
    return put(Path(files["test"]).parent, "wide.csv", text(names, rows))


def test_the_only_code_that_differs_in_every_row_is_the_id(run_cli: RunCli, project: Path, files: Files) -> None:
    said = answers(files, dataset=wide(files, label="label"))
    settled = answer(run_cli, project, said, until="problem").json["settled"]["columns"]
    assert settled["value"] == "label=label,id=patient"
    assert "patient differs in every row" in settled["facts"]["reason"]


def test_a_text_that_is_read_is_no_id(run_cli: RunCli, project: Path, files: Files) -> None:
    said = answers(files, dataset=wide(files, note=" came at night", label="label"))
    assert answer(run_cli, project, said, until="problem").json["settled"]["columns"]["value"] == "label=label"


def test_an_id_that_repeats_is_said_to_be_none(run_cli: RunCli, project: Path, files: Files) -> None:
    rows = [[place // 2, place % 2, place / 3] for place in range(40)]
    dataset = put(Path(files["test"]).parent, "twice.csv", text(["id", "label", "x"], rows))
    result = answer(run_cli, project, answers(files, dataset=dataset), until="problem")
    assert "'id' is not taken as id" in str(result.json["findings"])


def test_of_many_columns_label_and_id_are_shown_first(run_cli: RunCli, project: Path, files: Files) -> None:
    question = answer(run_cli, project, answers(files, dataset=wide(files)), until="data").json["step"]["question"]
    shown = [line.split()[0] for line in question.splitlines() if line.startswith("  ")]
    assert shown[:3] == ["ill", "patient", "m0"]
    offered = run_cli("answer", "data", "ok", project=project).json["step"]["question"]
    assert "patient differs in every row: it may be the id." in offered


def test_one_class_alone_is_told_before_a_kind_of_problem_is_chosen(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    dataset = put(Path(files["test"]).parent, "one.csv", text(["id", "label"], [[place, 1] for place in range(30)]))
    step = answer(run_cli, project, answers(files, dataset=dataset), until="problem").json["step"]
    assert step["id"] == "problem"
    assert "one value, 1, in every row" in step["question"]
    assert not step.get("suggested")


def test_a_threshold_is_not_asked_for_again_where_the_predictions_became_classes(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    answer(run_cli, project, answers(files), until="confirm")
    rows = [[name, place % 2] for place, name in enumerate(tumours().ids)]
    model = put(Path(files["test"]).parent, "classes.csv", text(["case_id", "prediction"], rows))
    result = run_cli("answer", "model", model, project=project)
    assert result.code == 0, result.json
    result = run_cli("answer", "reference", "none", project=project)
    assert result.json["settled"]["threshold"]["value"] == "none"
    assert result.json["step"]["id"] == "primary_metric"


def test_the_command_that_breaks_results_down_can_be_run_as_it_stands(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    rows = [
        [place, place % 2, ("north", "south")[place % 2], ("x", "y", "z")[place % 3], place % 4] for place in range(60)
    ]
    names = ["id", "label", "sales area, old", "it's", "rooms"]
    dataset = put(Path(files["test"]).parent, "areas.csv", text(names, rows))
    found = answer(run_cli, project, answers(files, dataset=dataset), until="problem").json["findings"]
    (fix,) = [item["fix"] for item in found if item["kind"] == "slices"]
    words = shlex.split(fix.partition("evaluate.py ")[2])
    assert run_cli(*words, project=project).json["recorded"]["value"] == ["sales area, old", "it's"]


def test_a_broken_line_of_json_is_told_without_the_query_that_met_it(
    run_cli: RunCli, project: Path, files: Files
) -> None:
    dataset = put(Path(files["test"]).parent, "broken.jsonl", '{"id": 1, "label": 0}\n{"id": 2,\n')
    answer(run_cli, project, answers(files, dataset=dataset), until="data")
    error = run_cli("answer", "data", "ok", project=project).json["error"]
    assert "SELECT" not in error["message"]
    assert error["fix"] == "Mend that line: each line is one whole JSON object."
