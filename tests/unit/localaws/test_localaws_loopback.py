import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from model_evaluation.localaws.http.loopback import Loopback


@pytest.mark.parametrize("key", ["my results/ü/metrics.json", "評価/🙂.jsonl", "100%20/a+b.jsonl", "a?b#c"])
def test_an_objects_key_is_written_as_it_was_given(key):
    s3 = Loopback(DomainDispatcherApplication(create_backend_app)).client("s3", "us-east-1")
    s3.create_bucket(Bucket="loopback-keys")
    try:
        s3.put_object(Bucket="loopback-keys", Key=key, Body=b"here")

        assert [found["Key"] for found in s3.list_objects_v2(Bucket="loopback-keys")["Contents"]] == [key]
        assert s3.get_object(Bucket="loopback-keys", Key=key)["Body"].read() == b"here"
    finally:
        s3.delete_object(Bucket="loopback-keys", Key=key)
        s3.delete_bucket(Bucket="loopback-keys")
