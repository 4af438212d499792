"""A cached read: against the least that a cache with a time limit can be, and against AWS's caching client.

The floor is an object with ``__slots__`` that compares ``monotonic()`` with its expiry. AWS's client caches a
secret that moto's server holds; the measured reads never leave the process on either side.
"""

import os
import time

from bench._compare import alternate, claim, finish


class Floor:
    __slots__ = ("expires", "value")

    def __init__(self, value: str, expires: float) -> None:
        self.value = value
        self.expires = expires

    def get(self, monotonic=time.monotonic) -> str:
        if monotonic() < self.expires:
            return self.value
        raise LookupError


def main() -> None:
    import wellkept

    os.environ["BENCH_DATABASE_PASSWORD"] = "not-a-secret-but-measured-like-one"
    secrets = wellkept.open("env:", ttl=3600)
    secrets.get("BENCH_DATABASE_PASSWORD")
    floor = Floor("x", time.monotonic() + 3600)
    get, least = secrets.get, floor.get
    number = 100_000

    def ours() -> None:
        for _ in range(number):
            get("BENCH_DATABASE_PASSWORD")

    def slots() -> None:
        for _ in range(number):
            least()

    taken, rival = ([sample / number for sample in samples] for samples in alternate(ours, slots, rounds=15))
    claim("cached read", taken, "a __slots__ object", rival, at_most=2)

    def few() -> None:
        for _ in range(2_000):
            get("BENCH_DATABASE_PASSWORD")

    with aws_cache() as cache:

        def aws() -> None:
            for _ in range(2_000):
                cache.get_secret_string("bench/database")

        taken, rival = ([sample / 2_000 for sample in samples] for samples in alternate(few, aws, rounds=9))
        claim("cached read", taken, "aws-secretsmanager-caching", rival, at_most=1 / 200)
    secrets.close()
    finish()


class aws_cache:
    """AWS's caching client over a client of moto's server on a free loopback port."""

    def __enter__(self):
        import boto3
        from aws_secretsmanager_caching import SecretCache
        from moto.server import ThreadedMotoServer

        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        client = boto3.client(
            "secretsmanager",
            region_name="eu-central-1",
            endpoint_url=f"http://{host}:{port}",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
        )
        client.create_secret(Name="bench/database", SecretString="not-a-secret-but-measured-like-one")
        return SecretCache(client=client)

    def __exit__(self, *_):
        self.server.stop()


if __name__ == "__main__":
    main()
