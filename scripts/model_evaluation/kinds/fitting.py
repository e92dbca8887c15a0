"""Which kinds of evaluation a model is for, by what looking it up shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .registry import REGISTRY, load_kind

if TYPE_CHECKING:
    from .kind import Kind


@dataclass(frozen=True)
class ModelTraits:
    """What a lookup shows of a model: its base model's name in the hub (empty when it has none), and the images of the
    containers that serve it."""

    base_model: str = ""
    images: tuple[str, ...] = ()


def is_nova(model: ModelTraits) -> bool:
    """Whether it is an Amazon Nova model, whose evaluation runs in a container of its own."""
    return model.base_model.lower().startswith(("nova-", "amazon-nova", "amazon.nova"))


def kinds_for(model: ModelTraits) -> Sequence[Kind]:
    """The kinds that claim the model."""
    return [kind for kind in map(load_kind, REGISTRY) if kind.claims(model)]
