"""A Bedrock model as the judge of `metric try`. Every call costs its tokens; the caller has the user's yes."""

from __future__ import annotations

from model_evaluation.errors import AccessDenied, AwsError
from model_evaluation.kinds.llm_as_judge.metrics.definitions import Definition
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.endpoints import is_aws

from .trial import Sample, Score, judge_prompt, read_reply

MAX_TOKENS = 1000


class BedrockJudge:
    """Asks ``model_id`` through Converse. ``simulated``: somebody else than AWS answers; known after a call."""

    def __init__(self, aws: Aws, model_id: str) -> None:
        self.model_id = model_id
        self._client = aws.client("bedrock-runtime")
        self.simulated = not is_aws(self._client.meta.endpoint_url)

    def __call__(self, definition: Definition, sample: Sample) -> tuple[Score, str]:
        message = {"role": "user", "content": [{"text": judge_prompt(definition, sample)}]}
        settings = {"maxTokens": MAX_TOKENS, "temperature": 0}
        try:
            with aws_errors("asking the judge", resource=self.model_id):
                reply = self._client.converse(modelId=self.model_id, messages=[message], inferenceConfig=settings)
        except AccessDenied as error:
            error.fix = (
                f"Ask for bedrock:InvokeModel on {self.model_id}, and for access to the model in this account "
                "(Amazon Bedrock console, Model access)."
            )
            raise
        except AwsError as error:
            if "inference profile" in error.message:
                error.fix = "Name an inference profile of this model: aws bedrock list-inference-profiles"
            raise
        # Behind a proxy the host's name proves nothing: local AWS marks its answers.
        headers = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.simulated = self.simulated or "x-local-aws" in headers
        text = "".join(part.get("text", "") for part in reply["output"]["message"]["content"])
        return read_reply(definition, text)
