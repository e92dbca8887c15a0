"""Small real models of scikit-learn as JSON in a bucket: what a simulated container loads and runs."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
FILE = "model.json"


@dataclass(frozen=True)
class Trained:
    """A fitted estimator behind a standardisation. ``name`` is the estimator's class; its arrays are lists."""

    name: str
    mean: list[float]
    scale: list[float]
    fitted: dict[str, Any]

    @property
    def width(self) -> int:
        return len(self.mean)

    @property
    def classes(self) -> list[Any]:
        found: list[Any] = self.fitted.get("classes_", [])
        return found

    def standardised(self, rows: Matrix) -> Matrix:
        """Rows as it was trained on them; a missing cell stands at the mean, a missing last column at zero."""
        short = self.width - rows.shape[1]
        if short > 0:
            rows = np.hstack([rows, np.zeros((len(rows), short))])
        scaled = (rows - np.array(self.mean)) / np.array(self.scale)
        filled: Matrix = np.nan_to_num(scaled)
        return filled

    def estimator(self) -> Any:
        """The estimator itself."""
        from sklearn.cluster import KMeans
        from sklearn.linear_model import LinearRegression, LogisticRegression

        made: Any = {"LogisticRegression": LogisticRegression, "LinearRegression": LinearRegression,
                     "KMeans": KMeans}[self.name]()  # fmt: skip
        for key, value in self.fitted.items():
            setattr(made, key, np.array(value) if isinstance(value, list) else value)
        return made

    def artefact(self) -> bytes:
        """``model.tar.gz`` as a training job leaves it."""
        body = json.dumps(vars(self)).encode()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            info = tarfile.TarInfo(FILE)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        return out.getvalue()


def read_artefact(body: bytes) -> Trained:
    """Raises ``ValueError`` for what is no such artefact."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            file = archive.extractfile(FILE)
            assert file is not None
            return Trained(**json.loads(file.read()))
    except (tarfile.TarError, KeyError, TypeError, OSError, AssertionError) as error:
        raise ValueError(f"Model {FILE} cannot be loaded: {error!r}") from error


def train(name: str, rows: Matrix, target: NDArray[Any] | None, **options: Any) -> Trained:
    """Fits an estimator of that class on standardised rows."""
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LinearRegression, LogisticRegression

    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0
    scaled = (rows - mean) / scale
    made: Any = {"LogisticRegression": LogisticRegression, "LinearRegression": LinearRegression, "KMeans": KMeans}[
        name
    ](**options)
    made.fit(scaled) if target is None else made.fit(scaled, target)
    kept = ("coef_", "intercept_", "classes_", "cluster_centers_", "_n_threads", "n_features_in_")
    fitted = {key: _plain(getattr(made, key)) for key in kept if hasattr(made, key)}
    return Trained(name, mean.tolist(), scale.tolist(), fitted)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
