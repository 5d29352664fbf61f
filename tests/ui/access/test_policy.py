import pytest

from sxt.ui.access.policy import AccessPolicy, decide_access, is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"])
def test_no_login_on_this_machine_alone(address):
    assert decide_access(address, token=None) == AccessPolicy()
    assert decide_access(address, token=None).is_open


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "192.168.1.5", "gpu.lab.org", "localhost.lab.org"]
)
def test_any_other_address_draws_a_token(address):
    policy = decide_access(address, token=None)
    assert not policy.is_open
    assert policy.is_token_generated
    assert len(policy.token) == 48
    assert policy.token != decide_access(address, token=None).token


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_token_that_is_set_is_demanded_everywhere(address):
    assert decide_access(address, token="secret") == AccessPolicy(token="secret")
    assert not decide_access(address, token="secret").is_open


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_login_provider_replaces_the_generated_token(address):
    policy = decide_access(address, token=None, providers=("default",))
    assert policy == AccessPolicy(providers=("default",))
    assert not policy.is_open


def test_a_name_is_not_taken_for_a_loopback_address():
    assert not is_loopback("127.0.0.1.evil.example")
