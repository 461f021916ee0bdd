"""The one list of errors that people see: code, HTTP status, sentence and next step in Korean and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wizhelper.http.recording_errors import RECORDING_ERRORS

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")


@dataclass(frozen=True)
class Text:
    message: str
    next_step: str


@dataclass(frozen=True)
class Entry:
    status: int
    ko: Text
    en: Text

    def text(self, language: Language) -> Text:
        return self.ko if language == "ko" else self.en


def _e(status: int, ko: str, ko_next: str, en: str, en_next: str) -> Entry:
    return Entry(status, Text(ko, ko_next), Text(en, en_next))


CATALOGUE: Mapping[str, Entry] = {
    "BAD_REQUEST": _e(
        400,
        "요청을 이해할 수 없습니다.",
        "입력한 내용을 확인하고 다시 시도하세요.",
        "The request could not be understood.",
        "Check what you entered and try again.",
    ),
    "INVALID_FIELDS": _e(
        400,
        "입력한 값 중 잘못된 항목이 있습니다.",
        "표시된 항목을 고친 뒤 다시 시도하세요.",
        "Some of the values are not valid.",
        "Correct the marked fields and try again.",
    ),
    "TOO_LARGE": _e(
        413,
        "요청이 너무 큽니다.",
        "내용을 줄여 다시 시도하세요.",
        "The request is too large.",
        "Send less and try again.",
    ),
    "EXPORT_TOO_LARGE": _e(
        400,
        "한 번에 내보낼 수 있는 기록은 50,000건까지입니다.",
        "기간을 줄이거나 조건을 더한 뒤 다시 시도하세요.",
        "At most 50,000 records can be exported at once.",
        "Choose a shorter period or more filters and try again.",
    ),
    "NOT_FOUND": _e(
        404,
        "찾을 수 없습니다.",
        "주소를 확인하거나 목록을 새로 여세요.",
        "Not found.",
        "Check the address or open the list again.",
    ),
    "METHOD_NOT_ALLOWED": _e(
        405,
        "이 주소에서는 할 수 없는 요청입니다.",
        "페이지를 새로 고치고 다시 시도하세요.",
        "This address does not take that request.",
        "Reload the page and try again.",
    ),
    "WRONG_HOST": _e(
        421,
        "이 서버의 이름이 아닙니다.",
        "관리자에게 알려 --host 설정에 이 이름을 추가하도록 하세요.",
        "This server does not answer to that name.",
        "Ask the administrator to add the name with --host.",
    ),
    "INTERNAL": _e(
        500,
        "서버에서 오류가 발생했습니다.",
        "잠시 후 다시 시도하고, 계속되면 시각과 함께 관리자에게 알려 주세요.",
        "The server made an error.",
        "Try again shortly; if it goes on, tell the administrator the time it happened.",
    ),
    "STORE_BUSY": _e(
        503, "서버가 바쁩니다.", "잠시 후 다시 시도하세요.", "The server is busy.", "Try again in a moment."
    ),
    "STORE_FULL": _e(
        507,
        "서버의 저장 공간이 부족합니다.",
        "관리자에게 디스크 공간을 확보하도록 알려 주세요.",
        "The server's disk is full.",
        "Ask the administrator to free disk space.",
    ),
    "LOGIN_REQUIRED": _e(401, "로그인이 필요합니다.", "다시 로그인하세요.", "You are not logged in.", "Log in again."),
    "FORBIDDEN": _e(
        403,
        "이 작업을 할 권한이 없습니다.",
        "필요하면 관리자에게 권한을 요청하세요.",
        "Your account may not do that.",
        "Ask an administrator for the right if you need it.",
    ),
    "CSRF": _e(
        403,
        "페이지의 보안 토큰이 맞지 않습니다.",
        "페이지를 새로 고치고 다시 시도하세요.",
        "The page's security token does not fit.",
        "Reload the page and try again.",
    ),
    "CROSS_SITE": _e(
        403,
        "다른 사이트에서 온 요청은 받지 않습니다.",
        "이 서버의 페이지에서 직접 시도하세요.",
        "Requests from other sites are refused.",
        "Use this server's own pages.",
    ),
    "LOGIN_FAILED": _e(
        401,
        "회사코드, 아이디 또는 비밀번호가 맞지 않습니다.",
        "세 항목을 모두 확인하고 다시 입력하세요.",
        "Company code, ID or password is wrong.",
        "Check all three and try again.",
    ),
    "TOTP_REQUIRED": _e(
        401,
        "2단계 인증번호가 필요합니다.",
        "인증 앱에 표시된 6자리 번호를 입력하세요.",
        "A two-step code is needed.",
        "Enter the six digits that your authenticator app shows.",
    ),
    "TOTP_WRONG": _e(
        401,
        "2단계 인증번호가 맞지 않습니다.",
        "인증 앱의 새 번호와 휴대폰 시각을 확인하세요.",
        "The two-step code is wrong.",
        "Use a fresh code and check your phone's clock.",
    ),
    "TOTP_NOT_BEGUN": _e(
        409,
        "2단계 인증 설정이 시작되지 않았습니다.",
        "설정을 처음부터 다시 시작하세요.",
        "Two-step set-up has not been started.",
        "Start the set-up again.",
    ),
    "ADDRESS_DENIED": _e(
        403,
        "이 위치(IP)에서는 로그인할 수 없습니다.",
        "관리자에게 접속 허용 IP 등록을 요청하세요.",
        "This account may not log in from this address.",
        "Ask an administrator to allow your address.",
    ),
    "ACCOUNT_LOCKED": _e(
        403, "사용이 중지된 계정입니다.", "관리자에게 문의하세요.", "This account is disabled.", "Ask an administrator."
    ),
    "LOGIN_LOCKED": _e(
        403,
        "비밀번호를 여러 번 잘못 입력하여 계정이 잠겼습니다.",
        "30분 뒤에 다시 시도하거나 관리자에게 잠금 해제를 요청하세요.",
        "The account is locked after too many wrong passwords.",
        "Try again in 30 minutes, or ask an administrator to release it.",
    ),
    "NOT_YOUR_GROUP": _e(
        403,
        "그룹관리자는 자기 그룹의 상담원만 관리할 수 있습니다.",
        "회사 관리자에게 요청하세요.",
        "A group administrator manages operators of the own group only.",
        "Ask an administrator of the company.",
    ),
    "NAME_TAKEN": _e(
        409,
        "같은 이름이 이미 있습니다.",
        "다른 이름을 입력하세요.",
        "This name is already in use.",
        "Enter another name.",
    ),
    "TEAM_NOT_EMPTY": _e(
        409,
        "그룹에 계정이 남아 있습니다.",
        "계정을 다른 그룹으로 옮긴 뒤 삭제하세요.",
        "The group still has accounts.",
        "Move them to another group first.",
    ),
    "OWN_ADDRESS": _e(
        409,
        "지금 접속한 주소가 목록에 없어 스스로 접속할 수 없게 됩니다.",
        "현재 주소를 포함하여 다시 저장하세요.",
        "Your own address is not in the list: you would lock yourself out.",
        "Add the address you are using and save again.",
    ),
    "LINK_UNKNOWN": _e(
        404,
        "등록되지 않은 초대 주소입니다.",
        "문자로 받은 주소를 끝까지 그대로 입력했는지 확인하세요.",
        "This invitation address is not known.",
        "Check that you entered the whole address from the message.",
    ),
    "LINK_USED": _e(
        410,
        "이미 사용한 초대 주소입니다.",
        "상담원에게 새 문자를 요청하거나 접속번호를 직접 입력하세요.",
        "This invitation has been used already.",
        "Ask your operator for a new message, or enter the connection number.",
    ),
    "LINK_EXPIRED": _e(
        410,
        "유효 시간이 지났거나 취소된 초대 주소입니다.",
        "상담원에게 새 문자를 요청하세요.",
        "This invitation is over: its time has passed, or the operator took it back.",
        "Ask your operator for a new message.",
    ),
    "SMS_OFF": _e(
        409,
        "이 회사는 문자 발송을 사용하지 않습니다.",
        "필요하면 관리자에게 요청하세요.",
        "Your company does not use text messages.",
        "Ask your administrator if you need them.",
    ),
    "SMS_NOT_WAITING": _e(
        409,
        "고객을 기다리는 세션에서만 문자를 보낼 수 있습니다.",
        "새 접속번호를 받은 뒤 다시 보내세요.",
        "Only a session that waits for its customer can be sent.",
        "Get a new connection number and send again.",
    ),
    "SMS_NUMBER": _e(
        400,
        "전화번호가 올바르지 않습니다.",
        "010-1234-5678과 같이 입력하세요.",
        "That is not a telephone number.",
        "Enter it like 010-1234-5678, or with + and the country code.",
    ),
    "SMS_PREFIX": _e(
        400,
        "이 번호로는 문자를 보낼 수 없습니다.",
        "허용된 국가와 번호대인지 확인하고, 필요하면 관리자에게 요청하세요.",
        "Messages to this number are not allowed.",
        "Check the country and the kind of number; ask your administrator if you need it.",
    ),
    "SMS_OPERATOR_LIMIT": _e(
        429,
        "오늘 보낼 수 있는 문자를 모두 보냈습니다.",
        "내일 다시 보내거나 관리자에게 한도를 늘려 달라고 요청하세요.",
        "You have sent all messages that you may send in a day.",
        "Send again tomorrow, or ask your administrator for a higher limit.",
    ),
    "SMS_NUMBER_LIMIT": _e(
        429,
        "이 번호로 하루에 보낼 수 있는 문자를 모두 보냈습니다.",
        "고객에게 접속번호를 말로 알려 주세요.",
        "This number has got all messages that it may get in a day.",
        "Tell the customer the connection number instead.",
    ),
    "SMS_COMPANY_LIMIT": _e(
        429,
        "회사의 월간 문자 한도에 이르렀습니다.",
        "관리자에게 한도를 늘려 달라고 요청하세요.",
        "Your company has reached its monthly limit of messages.",
        "Ask your administrator for a higher limit.",
    ),
    "SMS_CONFIRM": _e(
        409,
        "짧은 시간에 문자를 여러 번 보냈습니다.",
        "정말 보내려면 한 번 더 확인하세요.",
        "You have sent many messages in a short time.",
        "Confirm once more if you mean it.",
    ),
    "SMS_TOO_LONG": _e(
        400,
        "문자가 너무 깁니다.",
        "더 짧은 템플릿을 선택하세요.",
        "The message is too long.",
        "Choose a shorter template.",
    ),
    "SMS_CHARACTERS": _e(
        400,
        "문자로 보낼 수 없는 글자가 있습니다.",
        "표시된 글자를 템플릿이나 이름에서 빼세요.",
        "The message has characters that cannot be sent.",
        "Take the characters shown out of the template or the name.",
    ),
    "SMS_TEMPLATE_LIMIT": _e(
        409,
        "템플릿은 50개까지 만들 수 있습니다.",
        "쓰지 않는 템플릿을 지우세요.",
        "A company can have 50 templates.",
        "Remove one that is not used.",
    ),
    "SMS_GATEWAY_LIMIT": _e(
        409,
        "게이트웨이는 20개까지 등록할 수 있습니다.",
        "쓰지 않는 게이트웨이를 지우세요.",
        "A company can have 20 gateways.",
        "Remove one that is not used.",
    ),
    "TOO_MANY_TRIES": _e(
        429,
        "시도 횟수가 너무 많습니다.",
        "잠시 기다렸다가 다시 시도하세요.",
        "Too many tries.",
        "Wait a little and try again.",
    ),
    "PASSWORD_WEAK": _e(
        400,
        "비밀번호가 너무 짧거나 흔합니다.",
        "8자 이상, 흔하지 않은 비밀번호를 사용하세요. 15자 이상을 권장합니다.",
        "The password is too short or too common.",
        "Use at least 8 characters that are not a common password; 15 are better.",
    ),
    "PASSWORD_CHANGE_FIRST": _e(
        403,
        "관리자가 만든 비밀번호를 먼저 바꿔야 합니다.",
        "새 비밀번호를 정한 뒤 다시 시도하세요.",
        "A password that somebody else made has to be changed first.",
        "Set a new password, then try again.",
    ),
    "PASSWORD_WRONG": _e(
        400,
        "현재 비밀번호가 맞지 않습니다.",
        "현재 비밀번호를 다시 입력하세요.",
        "The current password is wrong.",
        "Enter the current password again.",
    ),
    "ID_TAKEN": _e(
        409, "이미 사용 중인 아이디입니다.", "다른 아이디를 입력하세요.", "That ID is in use.", "Choose another ID."
    ),
    "OWN_ACCOUNT": _e(
        409,
        "자신의 계정에는 할 수 없는 작업입니다.",
        "다른 관리자에게 요청하세요.",
        "You cannot do that to your own account.",
        "Ask another administrator.",
    ),
    "CODE_TAKEN": _e(
        409,
        "이미 있는 코드입니다.",
        "다른 코드를 입력하세요.",
        "There is one with this code already.",
        "Choose another code.",
    ),
    "FAULT_TYPE_LIMIT": _e(
        409,
        "장애유형이 너무 많습니다.",
        "쓰지 않는 장애유형의 이름을 바꾸어 쓰세요.",
        "There are too many fault types.",
        "Rename one that is not used any more.",
    ),
    "FAVOURITE_LIMIT": _e(
        409,
        "즐겨찾기가 너무 많습니다.",
        "쓰지 않는 즐겨찾기를 삭제한 뒤 다시 등록하세요.",
        "There are too many favourites.",
        "Remove some that you do not use, then try again.",
    ),
    "SESSION_LIMIT": _e(
        409,
        "동시에 대기·제어할 수 있는 세션은 최대 6개입니다.",
        "사용하지 않는 접속번호를 취소하거나 상담을 끝낸 뒤 다시 누르세요.",
        "Six sessions at once is the limit, waiting and working together.",
        "Cancel an unused number or end a session first.",
    ),
    "SESSION_STATE": _e(
        409,
        "세션의 현재 상태에서는 할 수 없는 작업입니다.",
        "목록에서 상태를 확인하세요.",
        "The session's state does not allow that.",
        "Look at its state in the list.",
    ),
    "AGENT_OFFLINE": _e(
        409,
        "고객 PC와 연결되어 있지 않습니다.",
        "다시 연결될 때까지 기다리거나 고객에게 인터넷 상태를 물어보세요.",
        "The customer's PC is not connected.",
        "Wait for it to come back or ask the customer about the network.",
    ),
    "NUMBER_UNKNOWN": _e(
        404,
        "사용할 수 없는 접속번호입니다.",
        "상담원이 알려 준 번호를 다시 확인하고 입력하세요.",
        "That connection number cannot be used.",
        "Check the number with your support operator and enter it again.",
    ),
    "JOIN_REPLACED": _e(
        409,
        "이 접속번호가 다른 창이나 프로그램에서 다시 입력되었습니다.",
        "본인이 입력했다면 그쪽에서 계속하세요. 아니라면 상담원에게 알리고 새 번호를 받으세요.",
        "This connection number was entered again in another window or program.",
        "If that was you, go on there. If not, tell the operator and ask for a new number.",
    ),
    "RECEIPT_OVER": _e(
        404,
        "이 원격지원 내역은 더 이상 볼 수 없습니다.",
        "내역은 일주일 동안 볼 수 있습니다. 필요하면 상담한 회사에 문의하세요.",
        "This record of remote support can no longer be shown.",
        "It is shown for a week. Please ask the company that supported you.",
    ),
    "SURVEY_OVER": _e(
        409,
        "이미 평가했거나 평가 기간이 지났습니다.",
        "더 할 말이 있으면 상담한 회사에 알려 주세요.",
        "This survey was answered already, or its time is over.",
        "If you have more to say, please tell the company.",
    ),
    "NUMBER_FORMAT": _e(
        400,
        "접속번호는 숫자 4~9자리입니다.",
        "상담원이 알려 준 숫자만 입력하세요.",
        "A connection number has 4 to 9 digits.",
        "Enter only the digits that the operator reads out.",
    ),
    "OPERATOR_NOT_WAITING": _e(
        409,
        "선택한 상담원이 지금 대기 중이 아닙니다.",
        "목록을 새로 고치고 다시 선택하세요.",
        "That operator is not waiting now.",
        "Refresh the list and choose again.",
    ),
    "COMPANY_UNKNOWN": _e(
        404,
        "등록되지 않은 회사코드입니다.",
        "회사코드를 확인하세요.",
        "That company code is not known.",
        "Check the company code.",
    ),
    "PAGE_MODE": _e(
        403,
        "이 회사는 이 접속 방식을 사용하지 않습니다.",
        "상담원이 안내하는 방식으로 접속하세요.",
        "This company does not use that way to connect.",
        "Connect as the operator tells you.",
    ),
    "CONSENT_VERSION": _e(
        409,
        "동의 내용이 바뀌었습니다.",
        "새 내용을 읽고 다시 선택하세요.",
        "The consent text has changed.",
        "Read the new text and choose again.",
    ),
    "TOKEN_INVALID": _e(
        403,
        "다운로드 링크의 유효 시간이 지났습니다.",
        "고객 접속 페이지에서 번호를 다시 입력하세요.",
        "The download's token is no longer valid.",
        "Enter the number again on the customer page.",
    ),
    "NO_AGENT_RELEASE": _e(
        409,
        "이 서버에 배포할 에이전트 업데이트가 없습니다.",
        "서명된 배포 파일(agent-release.json)과 프로그램을 프로그램 폴더에 넣고 서버를 다시 시작하세요.",
        "This server has no agent update to hand out.",
        "Put the signed release (agent-release.json) and its programs into the programs folder and restart the server.",
    ),
    "PROGRAM_MISSING": _e(
        404,
        "이 운영체제용 프로그램이 이 서버에 없습니다.",
        "상담원에게 알려 주세요. 관리자가 프로그램을 올려야 합니다.",
        "This server has no program for that system.",
        "Tell the operator; an administrator has to add it.",
    ),
    "REASON_NEEDED": _e(
        400,
        "사유를 입력해야 합니다.",
        "수정 사유를 적고 다시 저장하세요.",
        "A reason is needed.",
        "Write the reason and save again.",
    ),
    "DEVICE_UNKNOWN": _e(
        404,
        "이 PC는 등록되어 있지 않습니다.",
        "이 PC에서 다시 등록하세요.",
        "This PC is not registered.",
        "Register it again on the PC itself.",
    ),
    "DEVICE_OFFLINE": _e(
        409,
        "지금은 이 기기에 연결할 수 없습니다.",
        "PC가 켜져 있고 네트워크에 연결되어 있는지 확인하세요.",
        "This device cannot be reached now.",
        "Check that the PC is on and has a network.",
    ),
    "DEVICE_BUSY": _e(
        409,
        "다른 상담이 이 기기에 연결되어 있습니다.",
        "그 상담이 끝난 뒤 다시 시도하세요.",
        "Another session is connected to this device.",
        "Try again when that session has ended.",
    ),
    "DEVICE_CLONED": _e(
        409,
        "두 대의 PC가 같은 기기 키로 접속했습니다.",
        "관리자가 기기를 등록 해제한 뒤 두 PC에서 각각 다시 등록해야 합니다.",
        "Two PCs have come with the same device key.",
        "An administrator has to unregister the device; then register each PC anew.",
    ),
    "DEVICE_CLOSED_NOW": _e(
        409,
        "지금은 이 기기에 연결할 수 있는 시간이 아닙니다.",
        "허용된 요일과 시간에 다시 시도하거나 관리자에게 문의하세요.",
        "This device may not be connected to at this time.",
        "Try again in the hours that are allowed, or ask an administrator.",
    ),
    "VISIT_REASON_NEEDED": _e(
        409,
        "이 기기에 연결하려면 사유를 적어야 합니다.",
        "연결 사유를 적은 뒤 다시 연결하세요.",
        "A reason is needed to connect to this device.",
        "Say why, then connect again.",
    ),
    "SECOND_PERSON_NEEDED": _e(
        409,
        "이 기기에 연결하려면 다른 사람의 승인이 필요합니다.",
        "사유를 적어 승인을 요청하세요.",
        "A second person has to approve a connection to this device.",
        "Ask for the approval with a reason.",
    ),
    "OWN_REQUEST": _e(
        403,
        "자신의 요청은 승인하거나 거절할 수 없습니다.",
        "다른 상담원이나 관리자에게 부탁하세요.",
        "Nobody decides a request of his own.",
        "Ask another operator or an administrator.",
    ),
    "REQUEST_OVER": _e(
        409,
        "이 요청은 이미 처리되었거나 시간이 지났습니다.",
        "필요하면 다시 요청하세요.",
        "This request was decided before, or its time is over.",
        "Make a new request if it is still needed.",
    ),
    "GROUP_UNKNOWN": _e(
        400,
        "그런 이름의 그룹이 없습니다.",
        "관리자 페이지에 있는 그룹 이름을 입력하거나 비워 두세요.",
        "There is no group of that name.",
        "Use a group that exists on the admin page, or none.",
    ),
    "GROUP_NAME_TAKEN": _e(
        409,
        "같은 위치에 같은 이름의 그룹이 있습니다.",
        "다른 이름을 입력하세요.",
        "There is a group of that name in the same place.",
        "Choose another name.",
    ),
    "ENROLMENT_TOKEN": _e(
        403,
        "등록 토큰이 올바르지 않거나 만료되었습니다.",
        "관리자에게 새 토큰을 받거나, 토큰 없이 등록하고 승인을 기다리세요.",
        "The enrolment token is wrong, used up or expired.",
        "Get a new one from an administrator, or register without it and wait for approval.",
    ),
    "DEVICE_OUT_OF_REACH": _e(
        409,
        "그 상담원은 이 기기에 접근할 수 없습니다.",
        "기기 그룹에 허용된 상담원 그룹을 관리자에게 확인하거나 다른 상담원을 선택하세요.",
        "That operator does not reach this device.",
        "Ask an administrator which operator groups its device group is for, or choose another operator.",
    ),
    "CHAT_NOT_KEPT": _e(
        409,
        "이 회사는 채팅을 상담 기록에 보관하지 않습니다.",
        "보관하려면 관리자가 회사 설정에서 '채팅 보관'을 켜야 합니다.",
        "This company does not keep chat with the record.",
        "An administrator can switch it on in the company settings.",
    ),
    "GROUP_RESTRICTED": _e(
        409,
        "일부 상담원 그룹에만 허용된 기기 그룹이라 비어 있지 않으면 삭제할 수 없습니다.",
        "기기를 다른 그룹으로 옮기거나 접근 제한을 먼저 해제하세요.",
        "This device group is for some operator groups only; it cannot be deleted while anything is in it.",
        "Move its devices elsewhere, or lift the restriction first.",
    ),
    "OPERATOR_AWAY": _e(
        409,
        "그 상담원은 지금 로그인해 있지 않습니다.",
        "다른 상담원을 선택하거나 잠시 후 다시 시도하세요.",
        "That operator is not logged in now.",
        "Choose another one, or try again shortly.",
    ),
    "OFFER_OPEN": _e(
        409,
        "같은 요청에 대한 답을 기다리고 있습니다.",
        "답이 오거나 시간이 지난 뒤 다시 시도하세요.",
        "The same request is waiting for its answer.",
        "Try again after it was answered or has run out.",
    ),
    "OFFER_OVER": _e(
        409,
        "이미 끝난 요청입니다.",
        "필요하면 상대 상담원에게 다시 요청하도록 알려 주세요.",
        "This request is over.",
        "Ask the other operator to send it again.",
    ),
    "VIEWER_LIMIT": _e(
        409,
        "한 원격지원은 창 4개까지만 함께 볼 수 있습니다.",
        "열려 있는 창을 하나 닫은 뒤 다시 시도하세요.",
        "At most four windows can show one session.",
        "Close one of them and try again.",
    ),
    "SENT_AWAY": _e(
        409,
        "고객이 이 상담원의 참여를 거절했습니다.",
        "이 원격지원에는 다른 상담원을 초대하세요.",
        "The customer sent this operator away.",
        "Invite another operator to this session.",
    ),
    "NOT_WATCHING": _e(
        409,
        "그 상담원은 이 화면을 함께 보고 있지 않습니다.",
        "먼저 함께 보기에 초대하세요.",
        "That operator does not watch this session.",
        "Invite him or her to watch first.",
    ),
    "TOO_MANY_DEVICES": _e(
        429,
        "승인을 기다리는 기기가 너무 많습니다.",
        "관리자가 대기 중인 기기를 처리한 뒤 다시 시도하세요.",
        "Too many devices are waiting for approval.",
        "Try again after an administrator has dealt with them.",
    ),
    **{code: _e(*entry) for code, entry in RECORDING_ERRORS.items()},
}


class ApiError(Exception):
    """Raised by handlers and rules; becomes the response. `fields`: field name -> what is wrong with it."""

    def __init__(
        self, code: str, *, details: Mapping[str, Any] | None = None, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = CATALOGUE[code].status
        self.details = details
        self.fields = fields

    def body(self, language: Language) -> dict[str, Any]:
        text = CATALOGUE[self.code].text(language)
        return {
            "error": {
                "code": self.code,
                "message": text.message,
                "next_step": text.next_step,
                "details": dict(self.details) if self.details else None,
                "fields": dict(self.fields) if self.fields else None,
            }
        }


def language_of(header: str | None) -> Language:
    """Accept-Language -> the first of our languages that it names; Korean when it names none."""
    for part in (header or "").split(",")[:20]:
        tag = part.split(";")[0].strip().lower()[:2]
        if tag == "ko":
            return "ko"
        if tag == "en":
            return "en"
    return "ko"
