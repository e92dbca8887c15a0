"""What an evaluation with a judge needs: one list for the checks, the printed policies and references/iam.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_evaluation.errors import AccessDenied
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.kinds.permissions import SDK_CHECK, Need, Permissions
from model_evaluation.preflight.configuration import configuration_of
from model_evaluation.preflight.needs import use_keys
from model_evaluation.preflight.policy_documents import policy, trust_policy

from .configured import APP, EARLIER, JUDGE, PROFILE, REGIONS, ROLE, SERVER, Bedrock, a_context

IAM = (Path(__file__).parents[3] / "references" / "iam.md").read_text("utf-8")
# What AWS's pages and the SDK's own policy name for the execution role.
PUBLISHED = {
    "bedrock": "CreateModelInvocationJob StopModelInvocationJob ListEvaluationJobs StopEvaluationJob "
    "GetInferenceProfile CreateEvaluationJob GetEvaluationJob InvokeModel InvokeModelWithResponseStream",
    "sagemaker": "StopTrainingJob CreatePipeline DescribePipeline StartPipelineExecution DescribePipelineExecution "
    "DescribeAction DescribeArtifact DescribeContext CallMlflowAppApi DescribeMlflowApp CreateTrainingJob "
    "DescribeTrainingJob AddTags",
    "s3": "GetObject PutObject ListBucket GetBucketLocation AbortMultipartUpload ListBucketMultipartUploads",
    "ecr": "GetAuthorizationToken BatchGetImage GetDownloadUrlForLayer BatchCheckLayerAvailability",
    "cloudwatch": "PutMetricData",
}


def need(needs: tuple[Need, ...], part: str) -> Need:
    (found,) = (item for item in needs if item.part == part)
    return found


def everything() -> Permissions:
    """Of an evaluation that has everything one can have, with an app and with a tracking server."""
    app, server = (KIND.permissions(a_context(PROFILE, mlflow=arn)) for arn in (APP, SERVER))
    create = KIND.permissions(a_context(mlflow="create"))
    keys = use_keys(("arn:aws:kms:us-west-2:111122223333:key/1",))
    return Permissions((*app.role, *server.role, *keys), (*app.caller, *create.caller), app.trusted)


Row = tuple[str, frozenset[str], str, str]
"""Part, actions, necessity and source."""


def table(heading: str) -> set[Row]:
    """The rows of the table under a heading of references/iam.md."""
    section = IAM.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {
        (part.strip("` "), _actions(actions), necessity, source)
        for part, actions, _on, _otherwise, necessity, source in rows
    }


def _actions(cell: str) -> frozenset[str]:
    """The actions of "s3:GetObject, PutObject; ecr:BatchGetImage"."""
    services = [part.partition(":") for part in cell.split("; ")]
    return frozenset(f"{service}:{name}" for service, _, names in services for name in names.split(", "))


@pytest.mark.parametrize(("heading", "who"), [("What the role needs", "role"), ("What the caller needs", "caller")])
def test_the_reference_lists_what_is_checked_and_printed(heading: str, who: str) -> None:
    needs: tuple[Need, ...] = getattr(everything(), who)
    assert table(heading) == {(item.part, frozenset(item.actions), item.necessity, item.source) for item in needs}


def test_whatever_aws_names_for_the_role_is_in_the_list() -> None:
    named = {f"{service}:{action}" for service, actions in PUBLISHED.items() for action in actions.split()}
    assert named - {action for item in everything().role for action in item.actions} == set()
    server = {action for item in KIND.permissions(a_context(mlflow=SERVER)).role for action in item.actions}
    assert "sagemaker:DescribeMlflowTrackingServer" in server
    assert "sagemaker:CallMlflowAppApi" not in server


@pytest.mark.parametrize("who", ["role", "caller"])
def test_every_need_has_a_name_a_consequence_and_a_source(who: str) -> None:
    needs: tuple[Need, ...] = getattr(KIND.permissions(a_context(PROFILE)), who)
    assert len({item.part for item in needs}) == len(needs)
    for item in needs:
        assert item.actions
        assert item.granted
        assert item.otherwise
        assert item.source
        services = {action.partition(":")[0] for action in item.actions}
        assert len(services) == 1 or item.part in (SDK_CHECK, "read")  # they are asked about together


def test_a_judge_behind_a_profile_needs_the_model_in_every_region_and_the_profile_itself() -> None:
    role = KIND.permissions(a_context(PROFILE)).role
    models = tuple(f"arn:aws:bedrock:{region}::foundation-model/{JUDGE}" for region in REGIONS)
    assert need(role, "judge").asked == models
    assert set(models) < set(need(role, "judge").granted)
    assert need(role, "judge_profile").asked == (PROFILE.arn,)
    starting = need(role, "evaluation_jobs_profile")
    assert (starting.actions, starting.asked) == (("bedrock:CreateEvaluationJob",), (PROFILE.arn,))
    assert {item.necessity for item in role if item.part in ("judge", "judge_profile", "evaluation_jobs_profile")} == {
        "required"
    }


def test_a_judge_on_demand_needs_no_profile() -> None:
    role = KIND.permissions(a_context()).role
    assert need(role, "judge").asked == (f"arn:aws:bedrock:us-west-2::foundation-model/{JUDGE}",)
    assert not [item.part for item in role if "profile" in item.part]


def test_a_profile_of_a_geography_comes_before_the_global_one() -> None:
    in_order = KIND.permissions(a_context(PROFILE, PROFILE._replace(id="global.x", arn="arn:global"))).role
    assert need(in_order, "judge_profile").asked == (PROFILE.arn,)


def test_what_bedrock_does_not_say_of_the_judge_leaves_the_model_of_this_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(self: Bedrock, key: object, call: object) -> object:
        raise AccessDenied("no", fix="ask")

    monkeypatch.setattr(Bedrock, "once", denied)
    role = KIND.permissions(a_context(PROFILE)).role
    assert need(role, "judge").asked == (f"arn:aws:bedrock:us-west-2::foundation-model/{JUDGE}",)


def test_a_candidate_role_is_looked_at_without_asking_bedrock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bedrock, "once", None)
    candidate = "arn:aws:iam::111122223333:role/Candidate"
    role = KIND.permissions(a_context(PROFILE, role=None, output=(None, {})), candidate).role
    assert need(role, "pass_role").asked == (candidate,)
    assert not [item for item in role if item.part in ("judge_profile", "write_results")]


def test_what_an_evaluation_does_not_have_is_in_no_policy() -> None:
    permissions = KIND.permissions(a_context(mlflow=None))
    text = str(policy((*permissions.role, *permissions.caller)))
    assert "sagemaker-mlflow" not in text
    assert "kms:Encrypt" not in text
    assert "CreateMlflowApp" not in text
    base_only = str(policy(KIND.permissions(a_context(scope="base")).role))
    assert "DescribeModelPackage" not in base_only
    assert "arn:aws:s3:::models" not in base_only
    assert "CreateMlflowApp" in str(policy(KIND.permissions(a_context(mlflow="create")).caller))


def test_the_model_that_is_compared_with_is_read_too() -> None:
    facts = {"base_model": "mistral", "model_data": "s3://models/tickets/2"}
    permissions = KIND.permissions(a_context(scope=(EARLIER, facts)))
    assert EARLIER in need(permissions.role, "model_package").asked
    assert EARLIER in need(permissions.caller, "model_package").asked
    assert "arn:aws:s3:::models/tickets/2/*" in need(permissions.role, "weights").granted
    assert [arn.partition("Model/")[2] for arn in need(permissions.role, "base_model").asked] == [
        "llama/1.0.0",
        "mistral/*",
    ]


def test_other_partitions_keep_their_names() -> None:
    role = ROLE.replace("arn:aws:", "arn:aws-us-gov:")
    permissions = KIND.permissions(a_context(role=(role, {"arn": role}), region="us-gov-west-1", mlflow=None))
    text = str([item for item in permissions.role if item.part != "model_package"])
    assert "arn:aws-us-gov:s3:::data/rows.jsonl" in text
    assert "'arn:aws:" not in text


@pytest.mark.parametrize("who", ["role", "caller"])
def test_every_file_must_be_readable(who: str) -> None:
    facts = {"bucket": "data", "key": "in/rows-*-of-002.jsonl"}
    permissions = KIND.permissions(a_context(dataset=("s3://data/in/rows-*-of-002.jsonl", facts)))
    reading = need(getattr(permissions, who), "read_dataset")
    assert reading.asked == tuple(f"arn:aws:s3:::data/in/rows-00{number}-of-002.jsonl" for number in (1, 2))
    assert reading.statement()["Resource"] == "arn:aws:s3:::data/in/rows-*-of-002.jsonl"


def test_the_role_policy_fits_into_the_role() -> None:
    """IAM takes 10,240 characters of inline policies for a role, spaces not counted."""
    text = str(policy(everything().role)).replace(" ", "")
    assert len(text) < 8_000


def test_both_services_are_trusted_for_this_account_only() -> None:
    context = a_context()
    (statement,) = trust_policy(KIND.permissions(context), configuration_of(context))["Statement"]
    assert statement["Principal"] == {"Service": ["sagemaker.amazonaws.com", "bedrock.amazonaws.com"]}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
