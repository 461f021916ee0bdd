"""The text that explains an evidence pack to whoever receives it."""

from __future__ import annotations

from collections.abc import Mapping

from wizhelper.http.errors import Language

README: Mapping[Language, str] = {
    "ko": """WizHelper 상담 증거 자료

이 압축 파일에는 원격지원 상담 한 건에 대해 서버가 아는 모든 기록이 들어 있습니다.

session.json    상담 기록
events.json     진행 기록 (한 줄이라도 바뀌면 드러나는 해시 사슬)
transfers.json  주고받은 파일
consents.json   고객에게 보여 준 동의문과 답
chat.json       보관된 채팅 (상담원 콘솔이 전한 내용)
quality.json    화면 품질 (5초 간격)
recordings.json 서버에 보관한 녹화의 조각별 SHA-256과 그 사슬의 머리 값 (녹화 자체는 들어 있지 않음)
audit.json      감사 기록 중 이 상담의 줄
manifest.json   파일 목록과 SHA-256, manifest.sig 서버의 Ed25519 서명

확인하는 법: 압축을 풀고 그 폴더에서 다음을 실행합니다. Python 3.9 이상이면 되고 인터넷은 필요 없습니다.

    python verify.py --key 지문

지문은 관리자 화면의 [감사 기록]에 있는 증거 키 지문입니다. 이 파일과 다른 경로로 받아서 대조하세요.
지문 없이 실행하면 파일들이 서로 맞는지만 확인하며, 누가 만들었는지는 확인하지 못합니다.

증명하지 못하는 것: 서버를 마음대로 고칠 수 있는 사람이 포장하기 전에 바꾼 내용. 이를 가려내려면 서버 밖에 보관한
감사 기록의 머리 값을 wizhelper admin verify-audit --expect 로 대조하세요.
""",
    "en": """Evidence of one WizHelper session

This archive holds everything that the server knows of one remote support session.

session.json    the record
events.json     the timeline, a chain of hashes in which any change shows
transfers.json  files that were sent and received
consents.json   the consent text as the customer saw it, and the answer
chat.json       chat, where the company keeps it, as the operator's console told it
quality.json    picture quality, every five seconds
recordings.json recordings on the server: SHA-256 of each part and the head of their chain (not the recordings)
audit.json      the session's lines of the audit chain
manifest.json   list of files with SHA-256, manifest.sig the server's Ed25519 signature of it

To check it: unpack it and run this in the folder. Python 3.9 or newer is enough, without a network.

    python verify.py --key FINGERPRINT

The fingerprint is that of the evidence key on the administrators' page "Audit". Get it by another way than this file.
Without it only the files are checked against each other, not who made them.

What it cannot prove: what somebody changed before packing who has full power over the server. Against that, compare a head
of the audit chain that was kept elsewhere: wizhelper admin verify-audit --expect.
""",
}
