"""Those who give out AWS credentials, on loopback: a container's agent, an instance's metadata service, and STS.

Each refuses what the real one refuses: a wrong authorisation, a request of metadata version 1, a wrong identity
token, a wrong API version. ``let_in_only`` is AWS's door: it opens to the newest credentials of a giver.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html,
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html.
"""

from __future__ import annotations

import datetime
import json
import secrets
from urllib.parse import parse_qs, unquote

from doubles.aws import aws_error
from wellkept.testing.faults import FaultProxy, Reply

NOWHERE = "http://127.0.0.1:9"


class Giver(FaultProxy):
    """Hands out a new set of credentials at each request. ``lifetime`` in seconds; ``issued`` counts."""

    def __init__(self, *, lifetime=6 * 3600):
        super().__init__(NOWHERE)
        self.lifetime = lifetime
        self.issued = 0
        self.key = self.token = ""
        self.fault(lambda exchange: exchange.send(self.answer(exchange.request)))

    def answer(self, request):
        raise NotImplementedError

    def issue(self):
        self.issued += 1
        self.key = f"ASIA{self.issued:016}"
        self.token = secrets.token_urlsafe(60)
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.lifetime)
        return {
            "AccessKeyId": self.key,
            "SecretAccessKey": secrets.token_urlsafe(30),
            "Token": self.token,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class ContainerAgent(Giver):
    """ECS's and EKS Pod Identity's agent: ``GET`` with the token as it stands in ``Authorization``."""

    def __init__(self, authorization, **options):
        self.authorization = authorization
        super().__init__(**options)

    def answer(self, request):
        if request.method != "GET" or request.header("authorization") != self.authorization:
            return Reply(401, [], b'{"message": "not you"}')
        return _json(self.issue())


class InstanceMetadata(Giver):
    """EC2's metadata service, version 2 only: first a session token by ``PUT``, then the rest with it."""

    ROLE = "app-role"

    def __init__(self, **options):
        self.session = secrets.token_urlsafe(40)
        super().__init__(**options)

    def answer(self, request):
        path = "/latest/meta-data/iam/security-credentials/"
        if request.path == "/latest/api/token":
            if request.method != "PUT" or not request.header("x-aws-ec2-metadata-token-ttl-seconds"):
                return Reply(400, [], b"")
            return Reply(200, [], self.session.encode())
        if request.header("x-aws-ec2-metadata-token") != self.session:
            return Reply(401, [], b"")
        if request.path == path:
            return Reply(200, [], self.ROLE.encode())
        if request.path == path + self.ROLE:
            return _json({"Code": "Success", "Type": "AWS-HMAC", **self.issue()})
        return Reply(404, [], b"")


class SecurityTokenService(Giver):
    """STS's ``AssumeRoleWithWebIdentity`` for one role and one identity token."""

    def __init__(self, role, **options):
        self.role = role
        self.identity_token = ""
        super().__init__(**options)

    def answer(self, request):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("Action") != "AssumeRoleWithWebIdentity" or form.get("Version") != "2011-06-15":
            return _sts_error("InvalidAction", 400)
        if form.get("WebIdentityToken") != self.identity_token:
            return _sts_error("InvalidIdentityToken", 400)
        if form.get("RoleArn") != self.role or not form.get("RoleSessionName"):
            return _sts_error("AccessDenied", 403)
        given = self.issue()
        body = (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            "<AssumeRoleWithWebIdentityResult><Credentials>"
            f"<AccessKeyId>{given['AccessKeyId']}</AccessKeyId>"
            f"<SecretAccessKey>{given['SecretAccessKey']}</SecretAccessKey>"
            f"<SessionToken>{given['Token']}</SessionToken><Expiration>{given['Expiration']}</Expiration>"
            "</Credentials><AssumedRoleUser><AssumedRoleId>AROA:app</AssumedRoleId>"
            f"<Arn>{self.role}/app</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult>"
            "</AssumeRoleWithWebIdentityResponse>"
        )
        return Reply(200, [("Content-Type", "text/xml")], body.encode())


def let_in_only(giver):
    """A fault for the proxy before AWS: whoever does not sign with the newest credentials has expired ones."""

    def play(exchange):
        request = exchange.request
        signed_as = unquote(request.header("authorization")).partition("Credential=")[2].partition("/")[0]
        if giver.issued and (signed_as, request.header("x-amz-security-token")) == (giver.key, giver.token):
            exchange.send(exchange.forward())
        else:
            aws_error("ExpiredTokenException", "The security token included in the request is expired")(
                exchange
            )

    return play


def _json(content):
    return Reply(200, [("Content-Type", "application/json")], json.dumps(content).encode())


def _sts_error(code, status):
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
    return Reply(status, [("Content-Type", "text/xml")], body.encode())
