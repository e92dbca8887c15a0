"""An assistant that follows SKILL.md to the letter (skill_text.py reads it) and does nothing else.

It cannot read: what the user's words mean comes beside them (``means``). Everything it says comes out of the JSON of
the commands; it knows no step's subject. So what it gets right, the program gets right.

As a program (for ``run.py --assistant``) it takes one turn: the words on standard input, their meaning as JSON in
``EVAL_MEANS``; what it must remember lies in a file beside the project.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "scripts")]

from evals.conversation import Ran
from evals.skill_text import Rules

Run = Callable[[list[str]], tuple[int, dict[str, Any]]]


class ReferenceAssistant:
    """Holds one conversation. ``run`` executes a command of the skill; ``skill`` is the skill's folder."""

    def __init__(self, run: Run, skill: Path, project: Path) -> None:
        self._run = run
        self.skill = skill
        self.project = project
        self.ran: list[Ran] = []
        self.references: list[str] = []
        self.envelope: dict[str, Any] | None = None
        self.told: dict[str, str | None] = {}  # answers given before their step was reached; None: the suggestion
        self.early: list[str] = []  # those of them that the program called too early
        self.repeat: list[str] | None = None  # the command to repeat after AWS said no
        self.asked: str | None = None  # the step that the last reply asked for
        self.stopped = False
        pages = [path.read_text(encoding="utf-8") for path in sorted((skill / "references").glob("*.md"))]
        self.rules = Rules.read((skill / "SKILL.md").read_text(encoding="utf-8"), pages)

    def reply(self, said: str, means: list[dict[str, Any]]) -> str:
        """One message of the user's, one message back."""
        parts: list[str] = []
        if self.envelope is None:
            self._status(parts)
        for intent in means:
            if not self.stopped:
                self._intent(intent, parts)
        self._give_what_was_told(parts)
        if not self.stopped and self.repeat is None:
            self._ask_or_go_on(parts)
        return "\n\n".join(part for part in parts if part)

    # -- the loop of SKILL.md

    def _status(self, parts: list[str]) -> None:
        code, body = self._command(["status"])
        if code:
            self._trouble(code, body, parts, ["status"])
        else:
            self.envelope = body
            elsewhere = [item for item in body["warnings"] if item["kind"] == "workflow_elsewhere"]
            if self.rules.names_other_folders:
                parts += [item["message"] for item in elsewhere]

    def _intent(self, intent: dict[str, Any], parts: list[str]) -> None:
        if "answer" in intent:
            step, value = intent["answer"]
            if step not in self.rules.consent or step == self.asked:  # assent to what has not been shown is none
                self.told[step] = value
        elif "accept" in intent and self.rules.takes_suggestions:
            self.told[intent["accept"]] = None
        elif "revise" in intent:
            self._take(["revise", intent["revise"]], parts)
        elif "again" in intent and self.repeat is not None:
            command, self.repeat = self.repeat, None
            self._take(command, parts)
        elif "question" in intent:
            parts.append(self._from_reference(intent["question"]))
        elif "draft" in intent:
            self._draft(intent["draft"], parts)
        elif "run" in intent:
            self._other(intent["run"], parts)

    def _give_what_was_told(self, parts: list[str]) -> None:
        """Each answer with its own command, in the order of the steps, also those after a refused one.

        What came too early waits until its step is reached: "ask only what is left". Consent never waits.
        """
        while not self.stopped and self.repeat is None:
            order = self.rules.order  # steps that a kind's own page lists come after those of SKILL.md
            told = sorted(self.told, key=lambda name: order.index(name) if name in order else len(order))
            step = next((name for name in told if self._due(name)), None)
            if step is None:
                return
            value = self.told.pop(step)
            command = _answer(step, value, to_file=self.rules.long_text_to_file)
            if self._take(command, parts):
                self.early = [name for name in self.early if name != step]  # it may be changed at any time now
                continue
            if self.ran[-1].body.get("error", {}).get("code") == "too_early" and step not in self.rules.consent:
                self.told[step] = value
                self.early.append(step)
                del parts[-2:]  # not the user's trouble
            elif not self.rules.goes_on_after_refusal:
                return

    def _due(self, step: str) -> bool:
        open_step = ((self.envelope or {}).get("step") or {}).get("id")
        return open_step == step or (step not in self.early and step not in self.rules.consent)

    def _take(self, command: list[str], parts: list[str]) -> bool:
        """Run an answer or a revision and say what came of it; whether it was accepted."""
        code, body = self._command(command)
        if code == 0:
            self.envelope = body
            if self.rules.says_findings:
                parts += [item["message"] for item in body.get("findings", [])]
            return True
        if code in self.rules.asks_again:
            parts += [body["error"]["message"], body["error"]["fix"] if self.rules.tells_fixes else ""]
            self.envelope = body
            return False
        self._trouble(code, body, parts, command)
        return False

    def _trouble(self, code: int, body: dict[str, Any], parts: list[str], command: list[str]) -> None:
        """The table of exit codes: wait and repeat where it says so, stop otherwise."""
        parts += [body["error"]["message"], body["error"]["fix"]]
        if code in self.rules.repeats:
            self.repeat = command
        else:
            self.stopped = True

    def _ask_or_go_on(self, parts: list[str]) -> None:
        assert self.envelope is not None
        step = self.envelope.get("step")
        self.asked = step["id"] if step else None
        if step is not None:
            parts.append(_question(step, choices=self.rules.lists_choices))
            return
        command = self.envelope.get("next")
        if command in self.rules.next_commands:
            self._other([command], parts)

    def _other(self, command: list[str], parts: list[str]) -> None:
        first = self.rules.next_commands.get(command[0])
        if first:
            self._read(first)
        code, body = self._command(command)
        if code not in (0, 10, 11, 12):
            parts += [body["error"]["message"], body["error"]["fix"]]
        elif command[0] == "render":
            parts += [body["notebook"], body["run_instructions"]]
            self.envelope = {**(self.envelope or {}), "next": "run"}
        elif command[0] == "report":
            parts += ["SIMULATED"] * body["simulated"] + [
                body["verdict"]["sentence"],
                *(item["message"] for item in body["warnings"]),
            ]
            self.envelope = {**(self.envelope or {}), "next": None}
        else:
            parts += [item["message"] for item in body.get("findings", [])]

    def _draft(self, draft: dict[str, Any], parts: list[str]) -> None:
        """A custom metric: draft, lint, show."""
        path = self.project / draft["file"]
        path.write_text(json.dumps(draft["metrics"], indent=1), encoding="utf-8")
        self._read("references/custom-metrics.md")
        _, body = self._command(["metric", "lint", str(path)])
        parts.append(path.read_text(encoding="utf-8"))
        parts += [item["message"] for item in body["findings"]] or ["No faults were found."]

    def _from_reference(self, step: str) -> str:
        """What the step's reference says of its subject: its first paragraph."""
        described = (self.envelope or {}).get("step") or {}
        if described.get("id") != step or not described.get("reference"):
            return str(described.get("expects", ""))
        text = self._read(described["reference"])
        paragraphs = [part for part in text.split("\n\n")[1:] if not part.startswith(("#", "|", "```"))]
        return paragraphs[0].replace("\n", " ") if paragraphs else ""

    def _read(self, reference: str) -> str:
        if reference not in self.references:
            self.references.append(reference)
        path = self.skill / reference
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _command(self, command: list[str]) -> tuple[int, dict[str, Any]]:
        code, body = self._run(command)
        self.ran.append(Ran(command, code, body))
        return code, body


