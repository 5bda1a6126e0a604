"""When a request that failed is sent again: how often, and after which wait."""

import random

from modules.errors import ConnectionFailed, ModelLoading, ProviderError

TRIES = 4
LOADING_SECONDS = 600.0  # a large model takes minutes to load, and a person can stop the wait
LOADING_PAUSE_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0  # beyond that the person decides, not the server's header
LONGEST_BACKOFF_SECONDS = 20.0


class Retries:
    """Counts how often one request was sent. `attempt` is the number of the try that failed, from 1."""

    def __init__(self) -> None:
        self.attempt = 0
        self._loading = 0.0

    def delay(self, error: ProviderError) -> float | None:
        """Seconds to wait before the same request is sent again, or None where that would not help."""
        if isinstance(error, ModelLoading):
            pause = min(max(error.retry_after or LOADING_PAUSE_SECONDS, LOADING_PAUSE_SECONDS), LONGEST_WAIT_SECONDS)
            self._loading += pause
            return pause if self._loading <= LOADING_SECONDS else None
        self.attempt += 1
        return retry_delay(error, self.attempt)


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Seconds to wait before the same request is sent again, or None where that would not help.

    A connection that broke before the first byte is tried again at once: an idle one may have gone stale.
    """
    if not error.retryable or attempt >= (error.tries or TRIES):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT_SECONDS else None
    if isinstance(error, ConnectionFailed) and attempt == 1:
        return 0.0
    backoff: float = min(LONGEST_BACKOFF_SECONDS, 2.0 ** (attempt - 1))
    return backoff * random.uniform(0.75, 1.0)
