"""The benchmarks that open-weight models can be evaluated on: what each measures, on how many questions, and how an
answer is told from none.

Numbers of questions are those of the test sets that AWS's published lighteval tasks name (aws-samples,
sample-Nova-lighteval-custom-task; Hugging Face's dataset cards for MMLU-Pro and IFEval).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MMLU_QUESTIONS = """
abstract_algebra 100, anatomy 135, astronomy 152, business_ethics 100, clinical_knowledge 265, college_biology 144,
college_chemistry 100, college_computer_science 100, college_mathematics 100, college_medicine 173,
college_physics 102, computer_security 100, conceptual_physics 235, econometrics 114, electrical_engineering 145,
elementary_mathematics 378, formal_logic 126, global_facts 100, high_school_biology 310, high_school_chemistry 203,
high_school_computer_science 100, high_school_european_history 165, high_school_geography 198,
high_school_government_and_politics 193, high_school_macroeconomics 390, high_school_mathematics 270,
high_school_microeconomics 238, high_school_physics 151, high_school_psychology 545, high_school_statistics 216,
high_school_us_history 204, high_school_world_history 237, human_aging 223, human_sexuality 131,
international_law 121, jurisprudence 108, logical_fallacies 163, machine_learning 112, management 103, marketing 234,
medical_genetics 100, miscellaneous 783, moral_disputes 346, moral_scenarios 895, nutrition 306, philosophy 311,
prehistory 324, professional_accounting 282, professional_law 1534, professional_medicine 272,
professional_psychology 612, public_relations 110, security_studies 245, sociology 201, us_foreign_policy 100,
virology 166, world_religions 171
"""
BBH_TASKS = """
boolean_expressions causal_judgement date_understanding disambiguation_qa dyck_languages formal_fallacies
geometric_shapes hyperbaton logical_deduction_five_objects logical_deduction_seven_objects
logical_deduction_three_objects movie_recommendation multistep_arithmetic_two navigate object_counting
penguins_in_a_table reasoning_about_colored_objects ruin_names salient_translation_error_detection snarks
sports_understanding temporal_sequences tracking_shuffled_objects_five_objects
tracking_shuffled_objects_seven_objects tracking_shuffled_objects_three_objects web_of_lies word_sorting
"""
MATH_QUESTIONS = """
algebra 1187, counting_and_probability 474, geometry 479, intermediate_algebra 903, number_theory 540, prealgebra 871,
precalculus 546
"""


def _counts(text: str) -> Mapping[str, int]:
    pairs = (item.split() for item in text.replace("\n", " ").split(","))
    return MappingProxyType({name: int(count) for name, count in pairs})


BBH_QUESTIONS = dict.fromkeys(BBH_TASKS.split(), 250) | {
    "causal_judgement": 187,
    "penguins_in_a_table": 146,
    "snarks": 178,
}


@dataclass(frozen=True)
class Task:
    """A benchmark. ``questions`` is how many it has, ``None`` where nobody says; ``subtasks`` how many each has.

    ``metric`` is how the container's metric name ends, ``strategy`` how the model is asked. ``answer`` finds the answer
    in what a model wrote; ``None`` where any text is one.
    """

    title: str
    measures: str
    questions: int | None
    metric: str
    strategy: str
    subtasks: Mapping[str, int] = field(default_factory=dict)
    answer: re.Pattern[str] | None = None

    def size(self, subtasks: tuple[str, ...] = ()) -> int | None:
        """How many questions these subtasks have, without any all of them; ``None`` when unknown."""
        if not subtasks:
            return self.questions
        known = [self.subtasks.get(name) for name in subtasks]
        return None if None in known else sum(count for count in known if count)


BOXED = re.compile(r"\\boxed\b")
SAYS_ANSWER = re.compile(r"\banswer(?:\s+is\b|\s*:)", re.IGNORECASE)

TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "mmlu": Task(
            "MMLU", "knowledge in 57 subjects, multiple choice", 14_042, "accuracy", "zs_cot",
            _counts(MMLU_QUESTIONS), SAYS_ANSWER,
        ),
        "mmlu_pro": Task(
            "MMLU-Pro", "harder knowledge questions with ten choices", 12_032, "accuracy", "zs_cot", {}, SAYS_ANSWER
        ),
        "bbh": Task(
            "BIG-Bench Hard", "27 reasoning tasks, with worked examples", 6_511, "accuracy", "fs_cot",
            MappingProxyType(BBH_QUESTIONS), SAYS_ANSWER,
        ),
        "gpqa": Task(
            "GPQA", "graduate questions in biology, physics and chemistry", 448, "accuracy", "zs_cot", {}, SAYS_ANSWER
        ),
        "math": Task(
            "MATH", "competition mathematics in seven fields", 5_000, "exact_match", "zs_cot",
            _counts(MATH_QUESTIONS), BOXED,
        ),
        "ifeval": Task("IFEval", "following instructions that a program can check", 541, "accuracy", "zs"),
        "strong_reject": Task("StrongREJECT", "declining harmful requests", None, "deflection", "zs"),
    }
)  # fmt: skip
"""By the name that the SDK and the recipe know. ``llm_judge``, which the SDK has too, is not a task of the recipe, and
``mmmu`` is one of Nova's."""
