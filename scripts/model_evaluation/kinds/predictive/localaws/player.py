"""What local AWS asks this kind for."""

from __future__ import annotations

from model_evaluation.localaws.kind_player import KindPlayer


class PredictivePlayer(KindPlayer):
    """Nothing yet."""
