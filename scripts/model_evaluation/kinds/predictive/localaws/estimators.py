"""Small real models of scikit-learn as JSON in a bucket: what a simulated container loads and runs."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
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
        made = _made(self.name)
        if self.name == "KNeighborsClassifier":  # it keeps its rows
            return made.fit(np.array(self.fitted["rows"]), np.array(self.fitted["target"]))
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
    known = np.where(np.isfinite(rows).any(axis=0), rows, 0.0)  # a column without any number stands at 0
    mean, scale = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    scale[scale == 0] = 1.0
    scaled = np.nan_to_num((rows - mean) / scale)
    made = _made(name, **options)
    if name == "KNeighborsClassifier":
        assert target is not None
        return Trained(name, mean.tolist(), scale.tolist(), {"rows": scaled.tolist(), "target": target.tolist()})
    made.fit(scaled) if target is None else made.fit(scaled, target)
    kept = ("coef_", "intercept_", "classes_", "cluster_centers_", "_n_threads", "n_features_in_")
    fitted = {key: _plain(getattr(made, key)) for key in kept if hasattr(made, key)}
    return Trained(name, mean.tolist(), scale.tolist(), fitted)


def _made(name: str, **options: Any) -> Any:
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    known = (KMeans, KNeighborsClassifier, LinearRegression, LogisticRegression)
    return next(own for own in known if own.__name__ == name)(**options)


def encoded(cell: str) -> str:
    """A cell as a number: a text stands for one that is always the same, empty stays empty."""
    try:
        float(cell or 0)
    except ValueError:
        return str(zlib.crc32(cell.encode()) % 1_000)
    return cell


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
