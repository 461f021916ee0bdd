; Set-up of the device agent on Windows. Compiled by tools/make-nsis, with:
;   /DVERSION=1.2.3  /DPROGRAM=path of wizhelper-access-windows-x86_64.exe  /DOUTPUT=file to write  [/DSIGN=command of the firm's certificate]
;
; Silent: wizhelper-agent-setup.exe /S /SERVER=host:port /COMPANY=code [/TOKEN=token] [/CA=file] [/NAME=name] [/D=C:\folder]
; The address is given without "https://": the set-up's own parser takes what follows a slash for the next parameter.
; Exit status: 0 done, 1 cancelled, 2 no rights or no space, 3 a newer version is installed, 4 registration refused.

Unicode true
Target amd64-unicode
!include LogicLib.nsh
!include FileFunc.nsh
!include WordFunc.nsh
!include x64.nsh

!define NAME "WizHelper Agent"
!define TASK "WizHelper Agent"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\WizHelperAgent"

Name "${NAME}"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\WizHelper Agent"
RequestExecutionLevel admin
SetCompressor lzma
ManifestDPIAware true
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "CompanyName" "WizHelper"
VIAddVersionKey "FileDescription" "${NAME} set-up"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "WizHelper"
!ifdef SIGN
  !finalize '${SIGN} "%1"'
  !uninstfinalize '${SIGN} "%1"'
!endif

LoadLanguageFile "${NSISDIR}\Contrib\Language files\English.nlf"
LoadLanguageFile "${NSISDIR}\Contrib\Language files\Korean.nlf"
LangString NO_RIGHTS ${LANG_ENGLISH} "Administrator rights are needed. Start the set-up as administrator."
LangString NO_RIGHTS ${LANG_KOREAN} "관리자 권한이 필요합니다. 관리자 권한으로 설치 프로그램을 실행하세요."
LangString NO_SPACE ${LANG_ENGLISH} "Not enough space on this disk. Make room and start the set-up again."
LangString NO_SPACE ${LANG_KOREAN} "디스크 공간이 부족합니다. 공간을 확보한 뒤 다시 설치하세요."
LangString NEWER ${LANG_ENGLISH} "A newer version is installed. Nothing was changed."
LangString NEWER ${LANG_KOREAN} "더 새로운 버전이 설치되어 있습니다. 아무것도 바꾸지 않았습니다."
LangString REFUSED ${LANG_ENGLISH} "The appliance did not register this PC. The program is installed; enrol it with wizhelper-agent.exe enroll."
LangString REFUSED ${LANG_KOREAN} "서버가 이 PC를 등록하지 않았습니다. 프로그램은 설치되었으니 wizhelper-agent.exe enroll 로 등록하세요."

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Var SERVER
Var COMPANY
Var TOKEN
Var CA
Var DEVICE

!macro GiveUp TEXT STATUS
  IfSilent +2
  MessageBox MB_ICONSTOP|MB_OK "${TEXT}"
  SetErrorLevel ${STATUS}
  Quit
!macroend

Function .onInit
  SetRegView 64
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 != "Admin"
    !insertmacro GiveUp "$(NO_RIGHTS)" 2
  ${EndIf}
  ReadRegStr $0 HKLM "${UNINSTALL}" "DisplayVersion"
  ${If} $0 != ""
    ${VersionCompare} "$0" "${VERSION}" $1
    ${If} $1 == 1
      !insertmacro GiveUp "$(NEWER)" 3
    ${EndIf}
  ${EndIf}
  ${GetParameters} $9
  ${GetOptions} $9 "/SERVER=" $SERVER
  ${GetOptions} $9 "/COMPANY=" $COMPANY
  ${GetOptions} $9 "/TOKEN=" $TOKEN
  ${GetOptions} $9 "/CA=" $CA
  ${GetOptions} $9 "/NAME=" $DEVICE
FunctionEnd

; The task that runs the agent; ended before its program is replaced or removed.
!macro StopAgent
  nsExec::Exec 'schtasks /end /tn "${TASK}"'
  Pop $0
  nsExec::Exec 'taskkill /f /im wizhelper-agent.exe'
  Pop $0
!macroend

Section "agent"
  SetRegView 64
  SetOutPath "$INSTDIR"
  ClearErrors
  File /oname=wizhelper-agent.new "${PROGRAM}"
  ${If} ${Errors}
    Delete "$INSTDIR\wizhelper-agent.new"
    RMDir "$INSTDIR"
    !insertmacro GiveUp "$(NO_SPACE)" 2
  ${EndIf}
  !insertmacro StopAgent
  Delete "$INSTDIR\wizhelper-agent.exe"
  Rename "$INSTDIR\wizhelper-agent.new" "$INSTDIR\wizhelper-agent.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${UNINSTALL}" "Publisher" "WizHelper"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayIcon" "$INSTDIR\wizhelper-agent.exe"
  WriteRegStr HKLM "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  ; With the desktop of whoever logs on, and with that person's highest rights: a service of session 0 sees no desktop.
  nsExec::Exec 'schtasks /create /f /tn "${TASK}" /sc onlogon /rl highest /tr "\"$INSTDIR\wizhelper-agent.exe\" device"'
  Pop $0
  ${If} $SERVER != ""
    StrCpy $1 '"$INSTDIR\wizhelper-agent.exe" enroll --server "https://$SERVER" --company "$COMPANY"'
    ${If} $TOKEN != ""
      StrCpy $1 '$1 --token "$TOKEN"'
    ${EndIf}
    ${If} $CA != ""
      StrCpy $1 '$1 --ca "$CA"'
    ${EndIf}
    ${If} $DEVICE != ""
      StrCpy $1 '$1 --name "$DEVICE"'
    ${EndIf}
    nsExec::Exec $1
    Pop $0
    ${If} $0 != 0
      SetErrorLevel 4
      IfSilent +2
      MessageBox MB_ICONEXCLAMATION|MB_OK "$(REFUSED)"
    ${EndIf}
  ${EndIf}
  nsExec::Exec 'schtasks /run /tn "${TASK}"'
  Pop $0
SectionEnd

Section "Uninstall"
  SetRegView 64
  !insertmacro StopAgent
  nsExec::Exec 'schtasks /delete /f /tn "${TASK}"'
  Pop $0
  Delete "$INSTDIR\wizhelper-agent.exe"
  Delete "$INSTDIR\wizhelper-agent.new"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  SetShellVarContext all
  RMDir /r "$APPDATA\WizHelper"
  DeleteRegKey HKLM "${UNINSTALL}"
SectionEnd
