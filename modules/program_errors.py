"""The errors that are about this program and what was typed, and the exit codes; `errors` has the tree of all."""

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


class KeyringFailed(ParlanceError):
    exit_code = EXIT_AUTHENTICATION


class SendingForbidden(ParlanceError):
    """The settings say that nothing is sent there; nothing was."""

    exit_code = EXIT_MODEL_UNAVAILABLE


class BudgetSpent(ParlanceError):
    """A limit of the settings is reached; nothing was sent."""


class SwitchFailed(ParlanceError):
    exit_code = EXIT_MODEL_UNAVAILABLE


class SummaryFailed(ParlanceError):
    """Nothing was changed by it."""


class FormatError(ParlanceError):
    pass


class ToolsUnsupported(ParlanceError):
    pass


class ImagesUnsupported(ParlanceError):
    pass


class DocumentsUnsupported(ParlanceError):
    pass


class DoesNotFit(ParlanceError):
    """Nothing was sent: the request is larger than the model's window. Both are in tokens, the first is an estimate.

    `alone` says that the question does not fit even without anything before it.
    """

    tokens = 0
    window: int | None = None
    alone = False


class FileProblem(ParlanceError):
    pass


class ToolFailed(ParlanceError):
    """The message is for the model, which may try again in another way."""
