"""Words that the agent itself says to the person at the PC; the window's own are in agent/window/texts.py."""

from __future__ import annotations

from collections.abc import Mapping

#: How a session ended, by the server's reason.
ENDED: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "operator_ended": "상담원이 원격지원을 종료했습니다.",
        "customer_ended": "원격지원을 종료했습니다.",
        "admin_cut": "관리자가 원격지원을 종료했습니다.",
        "security_alarm": "안전하지 않은 연결이 발견되어 원격지원을 종료했습니다. 상담원에게 전화로 확인하세요.",
        "consent_refused": "동의하지 않아 원격지원을 시작하지 않았습니다.",
        "approval_denied": "연결을 거절했습니다.",
        "network_lost": "연결이 끊어진 채 시간이 지나 원격지원이 끝났습니다.",
        "no_server": "접속할 서버 정보가 없습니다. 고객 접속 페이지에서 접속 프로그램을 다시 받으세요.",
        "": "원격지원이 끝났습니다.",
    },
    "en": {
        "operator_ended": "The operator ended remote support.",
        "customer_ended": "You ended remote support.",
        "admin_cut": "An administrator ended remote support.",
        "security_alarm": "The connection was not safe, so remote support was ended. Check with your operator by phone.",
        "consent_refused": "You did not agree, so remote support was not started.",
        "approval_denied": "You refused the connection.",
        "network_lost": "The connection was lost for too long; remote support has ended.",
        "no_server": "This program does not know its server. Download the access program again from the customer page.",
        "": "Remote support has ended.",
    },
}

#: Codes that have no sentence from the server: (what happened, what to do).
PROBLEMS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ko": {
        "SERVER_UNREACHABLE": ("서버에 연결할 수 없습니다.", "인터넷 연결과 방화벽을 확인하고 다시 시도하세요."),
        "PROXY_UNREACHABLE": ("프록시 서버에 연결할 수 없습니다.", "이 PC의 프록시 설정을 확인하고 다시 시도하세요."),
        "PROXY_LOGIN": (
            "프록시 서버가 로그인을 요구합니다.",
            "네트워크 관리자에게 이 서버로의 연결을 허용해 달라고 요청하세요.",
        ),
        "PROXY_REFUSED": (
            "프록시 서버가 연결을 거절했습니다.",
            "네트워크 관리자에게 이 서버로의 연결(CONNECT)을 허용해 달라고 요청하세요.",
        ),
        "CERTIFICATE_REFUSED": (
            "서버의 보안 인증서를 믿을 수 없습니다.",
            "프로그램을 다시 받거나 상담원에게 알려 주세요.",
        ),
        "BAD_CONNECTION_FILE": ("접속 파일을 읽을 수 없습니다.", "고객 접속 페이지에서 프로그램을 다시 받으세요."),
        "BAD_SERVER_URL": ("서버 주소가 올바르지 않습니다.", "https://support.example.com 처럼 관리자가 알려 준 주소를 입력하세요."),
        "BAD_CA_FILE": ("서버 인증서 파일을 읽을 수 없습니다.", "관리자에게 설치 파일을 다시 받으세요."),
        "BAD_ANSWER": ("서버의 응답을 이해할 수 없습니다.", "서버 주소를 확인하고, 계속되면 관리자에게 프로그램 업데이트를 요청하세요."),
        "STATE_FOLDER": ("등록 정보를 이 PC에 저장할 수 없습니다.", "디스크 여유 공간과 폴더 권한을 확인하고 다시 시도하세요."),
        "ALREADY_REGISTERED": ("이 PC는 이미 등록되어 있습니다.", "다시 등록하려면 먼저 등록을 해지하세요."),
        "BAD_NAME": ("기기명을 사용할 수 없습니다.", "1자에서 64자까지 보이는 글자로 입력하세요."),
        "NOT_LINKED": ("지금은 서버에 연결되어 있지 않습니다.", "연결된 다음 다시 시도하세요."),
        "NO_ANSWER": ("서버가 응답하지 않습니다.", "잠시 후 다시 시도하세요."),
        "NOT_TOLD": (
            "이 PC의 등록은 해지했지만 서버에는 알리지 못했습니다.",
            "서버의 기기 목록에서도 지우도록 관리자에게 알려 주세요.",
        ),
        "NOT_OWNER": ("이 작업은 이 PC의 관리자만 할 수 있습니다.", "관리자에게 요청하거나 관리자 권한으로 실행하세요."),
        "NO_SESSION": ("원격지원이 이미 끝났습니다.", "더 할 일은 없습니다."),
        "": ("연결하지 못했습니다.", "잠시 후 다시 시도하고, 계속되면 오류 코드를 상담원에게 알려 주세요."),
    },
    "en": {
        "SERVER_UNREACHABLE": (
            "The server cannot be reached.",
            "Check the internet connection and the firewall, then try again.",
        ),
        "PROXY_UNREACHABLE": ("The proxy cannot be reached.", "Check this PC's proxy settings, then try again."),
        "PROXY_LOGIN": (
            "The proxy wants a login.",
            "Ask your network administrator to let connections to this server through.",
        ),
        "PROXY_REFUSED": (
            "The proxy refused the connection.",
            "Ask your network administrator to allow CONNECT to this server.",
        ),
        "CERTIFICATE_REFUSED": (
            "The server's certificate cannot be trusted.",
            "Download the program again or tell your operator.",
        ),
        "BAD_CONNECTION_FILE": (
            "The connection file cannot be read.",
            "Download the program again from the customer page.",
        ),
        "BAD_SERVER_URL": (
            "This is no address of a server.",
            "Type the address as your administrator gave it, such as https://support.example.com.",
        ),
        "BAD_CA_FILE": ("The server's certificate file cannot be read.", "Get the installer again from your administrator."),
        "BAD_ANSWER": (
            "The server's answer was not understood.",
            "Check the address; if it is right, ask your administrator to update this program.",
        ),
        "STATE_FOLDER": (
            "The registration cannot be kept on this PC.",
            "Check the free space and the rights of the folder, then try again.",
        ),
        "ALREADY_REGISTERED": ("This PC is registered already.", "Unregister it first to register it anew."),
        "BAD_NAME": ("This name cannot be used.", "Type 1 to 64 visible characters."),
        "NOT_LINKED": ("There is no connection to the server now.", "Try again when it is back."),
        "NO_ANSWER": ("The server does not answer.", "Try again shortly."),
        "NOT_TOLD": (
            "This PC is not registered any more, but the server could not be told.",
            "Ask your administrator to remove the device from the server's list, too.",
        ),
        "NOT_OWNER": ("Only the administrator of this PC may do this.", "Ask the administrator, or start it with their rights."),
        "NO_SESSION": ("Remote support has ended already.", "There is nothing more to do."),
        "": ("Could not connect.", "Try again shortly; if it goes on, tell your operator the error code."),
    },
}

