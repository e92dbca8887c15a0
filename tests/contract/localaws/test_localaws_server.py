from __future__ import annotations

import json
import math
import socket
import ssl
import sys
import threading
import urllib.error
import urllib.request
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - a client as a child process would make it
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cli_runs import RunCli
from model_evaluation.commands.tools.localaws import serve
from model_evaluation.errors import MissingDependency, UsageError
from model_evaluation.kinds.registry import DEFAULT
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.cloud import Call
from model_evaluation.localaws.operations import SHARED, LocalAwsBug


def through_proxy(aws: LocalAws, url: str) -> Any:
    """Opens ``url`` the way a child process with ``aws.env`` would."""
    context = ssl.create_default_context(cafile=aws.env["AWS_CA_BUNDLE"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": aws.endpoint, "https": aws.endpoint}),
        urllib.request.HTTPSHandler(context=context),
    )
    try:
        return opener.open(url, timeout=60)
    except urllib.error.HTTPError as error:
        error.close()
        raise


def test_environment_leads_every_request_to_this_machine(aws: LocalAws) -> None:
    env = aws.env
    assert env["AWS_ENDPOINT_URL"] == env["HTTPS_PROXY"] == env["https_proxy"] == aws.endpoint
    assert aws.endpoint.startswith("http://127.0.0.1:")
    assert env["NO_PROXY"] == "127.0.0.1,localhost"
    assert env["MODEL_EVALUATION_LOCAL_AWS"] == "1"
    child = aws.child_environment({"AWS_PROFILE": "mine", "https_proxy": "http://p", "HOME": "/home/me"})
    assert "AWS_PROFILE" not in child
    assert child["HOME"] == "/home/me"
    assert child["https_proxy"] == aws.endpoint


def test_records_service_operation_and_parameters_of_each_call(aws: LocalAws, s3: Any, world: Any) -> None:
    s3.put_object(Bucket=world.bucket, Key="a b/ü.txt", Body=b"secret body")
    body = s3.get_object(Bucket=world.bucket, Key="a b/ü.txt")["Body"].read()
    assert body == b"secret body"
    assert aws.calls.names() == ["s3:PutObject", "s3:GetObject"]
    assert aws.calls[1].params == {"Bucket": world.bucket, "Key": "a b/ü.txt"}
    assert "secret" not in repr(aws.calls[0])
    s3.list_objects_v2(Bucket=world.bucket, Prefix="datasets/")
    assert aws.calls.of("ListObjectsV2")[0].params["prefix"] == "datasets/"


def test_tls_is_worth_nothing_to_those_who_do_not_trust_its_authority(aws: LocalAws) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": aws.endpoint}))
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        opener.open("https://sts.us-west-2.amazonaws.com/", timeout=60)


def test_virtual_host_style_reaches_the_same_objects(aws: LocalAws, s3: Any, world: Any) -> None:
    s3.put_object(Bucket=world.bucket, Key="a folder/hello.txt", Body=b"hello")
    session = boto3.session.Session("key", "secret", region_name=world.region)
    proxies = {"https": aws.endpoint}
    config = Config(proxies=proxies, s3={"addressing_style": "virtual"})
    virtual = session.client("s3", config=config, verify=aws.env["AWS_CA_BUNDLE"])
    assert "127.0.0.1" not in virtual.meta.endpoint_url
    body = virtual.get_object(Bucket=world.bucket, Key="a folder/hello.txt")["Body"].read()
    assert body == b"hello"
    assert aws.calls.of("GetObject")[-1].params == {"Bucket": world.bucket, "Key": "a folder/hello.txt"}


@pytest.mark.parametrize(
    "url", ["https://packages.example.org/simple/", "http://example.com/x", "https://amazonaws.com.evil.net/"]
)
def test_lets_nothing_leave_the_machine(aws: LocalAws, url: str) -> None:
    with pytest.raises((urllib.error.URLError, OSError), match=r"403|Forbidden"):
        through_proxy(aws, url)
    host = url.split("/")[2]
    assert [refused.partition(":")[0] for refused in aws.refused] == [host]


def test_swallows_telemetry_and_records_it(aws: LocalAws) -> None:
    url = "https://sm-pysdk-t-us-west-2.s3.us-west-2.amazonaws.com/telemetry?x-accountId=1&x-status=1"
    with through_proxy(aws, url) as response:
        assert response.status == 200
    (call,) = aws.calls
    assert (call.service, call.params["x-accountId"]) == ("telemetry", "1")
    assert aws.refused == []


def test_requests_are_served_side_by_side(aws: LocalAws, sagemaker: Any) -> None:
    barrier = threading.Barrier(8, timeout=60)  # breaks unless all eight have arrived

    def meet(call: Call, moment: str) -> None:
        if moment == "arrived":
            barrier.wait()

    aws.calls.observer = meet
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sagemaker.list_model_package_groups(), range(8)))
    aws.calls.observer = lambda call, moment: None


