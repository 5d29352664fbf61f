from sxt.ui.access.attempts import MOST_CLIENTS, AttemptLimit


def fail(limit, client, times):
    for _ in range(times):
        limit.note_failure(client)


def test_the_sixth_try_within_a_minute_must_wait(clock):
    limit = AttemptLimit(clock)
    fail(limit, "10.0.0.1", 4)
    assert limit.wait_s("10.0.0.1") == 0
    clock.now += 10
    fail(limit, "10.0.0.1", 1)
    assert limit.wait_s("10.0.0.1") == 50


def test_the_wait_ends_a_minute_after_the_first_try(clock):
    limit = AttemptLimit(clock)
    fail(limit, "10.0.0.1", 5)
    clock.now += 60
    assert limit.wait_s("10.0.0.1") == 0


def test_one_client_does_not_lock_out_another(clock):
    limit = AttemptLimit(clock)
    fail(limit, "10.0.0.1", 5)
    assert limit.wait_s("10.0.0.2") == 0


def test_addresses_of_one_ipv6_network_count_as_one(clock):
    limit = AttemptLimit(clock)
    for last in range(5):
        limit.note_failure(f"2001:db8:1:2::{last}")
    assert limit.wait_s("2001:db8:1:2:ffff::9") == 60
    assert limit.wait_s("2001:db8:1:3::1") == 0


def test_the_memory_for_clients_is_bounded(clock):
    limit = AttemptLimit(clock)
    for number in range(MOST_CLIENTS + 50):
        fail(limit, f"client {number}", 1)
    assert len(limit._failures) == MOST_CLIENTS


def test_asking_leaves_no_trace(clock):
    limit = AttemptLimit(clock)
    for number in range(100):
        limit.wait_s(f"client {number}")
    assert len(limit._failures) == 0
