"""What a request to a served store costs behind the transport, in microseconds of processor time, by stage.

No network: ``Core.handle_now`` and ``Core.handle`` as a transport calls them, on a real store with a real
audit file. The best of several rounds, since others use the machine too.
"""

import threading
import time
from collections.abc import Callable
from itertools import count

from bench._served import Served
from wellkept.core.served import ServedCore

SECRETS = 1000
ROUNDS = 80
CALLS = 60


def best(action: Callable[[], object], calls: int = CALLS) -> float:
    """Microseconds of processor time a call."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls):
            action()
        taken.append((time.process_time() - start) / calls * 1e6)
    return min(taken)


def show(what: str, taken: float) -> None:
    print(f"{what:<48} {taken:7.1f} µs", flush=True)


def stages(core: ServedCore, make: Callable[[], object]) -> None:
    """The same read, a stage more each time."""

    def until(stage: int) -> None:
        core.memory.enter()
        try:
            step = core._prepare(make())  # type: ignore[arg-type]
            if stage > 0:
                core._read([step])
            if stage > 1:
                core._line("response", step)
        finally:
            core.memory.leave()

    before = best(make)
    show("  making the request", before)
    for stage, what in enumerate(("checked, routed, authorised, parsed", "run", "record built")):
        taken = best(lambda at=stage: until(at))  # type: ignore[misc]
        show(f"  {what}", taken - before)
        before = taken


def writers(served: Served, threads: int, seconds: float = 2.0) -> None:
    """Durable writes by many threads at once."""
    done = [0] * threads
    end = time.monotonic() + seconds

    def run(me: int) -> None:
        while time.monotonic() < end:
            value = {"data": {"password": f"{me}-{done[me]}"}}
            served.call("update", f"secret/data/w/{me}", value, served.token)
            done[me] += 1

    workers = [threading.Thread(target=run, args=(me,)) for me in range(threads)]
    start, spent = time.monotonic(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed, spent = time.monotonic() - start, time.process_time() - spent
    print(
        f"{threads:3} threads writing: {sum(done) / elapsed:7.0f} a second, "
        f"{spent / sum(done) * 1e6:6.0f} µs of processor time each"
    )


def main() -> None:
    with Served() as served:
        names = [f"secret/data/app/{number:05}" for number in range(SECRETS)]
        for number, name in enumerate(names):
            value = {"username": "app", "password": f"correct horse battery staple {number}"}
            served.call("update", name, {"data": value}, served.token)
            served.call("read", name, token=served.token)
        turn = count()
        core = served.core

        def read() -> object:
            return served.request("read", names[next(turn) % SECRETS], token=served.token)

        def now(make: Callable[[], object]) -> Callable[[], None]:
            def call() -> None:
                if core.handle_now(make()) is None:  # type: ignore[arg-type]
                    raise RuntimeError("it was not answered from memory")

            return call

        show("KV v2 read, from memory", best(now(read)))
        stages(core, read)
        show("KV v2 read, on a thread's path", best(lambda: core.handle(read())))  # type: ignore[arg-type]
        lookup = lambda: served.request("read", "auth/token/lookup-self", token=served.token)  # noqa: E731
        show("token lookup, from memory", best(now(lookup)))
        for threads in (1, 16, 64):
            writers(served, threads)


if __name__ == "__main__":
    main()
