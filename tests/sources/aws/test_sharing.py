"""One source for many threads, and for both halves of a fork."""

from __future__ import annotations

import os
import threading

import pytest


@pytest.fixture
def source(open_aws, sm, prefix):
    for number in range(8):
        sm.create_secret(Name=f"{prefix}/n{number}", SecretString=f"value {number}")
    return open_aws("aws-sm")


def test_threads_get_their_own_answers(source):
    wrong = []

    def read(number):
        for _ in range(10):
            if source.read(f"n{number}").reveal() != f"value {number}":
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_child_reads_by_itself_while_the_parent_goes_on(source):
    source.read("n0")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            source.after_fork()
            code = 0 if all(source.read(f"n{i}").reveal() == f"value {i}" for i in range(8)) else 2
        finally:
            os._exit(code)
    assert all(source.read(f"n{i}").reveal() == f"value {i}" for i in range(8))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_child_forked_while_a_lock_was_held_does_not_hang(source):
    with source._client._lock, source._client._identity._lock, source._client._sdk._lock:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                source.after_fork()
                code = 0 if source.read("n0").reveal() == "value 0" else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_closed_source_may_be_used_again(source):
    source.close()
    source.read("n0")
    source.close()
    source.close()
    assert source.read("n0").reveal() == "value 0"
