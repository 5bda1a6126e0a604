"""Every error that Parlance raises on purpose.

    ParlanceError
    ├── UsageError                 what was typed cannot be done
    │   ├── UnknownCommand
    │   ├── UnknownModel           with the nearest names
    │   └── AmbiguousModel         with the candidates
    ├── ConfigError                models.yaml or .env; names file, line and key
    ├── MissingKey                 names the variable and where to get a key
    ├── BadKey                     a key that no server could accept; never shows it
    ├── BudgetSpent                a limit of the settings is reached
    ├── KeyringFailed              the system's keyring is not there, does not answer, or lacks the key
    ├── SendingForbidden           the settings say that nothing is sent there
    ├── SwitchFailed               the old model stays
    ├── SummaryFailed              a summary that cannot be used; the conversation is as it was
    ├── FormatError                a conversation that this model's format cannot say
    ├── ToolsUnsupported           tools asked of a model that takes none
    ├── ImagesUnsupported          a new image for a model that sees none
    ├── DocumentsUnsupported       a new document for a model that reads none
    ├── DoesNotFit                 more than a model's window holds; nothing was sent
    ├── FileProblem                a file that cannot be read or attached
    ├── ToolFailed                 a tool that could not do what it was asked; the model reads it
    └── ProviderError              a provider's answer, or none
        ├── AuthenticationFailed   401
        ├── PermissionDenied       403
        │   ├── NotVerified        the organisation must be verified first
        │   └── RegionRefused      not offered where the request comes from
        ├── QuotaExhausted         402, and 429 that waiting does not cure: no credit
        ├── ModelUnavailable       404 that names the model
        ├── EndpointNotFound       404 that does not
        ├── RequestRefused         400, 409, 422
        │   ├── ContextOverflow    the history does not fit the window
        │   ├── OutputLimitRefused the output limit is larger than the provider allows
        │   ├── RequestTooLarge    413
        │   ├── OverRateLimit      one request is larger than a minute's limit: waiting does not help
        │   ├── ReasoningUnreadable earlier reasoning that cannot be given back
        │   ├── FieldRefused       a field that this endpoint does not know or take
        │   ├── ImagesRefused      pictures that this endpoint does not take, or not so many
        │   ├── DocumentsRefused   documents that this endpoint does not take
        │   ├── ToolsRefused       tools that this model does not take
        │   ├── RolesRefused       an order or kind of roles that this endpoint does not take
        │   ├── CallIdsRefused     tool call ids in a form that this endpoint does not take
        │   ├── Moderated          what was said is against the provider's rules
        │   └── ToolCallFailed     a tool call that the server could not read
        ├── RateLimited            429
        │   └── DailyLimit         a limit of a day or longer
        ├── Overloaded             503, 529
        │   └── ModelLoading       the server is still loading the model
        ├── ServerFailed           other 5xx
        ├── ConnectionFailed       refused, unresolved, reset, TLS, proxy
        ├── TimedOut               no byte for too long
        ├── EmptyAnswer            the answer ended and held nothing
        ├── AnswerIncomplete       the stream ended without its terminal event
        └── ProtocolError          not the API that was expected

Those that are not a ProviderError are written in `program_errors`, and imported from here all the same.
The message says what failed and where; the cure says what to do. Both are shown, cleaned, by `chat`.
"""

# Sorted by hand: the sorter would write a statement for each name that is passed on.
# isort: off
from modules.program_errors import (
    EXIT_AUTHENTICATION as EXIT_AUTHENTICATION,
    EXIT_ERROR as EXIT_ERROR,
    EXIT_INTERRUPTED as EXIT_INTERRUPTED,
    EXIT_MODEL_UNAVAILABLE as EXIT_MODEL_UNAVAILABLE,
    EXIT_TEMPORARY as EXIT_TEMPORARY,
    EXIT_USAGE as EXIT_USAGE,
    AmbiguousModel as AmbiguousModel,
    BadKey as BadKey,
    BudgetSpent as BudgetSpent,
    ConfigError as ConfigError,
    DocumentsUnsupported as DocumentsUnsupported,
    DoesNotFit as DoesNotFit,
    FileProblem as FileProblem,
    FormatError as FormatError,
    ImagesUnsupported as ImagesUnsupported,
    KeyringFailed as KeyringFailed,
    MissingKey as MissingKey,
    ParlanceError as ParlanceError,
    SummaryFailed as SummaryFailed,
    SendingForbidden as SendingForbidden,
    SwitchFailed as SwitchFailed,
    ToolFailed as ToolFailed,
    ToolsUnsupported as ToolsUnsupported,
    UnknownCommand as UnknownCommand,
    UnknownModel as UnknownModel,
    UsageError as UsageError,
)
# isort: on


