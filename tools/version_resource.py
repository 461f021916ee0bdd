"""The version resource of a Windows program, as PyInstaller reads it: programs without one look like malware to scanners.

usage: version_resource.py NAME > FILE
"""

from __future__ import annotations

import re
import sys

from wizhelper import __version__

PRODUCT = "WizHelper"
#: US English, Unicode.
LANGUAGE, CODE_PAGE = 0x0409, 1200


def four(version: str) -> tuple[int, ...]:
    """ "1.2.dev3" -> (1, 2, 3, 0)"""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return tuple([*numbers, 0, 0, 0, 0][:4])


def resource(name: str, version: str = __version__) -> str:
    words = {
        "CompanyName": PRODUCT,
        "FileDescription": f"{PRODUCT} remote support",
        "FileVersion": version,
        "InternalName": name,
        "OriginalFilename": f"{name}.exe",
        "ProductName": PRODUCT,
        "ProductVersion": version,
    }
    strings = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in words.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={four(version)}, prodvers={four(version)}, mask=0x3f, flags=0x0, OS=0x40004, "
        "fileType=0x1, subtype=0x0, date=(0, 0)), kids=["
        f"StringFileInfo([StringTable('{LANGUAGE:04x}{CODE_PAGE:04x}', [{strings}])]), "
        f"VarFileInfo([VarStruct('Translation', [{LANGUAGE}, {CODE_PAGE}])])])\n"
    )


if __name__ == "__main__":
    sys.stdout.write(resource(sys.argv[1]))
