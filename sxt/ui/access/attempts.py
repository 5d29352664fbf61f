"""A limit on how often a client may try a wrong token."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_ATTEMPTS = 5
WINDOW_S = 60.0
MOST_CLIENTS = 10_000
IPV6_NETWORK_BITS = 64
"""One household or lab has a whole such network."""


class AttemptLimit:
    """Counts the wrong tries of each client.

    Parameters
    ----------
    clock : callable
        Seconds that only go up.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Return for how many seconds a client must not try again; 0 where it may."""
        with self._lock:
            failures = self._recent(_network_of(client))
            if len(failures) < MOST_ATTEMPTS:
                return 0.0
            return failures[0] + WINDOW_S - self._clock()

    def note_failure(self, client: str) -> None:
        """Count a wrong try."""
        network = _network_of(client)
        with self._lock:
            failures = self._recent(network)
            failures.append(self._clock())
            self._failures[network] = failures
            self._failures.move_to_end(network)
            while len(self._failures) > MOST_CLIENTS:
                self._failures.popitem(last=False)

    def _recent(self, network: str) -> deque[float]:
        failures = self._failures.get(network, deque(maxlen=MOST_ATTEMPTS))
        while failures and failures[0] + WINDOW_S <= self._clock():
            failures.popleft()
        return failures


def _network_of(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
