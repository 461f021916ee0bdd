"""The errors of recordings, for the one list in errors.py: code -> status, sentence and next step in Korean and English."""

from __future__ import annotations

from collections.abc import Mapping

RECORDING_ERRORS: Mapping[str, tuple[int, str, str, str, str]] = {
    "RECORDING_OFF": (
        409,
        "회사 정책에 따라 서버에 녹화할 수 없습니다.",
        "관리자 페이지의 녹화 설정을 확인하세요.",
        "The company's policy does not allow recordings on the server.",
        "Check the recording settings of the administration.",
    ),
    "RECORDING_NO_KEY": (
        409,
        "회사의 녹화 키가 없습니다.",
        "먼저 녹화 키를 만드세요.",
        "The company has no recording key.",
        "Make a recording key first.",
    ),
    "RECORDING_KEY_KNOWN": (
        409,
        "이미 등록된 녹화 키입니다.",
        "새 키를 만들어 등록하세요.",
        "This recording key is registered already.",
        "Make a new one.",
    ),
    "RECORDING_KEY_OLD": (
        409,
        "녹화 키가 바뀌었습니다.",
        "원격제어 창을 다시 열어 주세요.",
        "The recording key has changed.",
        "Open the control window again.",
    ),
    "RECORDING_CLOSED": (
        409,
        "이미 끝난 녹화입니다.",
        "새로 녹화를 시작하세요.",
        "This recording is closed.",
        "Start a new one.",
    ),
    "RECORDING_ORDER": (
        409,
        "녹화 조각의 순서가 맞지 않습니다.",
        "다음에 보낼 조각 번호부터 다시 보내세요.",
        "The parts of the recording came out of order.",
        "Go on with the part that is asked for.",
    ),
    "RECORDING_HASH": (
        400,
        "녹화 조각이 도중에 바뀌었습니다.",
        "같은 조각을 다시 보내세요.",
        "A part of the recording was changed on its way.",
        "Send the same part again.",
    ),
    "RECORDING_QUOTA": (
        507,
        "회사에 정해진 녹화 용량을 모두 사용했습니다.",
        "관리자가 용량을 늘리거나 오래된 녹화를 삭제해야 합니다.",
        "The company's space for recordings is used up.",
        "An administrator has to raise the limit or delete old recordings.",
    ),
    "RECORDING_DISK": (
        507,
        "서버의 디스크가 거의 찼습니다. 녹화를 더 저장할 수 없습니다.",
        "관리자에게 디스크 공간을 확보하도록 알려 주세요.",
        "The server's disk is nearly full. No more recordings can be kept.",
        "Ask the administrator to free disk space.",
    ),
    "RECORDING_RIGHT": (
        403,
        "이 작업은 녹화 권한 설정에서 허용되지 않았습니다.",
        "관리자에게 녹화 권한을 요청하세요.",
        "The recording rights do not allow this.",
        "Ask an administrator for the right.",
    ),
    "RECORDING_TICKET": (
        403,
        "녹화를 여는 절차가 만료되었습니다.",
        "녹화를 다시 여세요.",
        "The recording has to be opened again.",
        "Open it again.",
    ),
    "RECORDING_HELD": (
        409,
        "보존하도록 표시된 녹화입니다.",
        "보존을 해제한 뒤 삭제하세요.",
        "The recording is on hold.",
        "Release the hold before deleting it.",
    ),
    "RECORDING_DAMAGED": (
        410,
        "서버의 녹화 파일이 손상되었습니다.",
        "백업에서 복구할 수 있는지 관리자에게 문의하세요.",
        "The file of the recording on the server is damaged.",
        "Ask the administrator whether a backup has it.",
    ),
}