def test_a_response_botocore_does_not_know_is_an_error(
    aws: LocalAws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        SHARED.handlers, ("sagemaker", "ListPipelines"), lambda cloud, request: {"PipelineSumaries": []}
    )
    with pytest.raises(ClientError, match="500"):
        sagemaker.list_pipelines()
    assert all("PipelineSumaries" in str(bug) for bug in aws.cloud.bugs)
    assert "PipelineSumaries" in capsys.readouterr().err
    aws.cloud.bugs.clear()


def test_unknown_operations_are_named(aws: LocalAws, sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="local AWS does not play sagemaker:ListImages"):
        sagemaker.list_images()
    with pytest.raises(ClientError, match="local AWS does not play translate:ListLanguages"):
        aws.client("translate").list_languages()


def test_nothing_is_made_that_could_not_be_described(sagemaker: Any) -> None:
    """moto plays this operation, but what it makes no other operation here would find."""
    with pytest.raises(ClientError, match="local AWS does not play sagemaker:CreateModelPackageGroup"):
        sagemaker.create_model_package_group(ModelPackageGroupName="mine")


def test_a_body_that_cannot_be_read_is_the_clients_fault(aws: LocalAws) -> None:
    scope = "Credential=K/20260101/us-west-2/sagemaker/aws4_request"
    headers = {"X-Amz-Target": "SageMaker.ListPipelines", "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    headers["Content-Type"] = "application/x-amz-json-1.1"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(aws.endpoint, b'{"MaxResults": ', headers), timeout=60)
    with caught.value as answer:
        assert answer.code == 400
        assert b"SerializationException" in answer.read()


def test_only_one_at_a_time_in_a_process(aws: LocalAws) -> None:
    with pytest.raises(RuntimeError, match="one LocalAws per process"):
        LocalAws().start()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "model_evaluation.localaws.gateway")
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    with pytest.raises(MissingDependency) as caught:
        LocalAws().start()
    assert "moto" in caught.value.message
    assert "moto[server]" in caught.value.fix


def test_parameters_are_checked_as_aws_checks_them(sagemaker: Any, world: Any) -> None:
    with pytest.raises(ClientError, match="failed to satisfy constraint") as caught:
        sagemaker.start_pipeline_execution(
            PipelineName="anything",
            PipelineExecutionDisplayName="My eval: run #1",
            ClientRequestToken="0" * 32,
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "pipelineExecutionDisplayName" in str(caught.value)


def test_serving_ends_when_asked_and_prints_only_key_value_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A process of its own would be slower; the class-wide lock is what this test has to step around.
    monkeypatch.setattr("model_evaluation.localaws.server._one_at_a_time", threading.Lock())
    monkeypatch.setattr("moto.core.base_backend.BackendDict.reset", lambda: None)
    monkeypatch.setattr("moto.core.model_instances.reset_model_data", lambda: None)
    ended = threading.Event()
    ended.set()
    serve(Namespace(seed=False, kind=DEFAULT, port=0, step_seconds=0), ended)
    values = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert values["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert json.dumps(values)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_a_step_takes_a_time(seconds: float) -> None:
    with pytest.raises(UsageError, match="A step cannot take"):
        LocalAws(step_seconds=seconds)


def test_a_port_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_evaluation.localaws.server._one_at_a_time", threading.Lock())
    monkeypatch.setattr("model_evaluation.localaws.server._forget_moto", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for _ in range(2):  # the first failure leaves nothing locked
            with pytest.raises(UsageError, match=f"cannot listen on port {port}"):
                LocalAws(port=port).start()


@pytest.mark.usefixtures("aws")  # one at a time: the command could not serve here, and the test cannot hang
@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_cannot_be_is_refused(run_cli: RunCli, tmp_path: Path, port: str) -> None:
    result = run_cli("localaws", "--port", port, project=tmp_path)
    assert result.code == 2
    assert f"--port is {port}; 0 to 65535" in result.json["error"]["message"]


@pytest.mark.parametrize("command", ["demo", "localaws"])
def test_a_kind_that_cannot_be_shown_is_refused_with_those_that_can(
    run_cli: RunCli, tmp_path: Path, command: str
) -> None:
    result = run_cli(command, "--kind", "astrology", project=tmp_path)
    assert result.code == 2
    assert "astrology" in result.json["error"]["message"]
    assert DEFAULT in result.json["error"]["message"]


def test_a_bug_is_raised_when_the_block_ends() -> None:
    aws = LocalAws()
    aws.cloud.bugs.append(LocalAwsBug("wrong key"))
    with pytest.raises(LocalAwsBug, match="wrong key"):
        aws.__exit__(None, None, None)
