"""Remakes the logs beside this file with the real package: .venv/inspect-ai/bin/python tests/data/inspect_logs/make.py

What the mock model says is a table; one sample of the candidate fails, one answer is cut, the samples come in another
order for each model, and `broken` is a run that was interrupted. The files have fixed names; ids and
times in them change.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CITIES = {"France": "Paris", "Peru": "Lima", "Kenya": "Nairobi", "Norway": "Oslo", "Japan": "Tokyo", "Egypt": "Cairo"}
WRONG = {"candidate": ("Japan",), "reference": ("Japan", "Peru", "Norway", "Kenya")}
LONG = "Think step by step. " * 20  # longer texts become attachments


def main() -> None:
    from inspect_ai import Task, task
    from inspect_ai import eval as run
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import includes, match
    from inspect_ai.solver import generate

    def model(name: str, failing: str = "", breaks: bool = False) -> Any:
        asked: list[str] = []

        def answer(messages: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
            country = next(country for country in CITIES if country in messages[-1].text)
            asked.append(country)
            if country == failing:
                raise RuntimeError("the endpoint did not answer")
            if breaks and len(asked) > 3:
                raise KeyboardInterrupt
            text = "I do not know" if country in WRONG[name] else CITIES[country]
            cut = name == "candidate" and country == "Egypt"
            output = ModelOutput.from_content("mockllm/model", text, stop_reason="max_tokens" if cut else "stop")
            output.usage = ModelUsage(input_tokens=9, output_tokens=2, total_tokens=11)
            return output

        return get_model("mockllm/model", custom_outputs=answer, memoize=False)

    @task
    def capitals(hint: str = "") -> Task:
        samples = [
            Sample(id=country, input=f"{LONG}{hint}What is the capital of {country}?", target=city)
            for country, city in CITIES.items()
        ]
        return Task(dataset=samples, solver=generate(), scorer=[includes(), match()])

    def keep(target: str, chosen: Any, **options: Any) -> None:
        hint = options.pop("hint", "")
        with tempfile.TemporaryDirectory() as folder:
            log_format = target.rpartition(".")[2]
            with contextlib.suppress(KeyboardInterrupt):
                run(
                    capitals(hint), model=chosen, log_dir=folder, log_format=log_format, display="none", epochs=2,
                    **options,
                )  # fmt: skip
            (log,) = (file for file in Path(folder).iterdir() if file.suffix in (".json", ".eval"))
            shutil.copy(log, HERE / target)

    going_on = {"fail_on_error": 0.5, "continue_on_fail": True, "log_realtime": False}
    keep("candidate.eval", model("candidate", failing="France"), sample_shuffle=1, **going_on)
    keep("reference.eval", model("reference"), sample_shuffle=2, **going_on)
    keep("reference.json", model("reference"), sample_shuffle=3, **going_on)
    keep("other_input.eval", model("reference"), hint="Please: ", **going_on)
    keep("failed.eval", model("candidate", failing="Japan"), fail_on_error=0.1, continue_on_fail=True)
    keep("broken.eval", model("candidate", breaks=True), max_samples=1, log_buffer=1, **going_on)


if __name__ == "__main__":
    sys.exit(main())
