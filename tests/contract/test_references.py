"""SKILL.md and references/ say what the program does: commands, flags, steps, codes, metrics and limits."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_evaluation import errors
from model_evaluation.cli import EXIT_CODES, GROUPS, command_module
from model_evaluation.commands.workflow.render import instructions
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.kinds.llm_as_judge.metrics import advice, custom
from model_evaluation.kinds.llm_as_judge.metrics.builtin import BUILTIN_METRICS, COMPARING, parse_builtin
from model_evaluation.kinds.llm_as_judge.metrics.custom import lint_custom_metrics
from model_evaluation.kinds.llm_as_judge.runtime.metrics import SAFETY_METRICS
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind
from model_evaluation.reporting.gate import BY_DECISION, EXIT
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, MARGIN_SHARE, SIGNIFICANCE

ROOT = Path(__file__).parents[2]
REFERENCES = sorted((ROOT / "references").glob("*.md"))
SKILL = ROOT / "SKILL.md"
DOCUMENTS = [SKILL, *REFERENCES]
SUBJECTS = {
    "builtin-metrics",
    "custom-metrics",
    "glossary",
    "iam",
    "judges",
    "model-packages",
    "results",
    "troubleshooting",
}

EVERY_STEP = {step for kind_id in REGISTRY for step in load_kind(kind_id).steps}

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
each_reference = pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.name)


def text_of(name: str) -> str:
    return (ROOT / "references" / f"{name}.md").read_text(encoding="utf-8")


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table row that is neither a header nor its underline."""
    lines = text.splitlines()
    rows = []
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not line.startswith("|---") and not following.startswith("|---"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def commands_in(path: Path) -> list[str]:
    """Every `evaluate.py ...` in backticks or in a code block, and the first column of SKILL.md's commands."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"`evaluate\.py ([^`]+)`", text)
    found += [match.removeprefix("python3 ") for match in re.findall(r"evaluate\.py (--project [^\n`]+)", text)]
    if path == SKILL:
        section = text.split("## Commands")[1].split("\n## ")[0]
        for command, does in ((row[0], row[1]) for row in table_rows(section)):
            found.append(command.strip("`"))
            flags = re.findall(r"`(--[^`]+)`", does)
            found += [f"{command.strip('`').split()[0]} {flag}" for flag in flags]
    return found


def parser_of(command: str) -> argparse.ArgumentParser:
    """The command's own parser."""
    parser = argparse.ArgumentParser(add_help=True)
    parser.add_argument("--project")
    command_module(command).arguments(parser)
    return parser


# -- form ----------------------------------------------------------------------------------------------------


def test_the_subjects_are_there() -> None:
    assert {path.stem for path in REFERENCES} >= SUBJECTS


@each_reference
def test_the_first_line_says_when_to_read_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("Read this when ")
    assert first.endswith(".")


@each_reference
def test_a_reference_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120


@each_document
def test_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert not target.startswith(("http:", "https:")), "what is needed stands in the repository"
        assert (path.parent / target).is_file(), target


def test_every_reference_is_announced_in_the_skill_and_the_other_way_round() -> None:
    announced = set(re.findall(r"\(references/([a-z-]+)\.md\)", SKILL.read_text(encoding="utf-8")))
    assert announced == {path.stem for path in REFERENCES}


@pytest.mark.parametrize("kind_id", [kind_id for kind_id in REGISTRY if kind_id != DEFAULT])
def test_a_kinds_page_lists_its_steps(kind_id: str) -> None:
    kind = load_kind(kind_id)
    text = (ROOT / (kind.reference or f"references/{kind_id}.md")).read_text(encoding="utf-8")
    listed = re.search(r"^Steps: (.*?)\.$", text, re.M | re.S)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == [step for step in kind.steps if step != "evaluation"]


@pytest.mark.parametrize("kind_id", REGISTRY)
def test_the_references_that_a_kind_and_its_steps_name_exist(kind_id: str) -> None:
    kind = load_kind(kind_id)
    named = {kind.reference, *(kind.step(step).reference for step in kind.steps)} - {None, ""}
    assert all((ROOT / str(reference)).is_file() for reference in named)


@each_document
def test_no_account_host_or_path_of_a_real_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|Users|work|root)/", text)
    assert set(re.findall(r"\b\d{12}\b", text)) <= {"111122223333"}


# -- commands ------------------------------------------------------------------------------------------------


@each_document
def test_commands_and_flags_exist(path: Path) -> None:
    for command in commands_in(path):
        words = [word.strip("[]") for word in shlex.split(command)]
        if words[0] == "--project":
            words = words[2:]
        if words[0] == "COMMAND":
            continue
        assert words[0] in GROUPS, command
        flags = {word for word in words if word.startswith("--")}
        assert flags <= {flag for action in parser_of(words[0])._actions for flag in action.option_strings}, command


