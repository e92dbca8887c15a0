"""The notebook as a file: whole, valid, the same every time, and with values in one cell only."""

from __future__ import annotations

import ast
import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import meta

from examples import at_most
from model_evaluation.notebook import render
from unit.notebook.building import KIND, build_notebook

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "llm_as_judge.ipynb"
NAMES = [
    "REGION",
    "ROLE_ARN",
    "MODEL_PACKAGE_ARN",
    "DATASET",
    "JUDGE_MODEL",
    "BUILTIN_METRICS",
    "CUSTOM_METRICS",
    "PRIMARY_METRIC",
    "EVALUATE_BASE_MODEL",
    "REFERENCE_MODEL_ARN",
    "S3_OUTPUT",
    "MLFLOW_RESOURCE_ARN",
    "MLFLOW_EXPERIMENT",
    "POLL_SECONDS",
    "TIMEOUT_MINUTES",
    "RUN_LABEL",
    "FORCE_NEW_RUN",
    "RESULTS_DIR",
    "DATASET_ETAG",
    "DATASET_NOTES",
]
PROMISED_ORDER = [
    "title",
    "parameters",
    "install",
    "setup",
    "checks",
    "launch",
    "wait",
    "results",
    "comparison",
    "charts",
    "rows",
    "export",
]
SET_BY_KINDS = {"setup_base.py.j2": ("module", "settings"), "launch_base.py.j2": ("evaluator",)}
"""Templates that a kind's own extend, and what these say in them."""
VISIBLE_LINES = 200  # of code, outside the library
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.text(st.sampled_from("\"'\\\n\r{}%#!?$`\u2028\u202e\x00\ud800<>&;😀 "), max_size=80),
    st.sampled_from(
        [
            '"""',
            "'''",
            "{{ 7 * 7 }}",
            "{% raw %}",
            "{# x #}",
            "'); import os; os.system('true') #",
            "!rm -rf ~",
            "%%bash\nls",
            "%matplotlib inline",
            "print?",
            "<script>alert(1)</script>",
            "\\",
            "\\\n",
            "$(id)",
        ]
    ),
)


def render_notebook(parameters: dict[str, Any], library: str = "embed") -> bytes:
    return render.render_notebook(KIND, parameters, library)


def sources(notebook: Any) -> dict[str, str]:
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def assigned(source: str) -> dict[str, Any]:
    """What a cell of literal assignments assigns; anything else in it fails."""
    values = {}
    for node in ast.parse(source).body:
        assert isinstance(node, ast.Assign)
        (target,) = node.targets
        assert isinstance(target, ast.Name)
        values[target.id] = ast.literal_eval(node.value)
    return values


def outlined(content: bytes) -> bytes:
    """The notebook without the text of its library; ``test_wheel.py`` looks after that."""
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        if cell["id"] == "library":
            cell["source"] = []
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def test_the_whole_notebook_is_the_golden_one(parameters: dict[str, Any]) -> None:
    rendered = outlined(render_notebook(parameters))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_bytes(rendered)
    assert rendered == GOLDEN.read_bytes(), "intended? UPDATE_GOLDEN=1 pytest tests/unit/notebook writes it anew"


def test_the_notebook_is_valid_and_its_ids_are_fixed(parameters: dict[str, Any]) -> None:
    notebook = build_notebook(parameters)
    nbformat.validate(notebook)  # warnings are errors here
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in KIND.cells()]


def test_the_bytes_are_those_that_nbformat_writes(parameters: dict[str, Any]) -> None:
    assert render_notebook(parameters).decode() == nbformat.writes(build_notebook(parameters)) + "\n"


def test_equal_parameters_give_equal_bytes_in_any_order(parameters: dict[str, Any]) -> None:
    backwards = dict(reversed(parameters.items()))
    assert render_notebook(parameters) == render_notebook(backwards)