def _answer(step: str, value: str | None, *, to_file: bool) -> list[str]:
    if value is None:
        return ["answer", step, "--accept"]
    if to_file and (len(value) > 500 or re.search(r"[\n\"'`$\\]", value)):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as file:
            file.write(value)
        return ["answer", step, f"@{file.name}"]
    if value.startswith(("@", "-")):
        return ["answer", step, "--text", value]
    return ["answer", step, value]


def _question(step: dict[str, Any], *, choices: bool) -> str:
    lines = [step["question"]]
    for number, choice in enumerate(step.get("choices", []) if choices else [], start=1):
        label = choice.get("label", "")
        name = label if label.startswith(choice["value"]) else f"{choice['value']}  {label}".rstrip()
        lines.append(f"{number}. {name}" + (f" ({choice['note']})" if choice.get("note") else ""))
    if step.get("suggested"):
        lines.append(f"Suggested: {step['suggested']}")
    return "\n".join(lines)


def main() -> None:
    """One turn as a process."""
    project, skill = Path.cwd(), Path(os.environ["EVAL_SKILL"])
    memory = project.parent / f"{project.name}.memory.json"

    def run(arguments: list[str]) -> tuple[int, dict[str, Any]]:
        command = [sys.executable, str(skill / "scripts" / "evaluate.py"), "--project", str(project), *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)

    assistant = ReferenceAssistant(run, skill, project)
    kept = ("envelope", "told", "early", "asked", "repeat", "stopped", "references")
    if memory.exists():
        for name, value in json.loads(memory.read_text(encoding="utf-8")).items():
            setattr(assistant, name, value)
    reply = assistant.reply(sys.stdin.read(), json.loads(os.environ.get("EVAL_MEANS", "[]")))
    memory.write_text(json.dumps({name: getattr(assistant, name) for name in kept}), encoding="utf-8")
    sys.stdout.write(reply)


if __name__ == "__main__":
    main()
