"""notebook: a new one, or a section appended to one that exists."""

from __future__ import annotations

import os

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.naming import default_notebook, inside


def check(text: str, context: Context) -> Answer:
    if text.lower() in ("new", "script"):
        return Answer(text.lower())
    path = os.path.expanduser(text)
    path = os.path.normpath(path if os.path.isabs(path) else os.path.join(context.project, path))
    if not os.path.isfile(path):
        raise Refused(
            f"There is no file {path}.",
            fix=f"Give an existing .ipynb file (absolute, or below {context.project}), `new`, or `script`.",
            code="not_found",
        )
    from pathlib import Path

    from model_evaluation.notebook.append import check_appendable

    check_appendable(Path(path))
    return Answer(inside(context.project, path))


def appendable(project: str) -> list[str]:
    """Notebooks in the project's folder and in notebooks/, below the project, but those that this program wrote: its
    own, and copies with a run's outputs."""
    own = os.path.basename(default_notebook(project)).removesuffix(".ipynb")
    paths: list[str] = []
    for folder in ("", "notebooks"):
        try:
            names = sorted(os.listdir(os.path.join(project, folder)))
        except OSError:
            continue
        others = [name for name in names if not name.startswith(own) and not name.endswith("_executed.ipynb")]
        paths += [os.path.join(folder, name) for name in others if name.endswith(".ipynb")]
    return paths[:20]


def settle(context: Context) -> Answer | None:
    """A new one, where there is no other that the section could go into."""
    if appendable(context.project):
        return None
    note = "The evaluation goes into a new notebook."
    return Answer(
        "new",
        origin="default",
        findings=[finding("notebook", note, fix="A script: evaluate.py answer notebook script")],
    )


def offer(context: Context) -> Offer:
    choices = [{"value": "new", "label": f"Write {default_notebook(context.project)}"}]
    choices += [{"value": name, "label": f"Append to {name}"} for name in appendable(context.project)]
    choices.append({"value": "script", "label": "Write a Python script, with --help, for a shell or CI"})
    return Offer(choices=choices, suggested="new")


STEP = Step(
    "notebook",
    title="Notebook",
    question="Should the notebook be a new one, or a section at the end of an existing one?",
    expects="`new`, the path of an existing notebook, or `script`",
    example="new",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
