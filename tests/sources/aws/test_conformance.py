"""Both AWS sources against the public suite: moto's server behind, boto3 writing, the faulty network in between."""

from __future__ import annotations

import json

import pytest

from doubles.aws import aws_error
from wellkept.testing.faults import cut, delay, garbage, rewrite
from wellkept.testing.source_conformance import SourceConformance, SourceHarness


class AwsHarness(SourceHarness):
    scheme = ""

    def __init__(self, client, prefix, proxy, open_aws):
        self.client = client
        self.prefix = prefix
        self.proxy = proxy
        self.open_aws = open_aws

    def open(self):
        return self.open_aws(self.scheme)

    def full(self, name):
        return f"{self.prefix}/{name}"

    def about(self, name):
        full = self.full(name)
        return lambda request: full in json.dumps(json.loads(request.body), ensure_ascii=False)

    def play_empty(self, name):
        """AWS keeps no empty value, so a server in its shape that has one is played."""
        self.put(name, "nothing")
        self.proxy.fault(rewrite(lambda body: body.replace(b'"nothing"', b'""')))

    def deny(self, name):
        self.proxy.fault(aws_error("AccessDeniedException"), when=self.about(name))

    def throttle(self, times):
        self.proxy.fault(aws_error("ThrottlingException"), times=times)

    def slow(self, seconds):
        self.proxy.fault(delay(seconds))

    def refuse(self):
        self.proxy.refuse()

    def break_off(self):
        self.proxy.fault(cut(after_bytes=12))

    def garble(self, name):
        self.proxy.fault(garbage(), when=self.about(name))

    def restore(self):
        self.proxy.clear()

    def reads(self):
        return len(self.proxy.requests)

    def keeps_versions(self):
        return True


class SecretsManagerHarness(AwsHarness):
    scheme = "aws-sm"

    def put(self, name, value):
        if value == "":
            self.play_empty(name)
            return
        kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
        try:
            self.client.put_secret_value(SecretId=self.full(name), **{kind: value})
        except self.client.exceptions.ResourceNotFoundException:
            self.client.create_secret(Name=self.full(name), **{kind: value})

    def remove(self, name):
        self.client.delete_secret(SecretId=self.full(name), ForceDeleteWithoutRecovery=True)


class ParameterStoreHarness(AwsHarness):
    scheme = "aws-ssm"

    def put(self, name, value):
        if isinstance(value, bytes):
            raise NotImplementedError  # Parameter Store holds text only
        if value == "":
            self.play_empty(name)
            return
        self.client.put_parameter(
            Name="/" + self.full(name), Value=value, Type="SecureString", Overwrite=True, Tier="Advanced"
        )

    def remove(self, name):
        self.client.delete_parameter(Name="/" + self.full(name))


class TestSecretsManager(SourceConformance):
    @pytest.fixture
    def harness(self, sm, prefix, proxy, open_aws):
        return SecretsManagerHarness(sm, prefix, proxy, open_aws)


class TestParameterStore(SourceConformance):
    @pytest.fixture
    def harness(self, ssm, prefix, proxy, open_aws):
        return ParameterStoreHarness(ssm, prefix, proxy, open_aws)
