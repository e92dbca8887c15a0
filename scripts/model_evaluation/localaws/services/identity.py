"""Who is calling, and what a role's policies allow."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import SHARED, Record, Request
from model_evaluation.localaws.policies import policies_of
from model_evaluation.lookups.iam.policy_evaluation import decide


@SHARED.plays("sts", "GetCallerIdentity")
def get_caller_identity(cloud: Cloud, request: Request) -> Record:
    return {"UserId": "AROALOCALAWS0000000:local", "Account": cloud.account, "Arn": cloud.caller_arn}


@SHARED.plays("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(cloud: Cloud, request: Request) -> Record:
    """Evaluates the principal's own policies honestly, statement by statement.

    Without ``ResourceArns`` the resource is ``*``, so a statement for one bucket does not match: as in IAM.
    """
    params = request.params
    statements = policies_of(cloud, params["PolicySourceArn"])
    context = {
        entry["ContextKeyName"].lower(): list(entry.get("ContextKeyValues", []))
        for entry in params.get("ContextEntries", [])
    }
    results = []
    for action in params["ActionNames"]:
        if ":" not in action:
            raise ServiceError("InvalidInput", f"Invalid action name: {action}")
        for resource in params.get("ResourceArns") or ["*"]:
            verdict = decide(statements, action, resource, context)
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": verdict.decision,
                    "MatchedStatements": [
                        {"SourcePolicyId": name, "SourcePolicyType": "role"} for name in verdict.policies
                    ],
                    "MissingContextValues": list(verdict.missing),
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}
