"""Redacting a 200-character log line with 200 known secrets: every form of each, and every shape.

Beside it, in the same rounds, what people write by hand: a loop of ``str.replace`` over the plain values (no
encodings, no shapes), and one regular expression of them all. Then what may go wrong: lines that hold the
common beginnings of the secrets, lines with a secret in them, ten times as many secrets, and a stream.
"""

import random
import re
import statistics
import string
import time

from bench._compare import bound, duration, finish
from wellkept.redaction import Known, Redactor, StreamRedactor
from wellkept.secret import Secret

LIMIT = 25  # µs a line
NUMBER, ROUNDS = 1_000, 31
_random = random.Random(200)


def token(length: int) -> str:
    return "".join(_random.choices(string.ascii_letters + string.digits, k=length))


def values(count: int) -> list[str]:
    """What applications hold: API keys, database URLs, passwords, base64 keys, words."""
    kinds = [
        lambda: f"sk_live_{token(24)}",
        lambda: f"postgresql://billing:{token(16)}@db.internal:5432/billing",
        lambda: token(12),
        lambda: f"{token(20)}+{token(21)}/==",
        lambda: f"{token(6)}-{token(6)}",
    ]
    return [kinds[n % len(kinds)]() for n in range(count)]


def line(text: str) -> str:
    return (text + " trace=4bf92f3577b34da6a3ce929d0e0e4736 ok" * 5)[:200]


def main() -> None:
    secrets = values(200)
    redactor = knowing(secrets)
    plain = line(
        "2026-11-22 19:50:01,123 INFO app.billing request finished method=POST path=/api/v1/invoices/8392"
    )
    begun = line(
        "INFO connecting to postgresql://billing: at db.internal:5432/billing with prefix sk_live_ token_type=bearer"
    )
    held = line(f"INFO using {secrets[3]} for job=17 user=cust_29301")
    lines = {"no secret": plain, "common beginnings": begun, "a secret": held}
    assert [redactor.redact(text) is text for text in lines.values()] == [True, True, False]

    pattern = re.compile("|".join(re.escape(value) for value in sorted(secrets, key=len, reverse=True)))

    def replacing(text: str) -> str:
        for value in secrets:
            text = text.replace(value, "[redacted]")
        return text

    def alternation(text: str) -> str:
        return pattern.sub("[redacted]", text)

    for name, text in lines.items():
        ours, loop, one = measure([redactor.redact, replacing, alternation], text)
        print(
            f"{name}: wellkept {duration(ours)}; a loop of str.replace {duration(loop)}; one regex {duration(one)}"
        )
        bound(f"a 200-character line, 200 secrets, {name}", ours * 1e6, LIMIT, "µs")

    more = knowing(values(2_000))
    few, many = measure([redactor.redact, more.redact], plain)
    print(f"200 secrets {duration(few)}; 2,000 secrets {duration(many)}")

    for size in (200, 65_536):
        data = (plain + "\n").encode() * 2_000
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        stream = StreamRedactor(redactor)
        (taken,) = measure(
            [lambda _, s=stream, c=chunks: [s.feed(chunk) for chunk in c]], "", number=1, rounds=7
        )
        print(f"a stream in chunks of {size} bytes: {len(data) / taken / 1e6:.1f} MB/s")
    finish()


def knowing(secrets: list[str]) -> Redactor:
    known = Known()
    for number, value in enumerate(secrets):
        known.remember(Secret(value, name=f"prod/service/{number}"))
    redactor = Redactor(known)
    redactor.redact("learn them now, not in the first round")
    return redactor


def measure(actions: list, text: str, *, number: int = NUMBER, rounds: int = ROUNDS) -> list[float]:
    """The median seconds of CPU of each action on ``text``, taken in turn: a limit in microseconds means work
    done here, not time that others had the processor."""
    samples: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, taken in zip(actions, samples, strict=True):
            start = time.process_time()
            for _ in range(number):
                action(text)
            taken.append((time.process_time() - start) / number)
    return [statistics.median(taken) for taken in samples]


if __name__ == "__main__":
    main()
