"""HTML through jinja2: what comes from outside is text there, whatever it holds."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined
from markupsafe import Markup, escape

from .words import one_line

TEMPLATES = Path(__file__).parent / "templates"


def template_environment(folder: Path) -> Environment:
    """Templates of this folder. Values are escaped and put on one line, unless they are markup already; the filter
    ``whole`` leaves a text its line breaks, ``breakable`` lets a long name break after an underscore and before a
    capital letter."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup | Undefined) else one_line(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"whole": escape, "breakable": _breakable}
    environment.globals["asset"] = lambda name: Markup((folder / name).read_text(encoding="utf-8"))  # noqa: S704 - ours
    return environment


def _breakable(text: str) -> Markup:
    broken = re.sub(r"(?<=_)|(?<=[a-z])(?=[A-Z])", "<wbr>", escape(one_line(text)))
    return Markup(broken.replace(" ↓", "&nbsp;↓"))  # noqa: S704 - escaped above


ENVIRONMENT = template_environment(TEMPLATES)
PARTS = ENVIRONMENT.get_template("parts.html.j2").module


def part(name: str, **values: object) -> Markup:
    """A macro of ``templates/parts.html.j2``."""
    return Markup(getattr(PARTS, name)(**values))  # noqa: S704 - the macro has escaped what it was given
