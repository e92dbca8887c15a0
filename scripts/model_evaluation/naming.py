"""Names derived from the project's folder."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def project_slug(project: str) -> str:
    """The project's name: its folder's name as ``[a-z0-9-]``, at most 64 characters, never empty."""
    name = unicodedata.normalize("NFKD", os.path.basename(os.path.abspath(project)))
    slug = re.sub(r"[^a-z0-9]+", "-", name.encode("ascii", "ignore").decode().lower()).strip("-")
    return slug[:64].strip("-") or "project"


def suggested_output(context: Context, account: str = "") -> str:
    """The S3 prefix that is suggested for results: in the dataset's bucket, apart from the dataset; without one
    in the bucket that SageMaker makes for an account, the model's or ``account``, and region."""
    bucket = context.facts("dataset").get("bucket")
    if not bucket:
        account = context.facts("model").get("account") or account or "ACCOUNT"
        bucket = f"sagemaker-{context.value('region')}-{account}"
    return f"s3://{bucket}/model-evaluation/{project_slug(context.project)}"


def inside(project: str, path: str) -> str:
    """``path`` relative to the project when it lies in there, so that it stays true when the folder is moved."""
    relative = os.path.relpath(path, project)
    return path if relative.startswith(os.pardir) else relative


def default_notebook(project: str) -> str:
    """Absolute path of the notebook that `new` writes."""
    return os.path.join(os.path.abspath(project), "notebooks", f"{project_slug(project)}_model-evaluation.ipynb")


def letters(text: str) -> str:
    """The letters and digits of a name, in lower case: what is left of it however it is spelt."""
    return "".join(filter(str.isalnum, text.lower()))