@each_document
def test_commands_can_be_parsed_as_written(path: Path) -> None:
    for command in commands_in(path):
        words = shlex.split(command)
        parser = parser_of(words[0]) if words[0] in GROUPS else None
        if parser is None or any("[" in word for word in words) or (words[0] == "answer" and "VALUE" in words[1:2]):
            continue
        if words[0] in ("answer", "revise") and words[1:] and words[1].isidentifier() and words[1] != "STEP":
            assert words[1] in EVERY_STEP, command
        if words[1:2] and words[1].startswith("--") and words[0] != "report":
            continue  # a flag of SKILL.md's table on its own; its existence is checked above
        parser.parse_args(words[1:])


def test_the_skill_lists_the_steps_in_order() -> None:
    section = SKILL.read_text(encoding="utf-8").split("## Steps")[1].split("\n## ")[0].split(". ")[0]
    assert re.findall(r"`(\w+)`", section)[: len(KIND.steps)] == list(KIND.steps)


def test_the_skills_exit_codes_are_the_programs() -> None:
    section = SKILL.read_text(encoding="utf-8").split("## Exit codes")[1].split("\n## ")[0]
    listed = [int(code) for row in table_rows(section) for code in row[0].split(", ")]
    helped = [
        int(code) for code in re.findall(r"^ {2}(\d+) {2}| {2,}(\d+) {2}", EXIT_CODES, re.M) for code in code if code
    ]
    assert sorted(listed) == sorted(set(helped))


# -- the skill's frontmatter ---------------------------------------------------------------------------------


def frontmatter() -> dict[str, Any]:
    _, head, _ = SKILL.read_text(encoding="utf-8").split("---\n", 2)
    fields: dict[str, Any] = yaml.safe_load(head)
    return fields


def test_the_frontmatter_keeps_the_formats_limits() -> None:
    fields = frontmatter()
    assert set(fields) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert fields["name"] == "model-evaluation"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 0 < len(fields["description"]) <= 1024
    assert 0 < len(fields["compatibility"]) <= 500
    assert fields["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "trigger",
    ["evaluate my model", "how did my model perform", "compare models", "is my fine-tune better than the base",
     "fine-tuning job has just completed"],
)  # fmt: skip
def test_the_description_names_its_triggers(trigger: str) -> None:
    assert trigger in frontmatter()["description"]


@pytest.mark.parametrize("neighbour", ["RAG", "agent", "monitoring", "dataset for training", "deploy"])
def test_the_description_names_its_neighbours(neighbour: str) -> None:
    assert neighbour in frontmatter()["description"].split("Do NOT use")[1]


def test_the_skill_is_short() -> None:
    text = SKILL.read_text(encoding="utf-8")
    assert len(text.split("---\n", 2)[2].splitlines()) <= 150
    assert len(text) / 3 < 5000  # tokens, counted generously


def test_no_judge_is_recommended() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS).lower()
    assert "never recommend" in text
    for family in ("claude", "llama", "mistral", "gpt", "sonnet", "haiku"):
        assert family not in text
    assert "nova-" not in text
    assert "v1:0" not in KIND.step("judge").example.replace("provider.model-name-v1:0", "")  # a shape, nobody's id


# -- facts ---------------------------------------------------------------------------------------------------


def test_the_builtin_table_is_the_programs() -> None:
    rows = {row[0]: row for row in table_rows(text_of("builtin-metrics"))}
    assert list(rows) == list(BUILTIN_METRICS)
    for name, meaning in BUILTIN_METRICS.items():
        reference = "used if present" if name in COMPARING else "not used"
        assert rows[name][1:] == [meaning, "lower" if name in SAFETY_METRICS else "higher", reference]


def test_the_builtin_example_is_accepted() -> None:
    examples = re.findall(r"answer builtin_metrics ([^`]+)`", text_of("builtin-metrics"))
    assert examples
    assert all(parse_builtin(example) for example in examples)


def json_blocks(path: Path) -> list[str]:
    return re.findall(r"```json\n(.*?)```", path.read_text(encoding="utf-8"), re.S)


@each_document
def test_json_examples_are_json(path: Path) -> None:
    for block in json_blocks(path):
        lines = block.splitlines()
        for text in lines if all(line.startswith("{") for line in lines) else [block]:  # JSONL or one document
            json.loads(text)


def test_the_custom_metric_examples_pass_without_a_finding() -> None:
    blocks = json_blocks(ROOT / "references" / "custom-metrics.md")
    assert len(blocks) == 2
    for block in blocks:
        result = lint_custom_metrics(block)
        assert result.findings == []
        assert custom.scale_range(result.metrics[0]) == (0.0, 2.0)
    assert custom.directions(lint_custom_metrics(blocks[1]).metrics) == {"InventedFacts": "lower"}


