"""Small real models of scikit-learn as JSON in a bucket: what a simulated container loads and runs."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FILE = "model.json"


@dataclass(frozen=True)
class Trained:
    """An estimator of scikit-learn behind a standardisation, as what it is fitted on: ``name`` is its class. ``names``
    are the classes where the target holds their places, in order."""

    name: str
    options: dict[str, object]
    rows: list[list[float]]
    target: list[float] | None
    names: list[int] | list[str] | None = None

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @cached_property
    def pipeline(self) -> Pipeline:
        from sklearn.cluster import KMeans
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LinearRegression, LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        known = (KMeans, KNeighborsClassifier, LinearRegression, LogisticRegression)
        made = next(own for own in known if own.__name__ == self.name)(**self.options)
        steps = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), made)
        steps.fit(np.array(self.rows, float), self.target)
        if self.names is not None:
            made.classes_ = np.array([self.names[code] for code in made.classes_])
        return steps

    @property
    def classes(self) -> list[object]:
        return list(self.estimator().classes_.tolist())

    def estimator(self) -> Any:
        """The estimator itself, for standardised rows."""
        return self.pipeline[-1]

    def standardised(self, rows: Floats) -> Floats:
        """Rows as it was trained on them; a missing cell stands at the mean, a missing last column at zero."""
        short = max(0, self.width - rows.shape[1])
        return np.asarray(self.pipeline[:-1].transform(np.hstack([rows, np.zeros((len(rows), short))])))

    def artefact(self) -> bytes:
        """``model.tar.gz`` as a training job leaves it."""
        body = json.dumps(asdict(self)).encode()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            info = tarfile.TarInfo(FILE)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        return out.getvalue()


def read_artefact(body: bytes) -> Trained:
    """Raises ``ValueError`` for what is not such an artefact."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            file = archive.extractfile(FILE)
            assert file is not None
            return Trained(**json.loads(file.read()))
    except (tarfile.TarError, KeyError, TypeError, OSError, AssertionError) as error:
        raise ValueError(f"Model {FILE} cannot be loaded: {error!r}") from error


def train(name: str, rows: Floats, target: Floats | Codes | None, **options: object) -> Trained:
    """An estimator of that class for these rows."""
    return Trained(name, options, rows.tolist(), None if target is None else target.tolist())


def encoded(cell: str) -> str:
    """A cell as a number: a text stands for one that is always the same, empty stays empty."""
    try:
        float(cell or 0)
    except ValueError:
        return str(zlib.crc32(cell.encode()) % 1_000)
    return cell
