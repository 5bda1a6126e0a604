"""Every error that Parlance raises on purpose.

    ParlanceError
    ├── UsageError                 what was typed cannot be done
    │   ├── UnknownCommand
    │   ├── UnknownModel           with the nearest names
    │   └── AmbiguousModel         with the candidates
    ├── ConfigError                models.yaml or .env; names file, line and key
    ├── MissingKey                 names the variable and where to get a key
    ├── BadKey                     a key that no server could accept; never shows it
    ├── SwitchFailed               the old model stays
    ├── FormatError                a conversation that this model's format cannot say
    ├── ToolsUnsupported           tools asked of a model that takes none
    ├── ImagesUnsupported          a new image for a model that sees none
    ├── FileProblem                a file that cannot be read or attached
    ├── ToolFailed                 a tool that could not do what it was asked; the model reads it
    └── ProviderError              a provider's answer, or none
        ├── AuthenticationFailed   401
        ├── PermissionDenied       403
        ├── QuotaExhausted         402, and 429 that waiting does not cure
        ├── ModelUnavailable       404 that names the model
        ├── EndpointNotFound       404 that does not
        ├── RequestRefused         400, 409, 422
        ├── ContextOverflow        the history does not fit the window
        ├── RequestTooLarge        413
        ├── ReasoningUnreadable    earlier reasoning that cannot be given back
        ├── FieldRefused           a field that this endpoint does not know
        ├── ImagesRefused          pictures that this endpoint does not take
        ├── ToolsRefused           tools that this model does not take
        ├── ToolCallFailed         a tool call that the server could not read
        ├── RateLimited            429
        ├── Overloaded             503, 529
        ├── ServerFailed           other 5xx
        ├── ConnectionFailed       refused, unresolved, reset, TLS, proxy
        ├── TimedOut               no byte for too long
        ├── AnswerIncomplete       the stream ended without its terminal event
        └── ProtocolError          not the API that was expected

The message says what failed and where; the cure says what to do. Both are shown, cleaned, by `chat`.
"""

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_TEMPORARY = 75
EXIT_AUTHENTICATION = 76
EXIT_MODEL_UNAVAILABLE = 77
EXIT_INTERRUPTED = 130


class ParlanceError(Exception):
    """The root: a message for people, and a cure."""

    exit_code = EXIT_ERROR

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


class UsageError(ParlanceError):
    exit_code = EXIT_USAGE


class UnknownCommand(UsageError):
    pass


class UnknownModel(UsageError):
    pass


class AmbiguousModel(UsageError):
    pass


class ConfigError(ParlanceError):
    exit_code = EXIT_USAGE


class MissingKey(ParlanceError):
    exit_code = EXIT_AUTHENTICATION


class BadKey(ParlanceError):
    exit_code = EXIT_AUTHENTICATION


class SwitchFailed(ParlanceError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class FormatError(ParlanceError):
    pass


class ToolsUnsupported(ParlanceError):
    pass


class ImagesUnsupported(ParlanceError):
    pass


class FileProblem(ParlanceError):
    pass


class ToolFailed(ParlanceError):
    """The message is for the model, which may try again in another way."""


class ProviderError(ParlanceError):
    """What a provider answered, or did not.

    `status` is the HTTP status, or None where there was none; `retry_after` is in seconds, as the server said;
    `retryable` says whether the same request can succeed a little later.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        cure: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, cure=cure)
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id


class AuthenticationFailed(ProviderError):
    exit_code = EXIT_AUTHENTICATION


class PermissionDenied(ProviderError):
    exit_code = EXIT_AUTHENTICATION


class QuotaExhausted(ProviderError):
    pass


class ModelUnavailable(ProviderError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class EndpointNotFound(ProviderError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class RequestRefused(ProviderError):
    pass


class ContextOverflow(RequestRefused):
    pass


class RequestTooLarge(RequestRefused):
    pass


class ReasoningUnreadable(RequestRefused):
    """The conversation can go on without that reasoning; the turn sees to it."""


class FieldRefused(RequestRefused):
    """`field` is the message field that the endpoint does not know; the turn leaves it out from then on."""

    field = ""


class ImagesRefused(RequestRefused):
    """The conversation can go on without the pictures; the turn sees to it."""


class ToolsRefused(RequestRefused):
    """The conversation can go on with calls told as text; the turn sees to it."""


class ToolCallFailed(RequestRefused):
    """`generation` is what the model wrote in place of a call."""

    generation = ""


class RateLimited(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class Overloaded(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ServerFailed(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ConnectionFailed(ProviderError):
    """`retryable` is set per case: a refused or reset connection may heal, an unknown host will not."""

    exit_code = EXIT_TEMPORARY

    def __init__(self, message: str, *, cure: str = "", retryable: bool = True) -> None:
        super().__init__(message, cure=cure)
        self.retryable = retryable


class TimedOut(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class AnswerIncomplete(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ProtocolError(ProviderError):
    pass
