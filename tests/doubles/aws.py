"""AWS's errors as its JSON protocol words them, and what a proxy saw of AWS's calls."""

from __future__ import annotations

import json

from wellkept.testing.faults import answer


def operations(proxy):
    """What was called, in order, without the service's name."""
    return [request.header("x-amz-target").rpartition(".")[2] for request in proxy.requests]


def aws_error(code, message="", status=400, headers=None):
    """An error in the shape of AWS's JSON protocol."""
    body = json.dumps({"__type": code, "message": message})
    return answer(status, body, {"Content-Type": "application/x-amz-json-1.1", **(headers or {})})


def only(operation):
    return lambda request: request.header("x-amz-target").endswith("." + operation)
