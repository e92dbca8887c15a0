"""The skill passes its format's reference validator; the manifests agree with it and with each other."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import skills_ref
import yaml

from model_evaluation import __version__
from model_evaluation.installing import extension as extension_module
from model_evaluation.installing.extension import write_extension
from model_evaluation.installing.folder import install

ROOT = Path(__file__).parents[2]
MANIFESTS = [".claude-plugin/plugin.json", "extension/.codex-plugin/plugin.json", "extension/gemini-extension.json"]


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return document


def head(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n", 2)[1])
    return fields


def test_the_installed_skill_passes_the_reference_validator(tmp_path: Path) -> None:
    folder = tmp_path / "model-evaluation"
    install(folder)
    assert skills_ref.validate(folder) == []
    assert skills_ref.read_properties(folder).name == "model-evaluation"
    assert "model-evaluation" in skills_ref.to_prompt([folder])


def test_the_validator_does_find_faults(tmp_path: Path) -> None:
    folder = tmp_path / "model-evaluation"
    install(folder)
    text = (folder / "SKILL.md").read_text()
    (folder / "SKILL.md").write_text(text.replace("name: model-evaluation", "name: Other Name"))
    assert skills_ref.validate(folder)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_carries_the_programs_version_and_the_skills_name(name: str) -> None:
    manifest = read(name)
    assert manifest["version"] == __version__
    assert manifest["name"] == head(ROOT / "SKILL.md")["name"]
    assert manifest["description"]


# The fields that the clients' published schemas and references know (read in November 2026): SchemaStore's
# claude-code-plugin-manifest.json and claude-code-marketplace.json, Codex's plugin-json-spec.md, Gemini CLI's
# docs/extensions/reference.md. A field of ours that is none of these would be ignored or refused.
ABOUT = {"name", "version", "description", "author", "homepage", "repository", "license", "keywords"}
PUBLISHED = {
    ".claude-plugin/plugin.json": ABOUT | {"$schema", "skills", "commands", "agents", "hooks", "mcpServers"},
    ".claude-plugin/marketplace.json": {"$schema", "name", "version", "description", "owner", "plugins", "metadata"},
    "extension/.codex-plugin/plugin.json": ABOUT | {"skills", "hooks", "mcpServers", "apps", "interface"},
    "extension/gemini-extension.json": {
        "name",
        "version",
        "description",
        "mcpServers",
        "contextFileName",
        "excludeTools",
    },
}  # fmt: skip
NESTED = {
    "author": {"name", "email", "url"},
    "owner": {"name", "email", "url"},
    "metadata": {"pluginRoot", "version", "description"},
    "plugins": ABOUT | {"source", "category", "tags", "strict"},
    "interface": {
        "displayName", "shortDescription", "longDescription", "developerName", "category", "capabilities",
        "websiteURL", "privacyPolicyURL", "termsOfServiceURL", "defaultPrompt", "brandColor", "composerIcon", "logo",
        "screenshots",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_manifest_has_only_fields_its_client_knows(name: str) -> None:
    manifest = read(name)
    assert set(manifest) <= PUBLISHED[name]
    for field, known in NESTED.items():
        value = manifest.get(field, [])
        for item in value if isinstance(value, list) else [value]:
            assert set(item) <= known, field
    texts = [manifest[field] for field in ("name", "version", "description", "license") if field in manifest]
    assert all(isinstance(text, str) and text for text in texts)


def test_the_marketplace_lists_this_repository_as_its_plugin() -> None:
    market, plugin = read(".claude-plugin/marketplace.json"), read(".claude-plugin/plugin.json")
    assert market["owner"]["name"]
    assert market["metadata"]["version"] == __version__
    (entry,) = market["plugins"]
    assert (entry["name"], entry["version"], entry["source"]) == (plugin["name"], __version__, "./")


# Where each client looks for a plugin's skills: the folders that its manifest names, below the plugin.
# Claude Code: skills/, and a folder in "skills" that holds SKILL.md itself. Codex: "skills", which must start with ./
# and name a folder. Gemini CLI: skills/, no field.
def skill_files(plugin: Path, manifest: str) -> list[Path]:
    fields = json.loads((plugin / manifest).read_text(encoding="utf-8"))
    named = fields.get("skills", [])
    named = [named] if isinstance(named, str) else list(named)
    if "codex" in manifest:
        assert all(path.startswith("./") and path != "./" and ".." not in path for path in named)
    roots = dict.fromkeys([(plugin / "skills").resolve(), *((plugin / path).resolve() for path in named)])
    found = [file for root in roots for pattern in ("SKILL.md", "*/SKILL.md") for file in sorted(root.glob(pattern))]
    assert all(file.is_relative_to(plugin.resolve()) for file in found)
    return found


def assert_whole(skill: Path) -> None:
    """Every relative link of SKILL.md and of its references leads to a file inside the skill's folder."""
    links = 0
    for page in (skill / "SKILL.md", *(skill / "references").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8")):
            links += 1
            path = (page.parent / target).resolve()
            assert path.is_relative_to(skill.resolve()), (page, target)
            assert path.exists(), (page, target)
    assert links > 10
    assert (skill / "scripts" / "evaluate.py").is_file()
    assert skills_ref.read_properties(skill).name == "model-evaluation"


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with space") / "extension"
    write_extension(folder)
    return folder


@pytest.mark.parametrize("manifest", extension_module.MANIFESTS)
def test_an_extension_holds_the_whole_skill_where_its_client_reads_it(extension: Path, manifest: str) -> None:
    (skill,) = skill_files(extension, manifest)
    assert skill == (extension / "skills" / "model-evaluation" / "SKILL.md").resolve()
    assert_whole(skill.parent)
    assert skills_ref.validate(skill.parent) == []
    assert json.loads((extension / manifest).read_text())["version"] == __version__


def test_the_repository_as_a_plugin_of_claude_code_is_one_whole_skill() -> None:
    (skill,) = skill_files(ROOT, ".claude-plugin/plugin.json")
    assert skill == ROOT / "SKILL.md"
    assert_whole(skill.parent)


def test_no_manifest_stands_in_the_repository_where_its_client_would_find_no_skill() -> None:
    assert not (ROOT / "gemini-extension.json").exists()  # Gemini CLI reads skills/ only
    assert not (ROOT / ".codex-plugin").exists()  # Codex refuses "./"
    assert not (ROOT / "skills").exists()


def test_a_clone_in_a_skills_folder_is_one_skill_however_deep_a_client_looks() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    skills = [name for name in tracked.split("\0") if name.rsplit("/", 1)[-1].lower() == "skill.md"]
    assert skills == ["SKILL.md"]


def test_codex_is_given_prompts_of_a_length_it_shows() -> None:
    manifest = read("extension/.codex-plugin/plugin.json")
    assert all(len(prompt) <= 128 for prompt in manifest["interface"]["defaultPrompt"])
    assert len(manifest["interface"]["defaultPrompt"]) <= 3
