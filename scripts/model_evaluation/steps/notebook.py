"""notebook: a new one, or a section appended to one that exists."""

from __future__ import annotations

import os

from model_evaluation.errors import Refused
from model_evaluation.workflow import Answer, Offer, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from model_evaluation.context import Context


def check(text: str, context: Context) -> Answer:
    from model_evaluation.naming import default_notebook

    if text.lower() == "new":
        return Answer("new", facts={"path": default_notebook(context.project)})
    path = os.path.expanduser(text)
    path = os.path.normpath(path if os.path.isabs(path) else os.path.join(context.project, path))
    if not os.path.isfile(path):
        raise Refused(
            f"There is no file {path}.",
            fix=f"Give an existing .ipynb file (absolute, or below {context.project}), or `new`.",
            code="not_found",
        )
    from pathlib import Path

    from model_evaluation.notebook.append import check_appendable

    check_appendable(Path(path))
    return Answer(path, facts={"path": path})


def offer(context: Context) -> Offer:
    from model_evaluation.naming import default_notebook

    folder = os.path.dirname(default_notebook(context.project))
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".ipynb"))
    except OSError:
        names = []
    choices = [{"value": "new", "label": f"Write {default_notebook(context.project)}"}]
    choices += [{"value": os.path.join(folder, name), "label": f"Append to notebooks/{name}"} for name in names[:20]]
    return Offer(choices=choices, suggested="new")


STEP = Step(
    "notebook",
    title="Notebook",
    question="Should I create a new notebook, or append to an existing one?",
    expects="`new`, or the path of an existing notebook",
    example="new",
    check=check,
    offer=offer,
)