def test_the_custom_metric_limits_are_the_programs() -> None:
    rows = {row[0].strip("`"): row[1] for row in table_rows(text_of("custom-metrics"))}
    assert f"1 to {custom.MAX_METRICS} metrics" in rows["array"]
    assert f"1 to {custom.MAX_NAME} characters" in rows["name"]
    assert f"1 to {custom.MAX_INSTRUCTIONS} characters" in rows["instructions"]
    assert f"1 to {custom.MAX_RATINGS} ratings" in rows["ratingScale"]
    assert f"1 to {custom.MAX_LABEL} characters" in rows["definition"]
    line = next(line for line in text_of("custom-metrics").splitlines() if line.startswith("Variables:"))
    assert tuple(re.findall(r"\{\{(\w+)\}\}", line)) == advice.VARIABLES


def test_the_findings_named_exist() -> None:
    section = text_of("custom-metrics").split("## Warnings")[1]
    sources = "".join(
        path.read_text() for path in (ROOT / "scripts/model_evaluation/kinds/llm_as_judge/metrics").glob("*.py")
    )
    kinds = re.findall(r"`([a-z_]+)`", section)
    assert len(kinds) >= 8
    for kind in kinds:
        assert f'"{kind}"' in sources, kind


def test_the_decisions_are_the_programs() -> None:
    section = text_of("results").split("## The decision")[1].split("\n## ")[0]
    assert {row[0].strip("`") for row in table_rows(section)} == set(BY_DECISION)
    assert f"{MARGIN_SHARE:.0%} of the metric's scale" in text_of("results")
    assert f"at most {SIGNIFICANCE}" in text_of("results")
    assert f"Under {COVERAGE_FLOOR:.0%}" in text_of("results")
    assert f"{MARGIN_SHARE:.0%} of a metric's scale" in text_of("glossary")
    assert ", ".join(name for name in BUILTIN_METRICS if name in SAFETY_METRICS) in text_of("glossary")


def test_the_gates_exit_codes_are_the_programs() -> None:
    sentence = re.search(r"exits 0 on (.+?); 10 on (.+?); 11 on (.+?); 12 on (.+?)\.", text_of("results"), re.S)
    assert sentence
    for group, outcome in zip(sentence.groups(), ("pass", "fail", "inconclusive", "invalid"), strict=True):
        listed = set(re.split(r",\s+|\s+and\s+", group))
        assert listed == {decision for decision, meaning in BY_DECISION.items() if meaning == outcome}
    assert EXIT == {"pass": 0, "fail": 10, "inconclusive": 11, "invalid": 12}


def codes_in_tables(name: str) -> set[str]:
    heads = [row[0] for row in table_rows(text_of(name))]
    return {code for head in heads for code in re.findall(r"`([a-z]+(?:_[a-z0-9]+)*)`", head)}


@pytest.mark.parametrize("name", ["troubleshooting", "model-packages"])
def test_the_error_codes_named_exist(name: str) -> None:
    sources = (ROOT / "scripts/evaluate.py").read_text(encoding="utf-8")
    sources += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "scripts/model_evaluation").rglob("*.py"))
    used = set(re.findall(r'code"?\s*[=:]\s*"([a-z0-9_]+)"', sources))
    assert codes_in_tables(name)
    assert codes_in_tables(name) <= used


def test_every_error_code_has_its_line_in_troubleshooting() -> None:
    """But for local AWS, which answers with AWS's own codes."""
    package = ROOT / "scripts" / "model_evaluation"
    sources = [
        path.read_text(encoding="utf-8")
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] != "localaws"
    ]
    used = set(re.findall(r'code"?\s*[=:]\s*"([a-z0-9_]+)"', "".join(sources)))
    assert used - {"error"} <= codes_in_tables("troubleshooting")


def test_every_kind_of_error_has_its_line_in_troubleshooting() -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    codes = {item.code for item in classes if issubclass(item, errors.EvaluationError)} - {"error"}
    assert codes <= codes_in_tables("troubleshooting")


def test_troubleshooting_gives_each_code_its_exit_code() -> None:
    by_code = {item.code: item.exit_code for item in vars(errors).values() if hasattr(item, "exit_code")}
    for row in table_rows(text_of("troubleshooting").split("## By what a run")[0]):
        for code in re.findall(r"`([a-z_]+)`", row[0]):
            if code in by_code:
                assert str(by_code[code]) in row[1].split(", "), code


@each_document
def test_the_gate_example_is_a_rule(path: Path) -> None:
    from model_evaluation.reporting.gate import parse_rules

    for rule in re.findall(r'--gate "([^"]+)"', path.read_text(encoding="utf-8")):
        assert parse_rules(rule)


def test_a_run_is_said_to_take_the_same_time_everywhere() -> None:
    texts = [SKILL.read_text("utf-8"), text_of("troubleshooting"), instructions("x.ipynb", (14.0, 59.0))]
    told = {re.findall(r"\d+ to 60 minutes", text)[0] for text in texts}
    assert told == {"15 to 60 minutes"}
