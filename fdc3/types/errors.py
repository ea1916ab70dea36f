"""The standard's errors as exceptions.

The class name *is* the standard's error string (FDC3 3.0, ``Errors``), and the bases say which enumerations of the
standard contain it, so both of these work::

    except errors.ResolveError:           # anything that can go wrong while an intent is resolved
    except errors.UserCancelledResolution:
"""

from __future__ import annotations


class Fdc3Error(Exception):
    """An error that crosses the wire as its class name. ``str()`` gives a sentence for a person."""

    sentence = "The desktop agent could not do this."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def code(self) -> str:
        """The standard's error string."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.sentence} ({self.detail})" if self.detail else self.sentence


class AgentError(Fdc3Error):
    """Errors of reaching a desktop agent at all."""


class ChannelError(Fdc3Error):
    """Errors of channels and of contexts sent over them."""


class OpenError(Fdc3Error):
    """Errors of ``open``."""


class ResolveError(Fdc3Error):
    """Errors of finding and raising intents."""


class ResultError(Fdc3Error):
    """Errors of an intent's result."""


class CloseError(Fdc3Error):
    """Errors of ``close`` (FDC3 3.0)."""


class BridgingError(Fdc3Error):
    """Errors of desktop agent bridging. ``MalformedMessage`` also answers requests that cannot be read."""


class AgentNotFound(AgentError):
    sentence = "No desktop agent could be reached."


class ErrorOnConnect(AgentError):
    sentence = "The connection to the desktop agent failed."


class InvalidFailover(AgentError):
    sentence = "The fallback given for a missing desktop agent does not work."


class AccessDenied(AgentError, ChannelError):
    sentence = "Access to this channel or agent is not allowed."


class NoChannelFound(ChannelError):
    sentence = "There is no such channel."


class CreationFailed(ChannelError):
    sentence = "The channel could not be created."


class AppNotFound(OpenError):
    sentence = "The app directory holds no such app."


class ErrorOnLaunch(OpenError):
    sentence = "The app could not be started."


class AppTimeout(OpenError):
    sentence = "The app was started but did not take the context in time."


class NoAppsFound(ResolveError):
    sentence = "No app handles this."


class UserCancelledResolution(ResolveError):
    sentence = "No app was chosen."


class ResolverTimeout(ResolveError):
    sentence = "No app was chosen in time."


class TargetAppUnavailable(ResolveError):
    sentence = "The app asked for is not available."


class TargetInstanceUnavailable(ResolveError):
    sentence = "The app asked for is no longer running."


class IntentDeliveryFailed(ResolveError):
    sentence = "The app did not take the request in time."


class IntentListenerConflict(ResolveError):
    sentence = "The app handles this already."


class ErrorOnClose(CloseError):
    sentence = "The app could not be closed."


class ResolverUnavailable(OpenError, ResolveError):
    sentence = "Several apps could handle this and there is no way to ask which one."


class DesktopAgentNotFound(OpenError, ResolveError):
    sentence = "The desktop agent asked for is not connected."


class NoResultReturned(ResultError):
    sentence = "The app ended without returning a result."


class IntentHandlerRejected(ResultError):
    sentence = "The app failed while handling the request."


class MalformedContext(ChannelError, OpenError, ResolveError):
    sentence = "The context is not a valid FDC3 context."


class InvalidArguments(ChannelError, OpenError, ResolveError):
    sentence = "The app asked in a way that the desktop agent does not understand."


class ApiTimeout(AgentError, ChannelError, OpenError, ResolveError, ResultError, CloseError):
    sentence = "The desktop agent did not answer in time."


class ResponseToBridgeTimedOut(BridgingError):
    sentence = "A bridged desktop agent did not answer in time."


class AgentDisconnected(BridgingError):
    sentence = "A bridged desktop agent has disconnected."


class NotConnectedToBridge(BridgingError):
    sentence = "The desktop agent is not connected to a bridge."


class MalformedMessage(BridgingError):
    sentence = "The message could not be read."


def _leaves(kind: type[Fdc3Error]) -> set[type[Fdc3Error]]:
    below = kind.__subclasses__()
    return {leaf for sub in below for leaf in _leaves(sub)} if below else {kind}


BY_CODE: dict[str, type[Fdc3Error]] = {leaf.__name__: leaf for leaf in _leaves(Fdc3Error)}


def from_code(code: str) -> Fdc3Error:
    """The exception for an error string received; strings outside the standard give a plain ``Fdc3Error``."""
    kind = BY_CODE.get(code)
    return kind() if kind else Fdc3Error(code)
