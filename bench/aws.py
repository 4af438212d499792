"""Thirty secrets from AWS Secrets Manager: against thirty boto3 calls, with a cold start and without; and memory.

moto's server holds the secrets. The cold start is a whole process, interpreter included, on both sides; it is
measured with keys in the environment, as in Lambda and CI, and with credentials from a container's agent, as on
ECS and EKS, where botocore finds them for both. Then the same reads with everything imported, connected and
warm, which is what the batch alone is worth.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench._compare import alternate, alternate_commands, bound, claim, finish

REGION = "eu-west-1"
NAMES = [f"s{number:02}" for number in range(30)]

BOTO3 = """
import boto3
client = boto3.client("secretsmanager", region_name="{region}", endpoint_url="{url}")
values = [client.get_secret_value(SecretId="prod/app/" + name)["SecretString"] for name in {names}]
assert len(values) == 30
"""
OURS = """
import wellkept
secrets = wellkept.open("aws-sm://{region}/prod/app?endpoint={url}")
values = [secret.reveal() for secret in secrets.get_many({names}).values()]
assert len(values) == 30
"""
MEMORY = """
import resource
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""
CLIENT = (
    'import boto3\nclient = boto3.client("secretsmanager", region_name="{region}", endpoint_url="{url}")\n'
)
SOURCE = (
    'import wellkept\nsecrets = wellkept.open("aws-sm://{region}/prod/app?endpoint={url}")\n'
    'secrets.get("s00")\n'
)


def main() -> None:
    with tempfile.TemporaryDirectory() as home, Moto() as url:
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        plain |= {"HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
        fill(url, keys)
        words = {"region": REGION, "url": url, "names": NAMES}
        ours = [sys.executable, "-c", OURS.format(**words)]
        boto3 = [sys.executable, "-c", BOTO3.format(**words)]

        taken = alternate_commands(ours, boto3, rounds=11, env=plain | keys)
        claim("30 secrets, cold start, keys in the environment", taken[0], "boto3", taken[1], at_most=0.5)
        with Agent() as uri:
            container = plain | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}
            taken = alternate_commands(ours, boto3, rounds=11, env=container)
        claim("30 secrets, cold start, a container's credentials", taken[0], "boto3", taken[1], at_most=0.75)

        os.environ |= keys
        warm(url)

        mine = memory(SOURCE.format(**words) + MEMORY, plain | keys)
        theirs = memory(CLIENT.format(**words) + MEMORY, plain | keys)
        bound("memory after opening and one read (boto3: after making a client)", mine, theirs, "MiB")
        with Agent() as uri:
            container = plain | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}
            mine = memory(SOURCE.format(**words) + MEMORY, container)
        bound("... with a container's credentials, botocore's session loaded", mine, theirs, "MiB")
    finish()


def warm(url: str) -> None:
    import boto3

    from wellkept.sources.registry import open_source

    client = boto3.client("secretsmanager", region_name=REGION, endpoint_url=url)
    source = open_source(f"aws-sm://{REGION}/prod/app?endpoint={url}")

    def thirty_calls() -> None:
        for name in NAMES:
            client.get_secret_value(SecretId=f"prod/app/{name}")

    taken = alternate(lambda: source.read_many(NAMES), thirty_calls, rounds=15)
    claim("30 secrets, imports and clients not counted", taken[0], "boto3", taken[1], at_most=0.5)
    source._batch_denied = True
    taken = alternate(lambda: source.read_many(NAMES), thirty_calls, rounds=15)
    claim("... where batches are denied, one by one", taken[0], "boto3", taken[1], at_most=1)


def memory(code: str, env: dict[str, str]) -> float:
    """MiB resident at the end of ``code``; the least of five, because the system adds, never takes."""
    sizes = [
        int(subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True).stdout)
        for _ in range(5)
    ]
    return min(sizes) / 1024


def fill(url: str, keys: dict[str, str]) -> None:
    import boto3

    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    for name in NAMES:
        client.create_secret(Name=f"prod/app/{name}", SecretString="not-a-secret-but-measured-like-one")


class Moto:
    """moto's server in this process, which only waits while the others are measured."""

    def __enter__(self) -> str:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel("ERROR")
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        return f"http://{host}:{port}"

    def __exit__(self, *_: object) -> None:
        self.server.stop()


class Agent:
    """A container's credentials agent, as on ECS: gives keys to whoever asks."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1

            def do_GET(self) -> None:
                given = {"AccessKeyId": "bench", "SecretAccessKey": "bench", "Token": "bench"}
                body = json.dumps(given | {"Expiration": "2099-01-01T00:00:00Z"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/credentials"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()


if __name__ == "__main__":
    main()
