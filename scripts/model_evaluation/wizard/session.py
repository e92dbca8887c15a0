"""The wizard's loop: show the question, take a line, pass it on, show what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from model_evaluation import state
from model_evaluation.conversation.answer_text import read_value
from model_evaluation.conversation.answers import elsewhere, give_answer, position
from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.errors import EvaluationError, StateError
from model_evaluation.json_types import Facts, Position, Question
from model_evaluation.kinds.registry import kind_of
from model_evaluation.resources import resource

from . import layout

# What people type before they have read of the colon; no question has such an answer.
PLAIN_WORDS = {"?": ":help", "help": ":help", "back": ":back", "quit": ":quit", "exit": ":quit"}
DONE = 0
INTERRUPTED = 130


class Screen(Protocol):
    """Where the wizard speaks and listens."""

    width: int

    def say(self, text: str, style: str = "") -> None:
        """Show lines. ``style`` is title, good, warning, error, faint or nothing."""

    def ask(self, step: Question | None, steps: Sequence[str]) -> str:
        """One line from the person, an answer to ``step`` if there is one; ``steps`` are the ids that can be named.

        Raises EOFError for Ctrl-D and KeyboardInterrupt for Ctrl-C.
        """


class Wizard:
    """One session for one project. ``revise(step)`` and ``render()`` return the envelope's body of these commands."""

    def __init__(
        self,
        project: str,
        screen: Screen,
        *,
        revise: Callable[[str], Position],
        render: Callable[[], Facts],
    ) -> None:
        self.project = project
        self.screen = screen
        self.revise = revise
        self.render = render
        self.position: Position

    def run(self) -> int:
        """Talk until every question is answered or the person leaves; return the exit code."""
        try:
            self._open()
            while True:
                step = self.position["step"]
                if step is not None:
                    self._turn(step)
                elif not self._write_notebook():
                    return DONE
        except EOFError:
            self._goodbye()
            return DONE
        except KeyboardInterrupt:
            self._goodbye()
            return INTERRUPTED
        except StateError as error:
            self._show_error(error)
            return error.exit_code

    def _open(self) -> None:
        snapshot = state.load(self.project)
        self.position = position(snapshot.document, self.project)
        self.screen.say(f"Model evaluation, in {self.project}", "title")
        for setting, address in foreign_endpoints().items():
            self._say(f"{setting} is {address}, which is not AWS's own: everything is SIMULATED.", "warning")
        for warning in elsewhere(self.project) if snapshot.raw is None else []:
            self._say(f"! {warning['message']} {layout.other_project(str(warning['fix']))}", "warning")
        self._show(self.position["warnings"], level="warning")
        if any(entry["origin"] != "default" for entry in self.position["known"].values()):
            self._say("Going on where it was left. So far:")
            self.screen.say(layout.known(self.position["known"], self.screen.width))
        self._say(
            ":help explains a question, :back goes back, :quit keeps everything and leaves. More: :words", "faint"
        )

    def _turn(self, step: Question) -> None:
        """Ask one step until an answer or a word of the wizard's changes the position."""
        self.screen.say("")
        self.screen.say(layout.heading(step, self.position["progress"]), "title")
        self._say(step["question"])
        while step is self.position["step"]:
            if step.get("choices"):
                self.screen.say(layout.choices(step["choices"], self.screen.width))
            self._say(layout.hint(step), "faint")
            line = self._line(step)
            if line.startswith(":"):
                self._word(line, step)
            elif line or step.get("suggested"):
                self._answer(step["id"], _meant(line, step) if line else None)

    def _line(self, step: Question | None) -> str:
        line = self.screen.ask(step, self._steps()).strip()
        return PLAIN_WORDS.get(line.lower(), line)

    def _answer(self, step_id: str, text: str | None) -> None:
        """Pass an answer on; ``None`` takes the suggestion."""

        def give() -> Position:
            value = read_value(text, step_id) if text and text.startswith("@") else text
            return cast(Position, give_answer(self.project, step_id, value, accept=text is None))

        body = self._result(give)
        if body:
            self._show(body.get("findings", []))
            self.position = body

    def _result(self, command: Callable[[], Position]) -> Position | None:
        """What a command answers. A refusal is shown and may bring choices: for the question that is open they are
        shown with it, else at once."""
        try:
            return command()
        except StateError:
            raise
        except EvaluationError as error:
            self._show_error(error)
            refused, step = error.envelope.get("step") or {}, self.position["step"]
            if refused.get("choices") and step and refused["id"] == step["id"]:
                step["choices"] = refused["choices"]
            elif refused.get("choices"):
                self.screen.say(layout.choices(refused["choices"], self.screen.width))
        except KeyboardInterrupt:
            self._say("Stopped; nothing was recorded.", "warning")
        return None

    def _word(self, line: str, step: Question | None) -> None:
        word, _, rest = line.partition(" ")
        if word in (":quit", ":q"):
            raise EOFError
        if word == ":help" and step:
            self._help(step)
        elif word == ":back":
            self._back(step)
        elif word == ":status":
            self.screen.say(layout.known(self.position["known"], self.screen.width))
        elif word == ":answer" and len(rest.split()) > 1:
            step_id, _, value = rest.strip().partition(" ")
            self._answer(step_id, value.strip())
        elif word == ":revise" and rest.strip():
            self._revise(rest.strip())
        else:
            self.screen.say(layout.words())

    def _help(self, step: Question) -> None:
        self._say(f"Expected: {step['expects']}. For example: {step['example']}")
        if step.get("reference"):
            try:
                text = resource(step["reference"]).read_text(encoding="utf-8").partition("\n")[2].strip()
            except OSError as error:
                text = f"{step['reference']} cannot be shown: {error}"
            self._say(text)

    def _back(self, step: Question | None) -> None:
        """Reopen the last step that the person answered before this one."""
        answers, steps = self.position["known"], self._steps()
        before = steps[: steps.index(step["id"])] if step else steps
        own = [step_id for step_id in before if step_id in answers and answers[step_id]["origin"] == "user"]
        if own:
            self._revise(own[-1])
        else:
            self._say("This is the first question.", "warning")

    def _revise(self, step_id: str) -> None:
        body = self._result(lambda: self.revise(step_id))
        if body:
            reopened = ", ".join(body.get("reopened", []))
            self._say(f"Open again: {reopened}." if reopened else f"{step_id} is open.")
            self.position = body

    def _write_notebook(self) -> bool:
        """After the last answer; whether the conversation goes on."""
        self.screen.say("")
        self.screen.say("Every question is answered.", "title")
        if self.position["next"] != "render":
            self._say(f"Next: {self._command(str(self.position['next']))}")
            return False
        self._say("Enter writes the notebook; nothing is started by that. :back changes an answer.", "faint")
        line = self._line(None)
        if line.startswith(":"):
            self._word(line, None)
            return True
        if line.lower() not in ("", "y", "yes"):
            self._goodbye()
            return False
        body = self.render()
        self._show(body.get("findings", []))
        self._say(f"Written: {body['notebook']}", "good")
        self._say(layout.for_terminal(body["run_instructions"]))
        self._say(f"To run it from here: {self._command('run')}")
        return False

    def _steps(self) -> list[str]:
        """The ids of all questions, in order. An answer can change them: it may choose another kind of evaluation."""
        return list(kind_of(state.load(self.project).document).steps)

    def _show(self, findings: Sequence[Facts], *, level: str = "info") -> None:
        for item in findings:
            warning = item.get("level", level) == "warning"
            text = f"{item['message']} {item.get('fix', '')}".rstrip()
            self._say(f"{'!' if warning else '✓'} {layout.for_terminal(text)}", "warning" if warning else "good")
            if item.get("rows"):
                self.screen.say(layout.rows(item["rows"], self.screen.width))

    def _show_error(self, error: EvaluationError) -> None:
        self._say(f"✗ {error.message}", "error")
        self._say(layout.for_terminal(error.fix), "faint")

    def _goodbye(self) -> None:
        self.screen.say("")
        self._say(f"Everything answered so far is kept. To go on: {self._command('wizard')}")

    def _command(self, name: str) -> str:
        return f"evaluate.py --project {shlex.quote(self.project)} {name}"

    def _say(self, text: str, style: str = "") -> None:
        self.screen.say(layout.wrapped(text, self.screen.width), style)


def _meant(line: str, step: Question) -> str:
    """A number stands for the choice of that number, unless it is a choice itself."""
    choices = step.get("choices", [])
    if line.isdecimal() and 1 <= int(line) <= len(choices) and line not in {item["value"] for item in choices}:
        return choices[int(line) - 1]["value"]
    return line
