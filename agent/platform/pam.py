"""Is this the password of that account? Asked of PAM by its C interface (pam_start(3), pam_conv(3))."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from agent.platform.restart import RestartError

SERVICE = "login"
PAM_SUCCESS = 0
#: The answers that mean "wrong"; everything else means that PAM itself does not work.
PAM_AUTH_ERR, PAM_USER_UNKNOWN, PAM_MAXTRIES, PAM_PERM_DENIED = 7, 10, 11, 6
PAM_PROMPT_ECHO_OFF = 1
PAM_BUF_ERR = 5


class _Message(ctypes.Structure):
    _fields_ = [("msg_style", ctypes.c_int), ("msg", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("resp", ctypes.c_void_p), ("resp_retcode", ctypes.c_int)]


_CONVERSATION = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = [("conv", _CONVERSATION), ("appdata", ctypes.c_void_p)]


def password_is_right(account: str, password: str, service: str = SERVICE, folder: str | None = None) -> bool:
    """`folder`: where the service's file is; None for the system's. Raises RestartError: PAM does not say."""
    pam, libc = _libraries()
    conversation = _Conversation(_answering(libc, password.encode()), None)
    handle = ctypes.c_void_p()
    names = service.encode(), account.encode(), ctypes.byref(conversation)
    if folder is None:
        begun = pam.pam_start(*names, ctypes.byref(handle))
    else:
        begun = pam.pam_start_confdir(*names, folder.encode(), ctypes.byref(handle))
    if begun != PAM_SUCCESS:
        raise RestartError(f"PAM does not start: {begun}")
    try:
        return _judged(pam, handle)
    finally:
        pam.pam_end(handle, 0)


def _judged(pam: Any, handle: ctypes.c_void_p) -> bool:
    """The password, and whether the account may log on at all."""
    status = pam.pam_authenticate(handle, 0)
    if status == PAM_SUCCESS:
        return bool(pam.pam_acct_mgmt(handle, 0) == PAM_SUCCESS)
    if status in (PAM_AUTH_ERR, PAM_USER_UNKNOWN, PAM_MAXTRIES, PAM_PERM_DENIED):
        return False
    raise RestartError(f"PAM: {status}")


def _answering(libc: Any, password: bytes) -> Any:
    def answer(count: int, asked: Any, answers: Any, _data: Any) -> int:
        made = libc.calloc(count, ctypes.sizeof(_Response))
        if not made:
            return PAM_BUF_ERR
        table = ctypes.cast(made, ctypes.POINTER(_Response))
        for index in range(count):
            if asked[index].contents.msg_style == PAM_PROMPT_ECHO_OFF:
                # PAM frees it, thus libc has to make it.
                table[index].resp = libc.strdup(password)
        answers[0] = table
        return PAM_SUCCESS

    return _CONVERSATION(answer)


def _libraries() -> tuple[Any, Any]:
    try:
        pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None)
    except OSError as problem:
        raise RestartError(f"no PAM: {problem}") from problem
    libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
    libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    libc.strdup.argtypes = [ctypes.c_char_p]
    for name in ("pam_authenticate", "pam_acct_mgmt", "pam_end"):
        getattr(pam, name).argtypes = [ctypes.c_void_p, ctypes.c_int]
    return pam, libc
