"""The skill passes its format's reference validator; the manifests agree with it and with each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import skills_ref
import yaml

from model_evaluation import __version__
from model_evaluation.installing.folder import install

ROOT = Path(__file__).parents[2]
MANIFESTS = [".claude-plugin/plugin.json", ".codex-plugin/plugin.json", "gemini-extension.json"]


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
    ".codex-plugin/plugin.json": ABOUT | {"skills", "hooks", "mcpServers", "apps", "interface"},
    "gemini-extension.json": {"name", "version", "description", "mcpServers", "contextFileName", "excludeTools"},
}
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


def test_codex_is_given_a_path_it_accepts() -> None:
    manifest = read(".codex-plugin/plugin.json")
    path = manifest["skills"]
    assert path.startswith("./")
    assert path != "./"
    assert (ROOT / path / "model-evaluation" / "SKILL.md").is_file()
    assert all(len(prompt) <= 128 for prompt in manifest["interface"]["defaultPrompt"])
    assert len(manifest["interface"]["defaultPrompt"]) <= 3


def test_plugins_find_a_skill_that_leads_to_the_real_one() -> None:
    folder = ROOT / "skills" / "model-evaluation"
    assert skills_ref.validate(folder) == []
    assert head(folder / "SKILL.md") == head(ROOT / "SKILL.md")
    assert "`../../SKILL.md`" in (folder / "SKILL.md").read_text()
    assert (folder / "../../SKILL.md").resolve() == ROOT / "SKILL.md"