def test_rendering_imports_neither_nbformat_nor_the_sdk(parameters: dict[str, Any]) -> None:
    code = (
        "import sys, json\n"
        "from model_evaluation.kinds.registry import DEFAULT, load_kind\n"
        "from model_evaluation.notebook.render import render_notebook\n"
        "render_notebook(load_kind(DEFAULT), json.load(sys.stdin))\n"
        "print([m for m in ('nbformat', 'boto3', 'sagemaker', 'jsonschema', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(parameters),
        env={**os.environ, "PYTHONPATH": str(Path(render.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_parameters_are_exactly_the_documented_ones(parameters: dict[str, Any]) -> None:
    assert set(parameters) == set(NAMES)
    assert assigned(sources(build_notebook(parameters))["parameters"]) == parameters


def test_what_is_known_about_the_rows_goes_with_the_notebook(parameters: dict[str, Any]) -> None:
    told = {**parameters, "DATASET_NOTES": ['3 of 9 prompts are "known" {{x}}\nto the model']}
    assert assigned(sources(build_notebook(told))["parameters"]) == told


def test_one_cell_is_tagged_parameters_and_holds_only_literals(parameters: dict[str, Any]) -> None:
    tagged = [cell for cell in build_notebook(parameters).cells if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.id for cell in tagged] == ["parameters"]
    assert set(assigned(tagged[0].source)) == set(NAMES)


def templates() -> list[Path]:
    return [*KIND.templates.glob("*.j2"), *render.TEMPLATES.glob("*.j2")]


def test_no_other_template_takes_a_value() -> None:
    environment = render._environment(KIND.templates)
    for path in templates():
        if not path.name.startswith("parameters"):
            names = meta.find_undeclared_variables(environment.parse(path.read_text(encoding="utf-8")))
            assert names <= {"library", *SET_BY_KINDS.get(path.name, ())}, path


def test_every_template_is_used() -> None:
    used = {render._template(cell) for cell in KIND.cells()} - {"library.py.j2"}
    assert {path.name for path in templates()} == used | {
        "parameters_base.py.j2",
        *SET_BY_KINDS,
        "library_base.py.j2",
        "library_embed.py.j2",
        "library_beside.py.j2",
        "options.py.j2",
    }


def test_the_cells_come_in_the_promised_order(parameters: dict[str, Any]) -> None:
    cells = [cell["id"] for cell in build_notebook(parameters)["cells"]]
    assert [cell for cell in cells if cell in PROMISED_ORDER] == PROMISED_ORDER


@pytest.mark.parametrize("library", ["embed", "beside"])
def test_only_the_library_is_collapsed_and_the_rest_can_be_read(parameters: dict[str, Any], library: str) -> None:
    lines = []
    for cell in build_notebook(parameters, library).cells:
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert hidden == (cell.id == "library")
        if cell.cell_type == "code" and not hidden:
            lines += cell.source.splitlines()
    assert len(lines) <= VISIBLE_LINES
    assert max(map(len, lines)) <= 120


def test_the_library_is_one_long_line_among_a_few_short_ones(parameters: dict[str, Any]) -> None:
    lines = sources(build_notebook(parameters))["library"].splitlines()
    assert len(lines) <= 45
    assert [len(line) > 120 for line in lines].count(True) == 1


def test_with_the_library_beside_it_the_notebook_is_small(parameters: dict[str, Any]) -> None:
    assert len(render_notebook(parameters, "beside")) < 20_000


def test_the_launch_cell_is_the_services_own_call(parameters: dict[str, Any]) -> None:
    (call,) = (
        node
        for node in ast.walk(ast.parse(sources(build_notebook(parameters))["launch"]))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LLMAsJudgeEvaluator"
    )
    assert not call.args
    assert [keyword.arg for keyword in call.keywords] == [
        "model",
        "dataset",
        "evaluator_model",
        "builtin_metrics",
        "custom_metrics",
        "evaluate_base_model",
        "s3_output_path",
        "role",
        "mlflow_resource_arn",
        "mlflow_experiment_name",
        "base_eval_name",
        "region",
        "sagemaker_session",
    ]


def test_every_code_cell_compiles(parameters: dict[str, Any]) -> None:
    for cell in build_notebook(parameters).cells:
        if cell.cell_type == "code":
            compile(cell.source, cell.id, "exec")


def test_the_notebook_passes_ruff(parameters: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "notebook.ipynb"
    file.write_bytes(render_notebook(parameters))
    rules = "E,F,W,B,C4,PIE,PLE,RET,SIM,UP"
    # E501: see the tests above.
    command = ["ruff", "check", "--isolated", "--no-cache", f"--select={rules}"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--ignore=E501", "--target-version=py311", str(file)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@functools.cache
def plain_cells() -> dict[str, str]:
    """The cells besides the parameters, of a notebook whose parameters say nothing."""
    plain = sources(build_notebook(dict.fromkeys(NAMES)))
    del plain["parameters"]
    return plain


@settings(max_examples=at_most(60))
@given(data=st.data())
def test_arbitrary_text_in_every_field_stays_data(data: st.DataObject) -> None:
    values: dict[str, Any] = {
        name: data.draw(HOSTILE, label=name)
        for name in NAMES
        if name not in ("EVALUATE_BASE_MODEL", "FORCE_NEW_RUN", "POLL_SECONDS", "TIMEOUT_MINUTES")
    }
    values["BUILTIN_METRICS"] = data.draw(st.lists(HOSTILE, max_size=4))
    values["CUSTOM_METRICS"] = data.draw(
        st.none() | st.lists(st.dictionaries(HOSTILE, HOSTILE, max_size=3), max_size=2)
    )
    values["DATASET_NOTES"] = data.draw(st.lists(HOSTILE, max_size=2))
    values["EVALUATE_BASE_MODEL"] = data.draw(st.booleans())
    values["FORCE_NEW_RUN"] = data.draw(st.booleans())
    values["POLL_SECONDS"] = data.draw(st.floats(0.01, 1e6) | st.integers(1, 10**9))
    values["TIMEOUT_MINUTES"] = data.draw(st.none() | st.floats(0.01, 1e6))

    notebook = nbformat.reads(render_notebook(values).decode("utf-8"), as_version=4)
    nbformat.validate(notebook)
    rendered = sources(notebook)
    compile(rendered["parameters"], "parameters", "exec")
    assert assigned(rendered.pop("parameters")) == values

    assert rendered == plain_cells()
