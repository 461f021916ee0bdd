"""The state machine of a support session, as one table. Source: docs/architecture.md, "Session states"."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    WAITING = "WAITING"
    JOINING = "JOINING"
    CONNECTING = "CONNECTING"
    APPROVAL = "APPROVAL"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    WRAPUP = "WRAPUP"
    COMPLETED = "COMPLETED"
    ABNORMAL = "ABNORMAL"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class Trigger(StrEnum):
    NUMBER_USED = "number_used"
    CONSENTED = "consented"
    CONSENT_REFUSED = "consent_refused"
    AGENT_LINKED = "agent_linked"
    AGENT_LINKED_ASK = "agent_linked_ask"
    APPROVED = "approved"
    DENIED = "denied"
    LINK_LOST = "link_lost"
    LINK_BACK = "link_back"
    END = "end"
    WRAPPED_UP = "wrapped_up"
    CANCEL = "cancel"
    TIME_OUT = "time_out"
    NUMBER_EXPIRED = "number_expired"
    CORRECTED = "corrected"


class EndReason(StrEnum):
    """Every way in which a session can end has a name, the same in log, record and statistics."""

    OPERATOR_ENDED = "operator_ended"
    CUSTOMER_ENDED = "customer_ended"
    ADMIN_CUT = "admin_cut"
    IDLE = "idle"
    NUMBER_EXPIRED = "number_expired"
    OPERATOR_CANCELLED = "operator_cancelled"
    OPERATOR_LOGGED_OUT = "operator_logged_out"
    CONSENT_REFUSED = "consent_refused"
    APPROVAL_DENIED = "approval_denied"
    APPROVAL_TIMEOUT = "approval_timeout"
    NETWORK_LOST = "network_lost"
    OPERATOR_GONE = "operator_gone"
    SECURITY_ALARM = "security_alarm"
    DEVICE_UNREACHABLE = "device_unreachable"


class SuspendedReason(StrEnum):
    NETWORK = "network"
    REBOOT = "reboot"
    OPERATOR_GONE = "operator_gone"
    HANDOVER = "handover"


S, T = State, Trigger

TABLE: dict[tuple[State, Trigger], State] = {
    (S.WAITING, T.NUMBER_USED): S.JOINING,
    (S.WAITING, T.NUMBER_EXPIRED): S.EXPIRED,
    (S.WAITING, T.CANCEL): S.CANCELLED,
    # The customer may begin again (the download was blocked, the program is started by hand) until an agent is linked.
    (S.JOINING, T.NUMBER_USED): S.JOINING,
    (S.JOINING, T.CONSENTED): S.CONNECTING,
    (S.JOINING, T.CONSENT_REFUSED): S.REFUSED,
    (S.JOINING, T.TIME_OUT): S.WAITING,
    (S.JOINING, T.NUMBER_EXPIRED): S.EXPIRED,
    (S.JOINING, T.CANCEL): S.CANCELLED,
    (S.CONNECTING, T.NUMBER_USED): S.JOINING,
    (S.CONNECTING, T.AGENT_LINKED): S.ACTIVE,
    (S.CONNECTING, T.AGENT_LINKED_ASK): S.APPROVAL,
    (S.CONNECTING, T.TIME_OUT): S.WAITING,
    (S.CONNECTING, T.NUMBER_EXPIRED): S.EXPIRED,
    (S.CONNECTING, T.CANCEL): S.CANCELLED,
    (S.APPROVAL, T.APPROVED): S.ACTIVE,
    (S.APPROVAL, T.DENIED): S.REFUSED,
    (S.APPROVAL, T.TIME_OUT): S.REFUSED,
    (S.APPROVAL, T.LINK_LOST): S.CONNECTING,
    (S.APPROVAL, T.CANCEL): S.CANCELLED,
    (S.ACTIVE, T.LINK_LOST): S.SUSPENDED,
    (S.ACTIVE, T.END): S.WRAPUP,
    (S.ACTIVE, T.TIME_OUT): S.WRAPUP,
    (S.SUSPENDED, T.LINK_LOST): S.SUSPENDED,
    (S.SUSPENDED, T.LINK_BACK): S.ACTIVE,
    (S.SUSPENDED, T.END): S.WRAPUP,
    (S.SUSPENDED, T.TIME_OUT): S.ABNORMAL,
    (S.WRAPUP, T.WRAPPED_UP): S.COMPLETED,
    (S.WRAPUP, T.TIME_OUT): S.COMPLETED,
    (S.ABNORMAL, T.CORRECTED): S.COMPLETED,
}

#: These count against the limit of sessions at once.
OPEN = frozenset({S.WAITING, S.JOINING, S.CONNECTING, S.APPROVAL, S.ACTIVE, S.SUSPENDED})
TERMINAL = frozenset({S.COMPLETED, S.ABNORMAL, S.REFUSED, S.EXPIRED, S.CANCELLED})
LIVE = frozenset({S.ACTIVE, S.SUSPENDED})
#: The number can (still) be entered.
ENTERABLE = frozenset({S.WAITING, S.JOINING, S.CONNECTING})
#: The agent may be linked.
AGENT_STATES = frozenset({S.CONNECTING, S.APPROVAL, S.ACTIVE, S.SUSPENDED})


class TransitionRefused(Exception):
    """The state does not know the trigger."""


def next_state(state: State, trigger: Trigger) -> State:
    """Raises TransitionRefused."""
    try:
        return TABLE[(state, trigger)]
    except KeyError:
        raise TransitionRefused(f"{trigger} in {state}") from None
