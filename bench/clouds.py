"""``python -m bench.clouds``: a cold start that reads 30 secrets from Key Vault and from Secret Manager.

Process to process, our sources against Microsoft's and Google's clients, on loopback doubles in a process of their own
with the platform's identity in the environment (App Service's endpoint, the metadata server). Ratios, not absolutes.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

COUNT = 30
RUNS = 7

OURS = """
import sys, wellkept
secrets = wellkept.open(sys.argv[1])
found = secrets.get_many([f"name-{n}" for n in range(30)])
assert len(found) == 30 and all(s.reveal() == "value" for s in found.values())
"""
AZURE = """
import sys
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
client = SecretClient(sys.argv[2], ManagedIdentityCredential(), verify_challenge_resource=False, connection_verify=sys.argv[3])
assert all(client.get_secret(f"name-{n}").value == "value" for n in range(30))
"""
GOOGLE = """
import sys
from google.cloud import secretmanager
client = secretmanager.SecretManagerServiceClient(transport="rest", client_options={"api_endpoint": sys.argv[2]})
name = "projects/acme-prod/secrets/name-%d/versions/latest"
assert all(client.access_secret_version(name=name % n).payload.data == b"value" for n in range(30))
"""
SERVER = """
import sys, time, base64, json
sys.path.insert(0, "tests")
from doubles.azure_identity import AppService
from doubles.azure_key_vault import KeyVault
from doubles.cloud import Issuer
from doubles.google_identity import MetadataServer
from doubles.google_secret_manager import SecretManager
from wellkept.testing.certificates import Authority
issuer, authority = Issuer(), Authority(sys.argv[1])
vault, service = KeyVault(authority, issuer), SecretManager(issuer)
for n in range(30):
    vault._set(f"name-{n}", f"name-{n}", {"value": "value"}, "x")
    service.stored["", f"name-{n}"] = {"versions": [], "aliases": {}, "created": ""}
    service._add(("", f"name-{n}"), {"data": base64.b64encode(b"value").decode()})
givers = AppService(issuer), MetadataServer(issuer)
environment = {**givers[0].environment, **givers[1].environment}
print(json.dumps([vault.url, authority.ca_file, service.url, environment]), flush=True)
time.sleep(3600)
"""


def main() -> None:
    import json

    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, directory], stdout=subprocess.PIPE, text=True
        )
        try:
            vault, ca, service, given = json.loads(server.stdout.readline())
            environment = {**os.environ, **given}
            near = vault.replace("127.0.0.1", "localhost")
            for cloud, ours, theirs in (
                ("azure-kv", [OURS, f"azure-kv://bench?endpoint={vault}&ca={ca}"], [AZURE, "", near, ca]),
                ("gcp-sm", [OURS, f"gcp-sm://acme-prod?endpoint={service}"], [GOOGLE, "", service]),
            ):
                runs = [(*cost(ours, environment), *cost(theirs, environment)) for _ in range(RUNS)]
                wall, cpu, wall_there, cpu_there = (
                    statistics.median(column) for column in zip(*runs, strict=True)
                )
                print(
                    f"{cloud}: {wall * 1000:.0f} ms against {wall_there * 1000:.0f}: {wall / wall_there:.2f}; ",
                    end="",
                )
                print(f"CPU {cpu * 1000:.0f} ms against {cpu_there * 1000:.0f}: {cpu / cpu_there:.2f}")
        finally:
            server.kill()


def cost(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock, and of CPU, that one process takes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", *arguments], env=environment, check=True)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