#: States that pass, by code.
STATUS: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "OFFLINE": "연결이 끊겨 다시 연결하는 중입니다…",
        "CONNECTING": "연결하는 중입니다…",
        "INPUT_REFUSED": "이 창에서는 상담원이 조작할 수 없습니다.",
        "CAPTURE_DENIED": "화면을 볼 수 있는 권한이 없습니다. 시스템 설정에서 허용해 주세요.",
        "CAPTURE_LOST": "지금은 화면을 볼 수 없습니다.",
        "CAPTURE_UNAVAILABLE": "이 PC의 화면을 읽을 수 없습니다.",
        "FILES_OFFERED": "상담원에게 파일을 받을지 물었습니다.",
        "FILES_NOT_TAKEN": "지금은 상담원에게 파일을 보낼 수 없습니다. 원격제어 중이고 파일 전송이 허용되어 있어야 합니다.",
    },
    "en": {
        "OFFLINE": "Connection lost, reconnecting…",
        "CONNECTING": "Connecting…",
        "INPUT_REFUSED": "The operator cannot control this window.",
        "CAPTURE_DENIED": "The screen may not be read. Please allow it in the system settings.",
        "CAPTURE_LOST": "The screen cannot be seen right now.",
        "CAPTURE_UNAVAILABLE": "The screen of this PC cannot be read.",
        "FILES_OFFERED": "The operator was asked to take the files.",
        "FILES_NOT_TAKEN": "Files cannot be sent to the operator now: remote control has to be on, with files allowed.",
    },
}

CONSENT_TITLE: Mapping[str, str] = {"ko": "서비스 이용 동의", "en": "Consent to remote support"}


def ended(reason: str, language: str) -> str:
    return ENDED[language].get(reason, ENDED[language][""])


def problem(code: str, language: str) -> tuple[str, str]:
    return PROBLEMS[language].get(code, PROBLEMS[language][""])


def status(code: str, language: str) -> str:
    return STATUS[language].get(code, code)
