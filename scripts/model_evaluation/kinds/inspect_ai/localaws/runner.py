"""Runs Inspect tasks with the package's own mock model. A program for the Python that has inspect_ai; it knows nothing
of this project.

Standard input: JSON with ``folder``, ``tasks`` (name, path, limit, epochs, task_args), ``logs`` (folder), ``format``,
``extra_args`` (of the command `inspect eval`), ``generate``, ``model`` (a name: the seed), ``skill`` (share of right
answers), ``failing``, ``cut`` and ``absent`` (shares of samples). Everything that the model says is made up.
"""

import hashlib
import json
import os
import sys


def chance(*words: object) -> float:
    """A number in 0..1 that depends on the words only."""
    digest = hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def main() -> None:
    job = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    os.chdir(job["folder"])
    from inspect_ai import eval as run_eval
    from inspect_ai._cli.eval import eval_command
    from inspect_ai._eval.loader import load_tasks
    from inspect_ai.dataset import MemoryDataset
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    # The command's own parser: flags that it does not know end the run, as in the container.
    flags = eval_command.make_context("eval", ["tasks.py", *job["extra_args"]]).params
    fail_on_error = False if flags["no_fail_on_error"] else flags["fail_on_error"]
    locations = []
    for entry in job["tasks"]:
        epochs, arguments = entry.get("epochs", 1), entry.get("task_args", {})
        (task,) = load_tasks([f"{entry['path']}@{entry['name']}"], arguments)
        targets = {str(sample.input): sample for sample in task.dataset}
        asked: dict[str, int] = {}

        def answer(  # type: ignore[no-untyped-def]
            messages, tools, tool_choice, config, targets=targets, asked=asked, name=entry["name"]
        ):
            text = next(message.text for message in messages if message.role == "user")
            sample = targets.get(text)
            turn = asked[text] = asked.get(text, 0) + 1
            seed = (name, text)
            if chance(job["model"], "fails", *seed) < job["failing"]:
                raise RuntimeError("SIMULATED: the model's endpoint did not answer")
            difficulty, luck = chance("difficulty", *seed), chance(job["model"], turn, *seed)
            right = 0.65 * difficulty + 0.35 * luck < job["skill"]
            target = sample.target if sample is not None else ""
            target = target if isinstance(target, str) else target[0]
            cut = chance(job["model"], "cut", *seed) < job["cut"]
            words = f"Let me think about it. {target}"[: 12 if cut else None] if right or cut else "I do not know."
            output = ModelOutput.from_content("mockllm/model", words, stop_reason="max_tokens" if cut else "stop")
            count = len(words.split())
            output.usage = ModelUsage(input_tokens=len(text.split()), output_tokens=count, total_tokens=count)
            return output

        # Shuffled, as samples that run at once come in the order in which they end.
        samples = list(task.dataset)[: entry.get("limit") or None]
        there = [own for own in samples if chance(job["model"], "absent", entry["name"], own.id) >= job["absent"]]
        task.dataset = MemoryDataset(there, name=task.dataset.name)
        logs = run_eval(
            task,
            model=get_model("mockllm/model", custom_outputs=answer, memoize=False),
            log_dir=job["logs"],
            log_format=job["format"],
            display="none",
            epochs=epochs,
            sample_shuffle=int(chance(job["model"]) * 1000),
            fail_on_error=fail_on_error,
            continue_on_fail=flags["continue_on_fail"],
            metadata={"simulated": True},
            **job["generate"],
        )
        locations += [{"status": log.status, "location": log.location} for log in logs]
    json.dump(locations, out)


main()
