"""AWS: Secrets Manager (``aws-sm://``) and Systems Manager's Parameter Store (``aws-ssm://``).

``sigv4`` signs, ``identity`` knows as whom, ``endpoint`` knows where, ``failures`` sorts what went wrong,
``client`` puts the four together, and the two sources stand on it. Why requests are signed here while
credentials come from botocore: ``docs/decisions/0070-aws-without-the-sdk-client.md``.
"""
