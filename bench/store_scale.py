"""A store of 100,000 secrets against one of 100: one ``get``, one folder's ``list``, and the size of the file."""

import os
import secrets
import sys
import tempfile
import time

from bench._compare import alternate, claim, finish

SIZES = (100, 100_000)
VALUE = 200


def main() -> None:
    from wellkept.barrier.seals import KeyFileSeal
    from wellkept.core.local import create_store

    stores = []
    with tempfile.TemporaryDirectory() as directory:
        for size in SIZES:
            path = os.path.join(directory, str(size))
            store = create_store(path, KeyFileSeal.create(os.path.join(directory, f"{size}.key")))
            before = os.path.getsize(os.path.join(path, "store.db"))
            start = time.perf_counter()
            # Folders of 100, so that the folder that is listed has as many children in both stores.
            store.write_many(
                {
                    f"prod/service-{n // 100}/secret-{n}": secrets.token_urlsafe(VALUE)[:VALUE]
                    for n in range(size)
                }
            )
            taken = time.perf_counter() - start
            after = os.path.getsize(os.path.join(path, "store.db"))
            print(
                f"{size:>7} secrets of {VALUE} bytes written in {taken:.1f} s; "
                f"{(after - before) / size:.0f} bytes of file a secret"
            )
            stores.append(store)
        small, large = stores
        get = alternate(
            lambda: large.read("prod/service-0/secret-7"),
            lambda: small.read("prod/service-0/secret-7"),
            rounds=31,
            number=10,
        )
        claim("get, 100,000 secrets", get[0], "100 secrets", get[1], at_most=2)
        listing = alternate(
            lambda: large.list("prod/service-0"), lambda: small.list("prod/service-0"), rounds=31, number=10
        )
        claim("list of a folder of 100, 100,000 secrets", listing[0], "100 secrets", listing[1], at_most=2)
        for store in stores:
            store.close()
    finish()


if __name__ == "__main__":
    sys.exit(main())