class ProviderError(ParlanceError):
    """What a provider answered, or did not.

    `status` is the HTTP status, or None where there was none; `retry_after` is in seconds, as the server said;
    `retryable` says whether the same request can succeed a little later, `tries` how often it is sent at most where
    that is less than usual.
    """

    retryable = False
    tries: int | None = None

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


class NotVerified(PermissionDenied):
    pass


class RegionRefused(PermissionDenied):
    pass


class QuotaExhausted(ProviderError):
    pass


class ModelUnavailable(ProviderError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class EndpointNotFound(ProviderError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class RequestRefused(ProviderError):
    pass


class ContextOverflow(RequestRefused):
    """`window` and `needed` are tokens as the provider counts them; None where it does not say."""

    window: int | None = None
    needed: int | None = None


class OutputLimitRefused(RequestRefused):
    """`limit` is the most output tokens that may be asked for, None where the provider does not say.

    `lasting` is False where that holds for this request only: for want of credit, or beside so long a history.
    `window` is that of the model, where the limit is the room that is left in it.
    """

    limit: int | None = None
    window: int | None = None
    lasting = True


class RequestTooLarge(RequestRefused):
    pass


class OverRateLimit(RequestTooLarge):
    """`limit` and `needed` are tokens: a minute's limit, and what this one request takes of it."""

    limit: int | None = None
    needed: int | None = None


class ReasoningUnreadable(RequestRefused):
    """The conversation can go on without that reasoning; the turn sees to it.

    `missing` says that it is the other way round: the endpoint wants reasoning back that was not given to it.
    """

    missing = False


class FieldRefused(RequestRefused):
    """`field` is the path of what the endpoint does not take, as in "stream_options" or "reasoning.summary".

    "*" stands for any place in a list, as in "messages.*.reasoning_content". The turn leaves it out from then on.
    `fields` are all of them where a provider names several, `field` the first. `lasting` is False where another value
    of it might be taken.
    """

    field = ""
    fields: tuple[str, ...] = ()
    lasting = True


class ImagesRefused(RequestRefused):
    """`most` is how many pictures one request may hold; the turn leaves out the others.

    `where` is the path of the picture that was refused, as the provider wrote it, "" where it names none. `faulty` says
    that something is wrong with the picture itself, such as its size: others would be taken.
    """

    most = 0
    where = ""
    faulty = False


class DocumentsRefused(RequestRefused):
    """The conversation can go on without the documents; the turn sees to it.

    `faulty` says that something is wrong with a document itself: others would be taken.
    """

    faulty = False


class ToolsRefused(RequestRefused):
    """The conversation can go on with calls as text; the turn sees to it."""


class RolesRefused(RequestRefused):
    """`rule` is what the endpoint insists on; the turn keeps to it from then on.

    "alternate": user and assistant in turns, one system message at the head. "no_system": no system message at
    all. "system_first": none but at the head. "no_developer": instructions go as a system message. "bridge": no
    message of the person right after a tool's.
    """

    rule = "alternate"


class CallIdsRefused(RequestRefused):
    """`form` is the form that the endpoint wants, a value of Profile.call_ids; the turn keeps to it from then on."""

    form = "mistral9"


class Moderated(RequestRefused):
    pass


class ToolCallFailed(RequestRefused):
    """`generation` is what the model wrote in place of a call."""

    generation = ""


class RateLimited(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class DailyLimit(RateLimited):
    """A limit of a day, a week or a month: not waited for. `retry_after` says when it ends, where that is known."""

    retryable = False


class Overloaded(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ModelLoading(Overloaded):
    """The server answers when it has loaded the model, which may take minutes."""


class ServerFailed(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ConnectionFailed(ProviderError):
    """`retryable` is set per case: a refused or reset connection may heal, an unknown host will not."""

    exit_code = EXIT_TEMPORARY

    def __init__(self, message: str, *, cure: str = "", retryable: bool = True, tries: int | None = None) -> None:
        super().__init__(message, cure=cure)
        self.retryable = retryable
        self.tries = tries


class TimedOut(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class EmptyAnswer(ProviderError):
    """Nothing came but reasoning or blanks. It was paid for, so it is not asked again by itself."""


class AnswerIncomplete(ProviderError):
    exit_code = EXIT_TEMPORARY
    retryable = True


class ProtocolError(ProviderError):
    pass
