"""Logon checks and LSA secrets of Windows, by its own libraries (advapi32). LogonUserW, LsaStorePrivateData: learn.microsoft.com."""

from __future__ import annotations

import ctypes
from typing import Any

from agent.platform.restart import RestartError

LOGON32_LOGON_INTERACTIVE, LOGON32_PROVIDER_DEFAULT = 2, 0
ERROR_LOGON_FAILURE, ERROR_ACCOUNT_RESTRICTION, ERROR_ACCOUNT_LOCKED_OUT = 1326, 1327, 1909
POLICY_CREATE_SECRET = 0x20


class _UnicodeString(ctypes.Structure):
    _fields_ = [("Length", ctypes.c_ushort), ("MaximumLength", ctypes.c_ushort), ("Buffer", ctypes.c_wchar_p)]


class _ObjectAttributes(ctypes.Structure):
    _fields_ = [
        ("Length", ctypes.c_ulong),
        ("RootDirectory", ctypes.c_void_p),
        ("ObjectName", ctypes.c_void_p),
        ("Attributes", ctypes.c_ulong),
        ("SecurityDescriptor", ctypes.c_void_p),
        ("SecurityQualityOfService", ctypes.c_void_p),
    ]


def _library(name: str) -> Any:
    return ctypes.WinDLL(name, use_last_error=True)  # type: ignore[attr-defined]


def _string(text: str) -> _UnicodeString:
    size = len(text.encode("utf-16-le"))
    return _UnicodeString(size, size + 2, text)


class WindowsSecurity:
    def is_elevated(self) -> bool:
        return bool(_library("shell32").IsUserAnAdmin())

    def logon_is_right(self, domain: str, user: str, password: str) -> bool:
        token = ctypes.c_void_p()
        done = _library("advapi32").LogonUserW(
            user, domain, password, LOGON32_LOGON_INTERACTIVE, LOGON32_PROVIDER_DEFAULT, ctypes.byref(token)
        )
        if done:
            _library("kernel32").CloseHandle(token)
            return True
        code = ctypes.get_last_error()  # type: ignore[attr-defined]
        if code in (ERROR_LOGON_FAILURE, ERROR_ACCOUNT_RESTRICTION, ERROR_ACCOUNT_LOCKED_OUT):
            return False
        raise RestartError(f"LogonUser: {code}")

    def keep_secret(self, name: str, value: str | None) -> None:
        lsa = _library("advapi32")
        policy = ctypes.c_void_p()
        attributes = _ObjectAttributes(Length=ctypes.sizeof(_ObjectAttributes))
        status = lsa.LsaOpenPolicy(None, ctypes.byref(attributes), POLICY_CREATE_SECRET, ctypes.byref(policy))
        if status:
            raise RestartError(f"LsaOpenPolicy: {status & 0xFFFFFFFF:#x}")
        try:
            key, data = _string(name), _string(value) if value is not None else None
            status = lsa.LsaStorePrivateData(policy, ctypes.byref(key), ctypes.byref(data) if data else None)
        finally:
            lsa.LsaClose(policy)
        if status and value is not None:
            raise RestartError(f"LsaStorePrivateData: {status & 0xFFFFFFFF:#x}")
