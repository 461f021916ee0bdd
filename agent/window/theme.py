"""Fonts, colours and pictures of the window."""

from __future__ import annotations

import sys
import tkinter
import tkinter.font
from tkinter import ttk

INK = "#1d2733"
MUTED = "#5b6776"
PAPER = "#ffffff"
BRAND = "#1f4e8c"
BRAND_DARK = "#173b6a"
LINE = "#d5dbe3"
ALARM = "#b3261e"
ALARM_DARK = "#8c1d18"
WARNING_PAPER = "#fff4d6"
WARNING_INK = "#6b4a00"
GOOD = "#1b7a3d"

KOREAN_FONTS = (
    "Malgun Gothic",
    "맑은 고딕",
    "Apple SD Gothic Neo",
    "NanumGothic",
    "나눔고딕",
    "NanumBarunGothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "UnDotum",
)
ICON_SIZE = 36


def become_dpi_aware() -> None:
    """Before the first window: else Windows shows an enlarged, blurred picture of it."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(1)


class Theme:
    """Applied to the whole program at once; keep it as long as the windows live, it holds their fonts and pictures."""

    def __init__(self, root: tkinter.Tk) -> None:
        family = korean_family(set(tkinter.font.families(root)))
        self.text = self._font(root, family, 10)
        self.strong = self._font(root, family, 10, bold=True)
        self.small = self._font(root, family, 9)
        self.title = self._font(root, family, 15, bold=True)
        self.number = self._font(root, family, 20)
        self.person = person_icon(root)
        # Not option_add("*Font"): ttk widgets would take it before their style's font.
        for name in ("TkDefaultFont", "TkTextFont", "TkMenuFont"):
            tkinter.font.nametofont(name, root).configure(family=family, size=10)
        root.configure(background=PAPER)
        self._style(ttk.Style(root))

    @staticmethod
    def _font(root: tkinter.Tk, family: str, size: int, bold: bool = False) -> tkinter.font.Font:
        weight: str = "bold" if bold else "normal"
        return tkinter.font.Font(root, family=family, size=size, weight=weight)  # type: ignore[arg-type]

    def _style(self, style: ttk.Style) -> None:
        # One look everywhere: the native themes do not let buttons be coloured.
        style.theme_use("clam")
        style.configure(".", background=PAPER, foreground=INK, font=self.text, bordercolor=LINE, focuscolor=BRAND)
        style.configure("Title.TLabel", font=self.title)
        style.configure("Muted.TLabel", foreground=MUTED)
        style.configure("Small.TLabel", foreground=MUTED, font=self.small)
        style.configure("Error.TLabel", foreground=ALARM)
        style.configure("Field.TEntry", padding=6, fieldbackground=PAPER)
        style.configure("TButton", padding=(12, 6), background="#eef2f7", lightcolor=PAPER)
        style.map("TButton", background=[("active", "#dfe7f1")])
        style.configure("Primary.TButton", background=BRAND, foreground=PAPER, font=self.strong, **_flat(BRAND))
        style.map(
            "Primary.TButton",
            background=[("disabled", "#aab6c6"), ("active", BRAND_DARK)],
            foreground=[("disabled", PAPER)],
        )
        faded = [("disabled", "#aab6c6")]
        style.map("Primary.TButton", lightcolor=faded, darkcolor=faded, bordercolor=faded)
        style.configure("Danger.TButton", background=ALARM, foreground=PAPER, font=self.strong, **_flat(ALARM))
        style.map("Danger.TButton", background=[("disabled", "#d9a6a3"), ("active", ALARM_DARK)])
        style.configure("Link.TButton", background=PAPER, foreground=BRAND, borderwidth=0, padding=(4, 4))
        style.map("Link.TButton", background=[("active", "#eef2f7")])
        style.configure("Person.TButton", anchor="w", padding=8, font=self.strong)
        style.configure("TCheckbutton", background=PAPER)
        style.map("TCheckbutton", background=[("active", PAPER)])
        style.configure("TProgressbar", background=BRAND, troughcolor="#eef2f7")


def _flat(colour: str) -> dict[str, str]:
    """Without the light and dark edges that this theme draws."""
    return {"lightcolor": colour, "darkcolor": colour, "bordercolor": colour}


def korean_family(available: set[str]) -> str:
    """The first font with Hangul that is installed, else the system's own choice."""
    return next((family for family in KOREAN_FONTS if family in available), "TkDefaultFont")


def person_icon(root: tkinter.Tk) -> tkinter.PhotoImage:
    """Head and shoulders in the brand's colour, drawn here: no file to lose when the program is frozen."""
    image = tkinter.PhotoImage(master=root, width=ICON_SIZE, height=ICON_SIZE)
    middle = ICON_SIZE / 2
    for y in range(ICON_SIZE):
        for x in range(ICON_SIZE):
            head = (x + 0.5 - middle) ** 2 + (y + 0.5 - ICON_SIZE * 0.3) ** 2 <= (ICON_SIZE * 0.2) ** 2
            dx, dy = (x + 0.5 - middle) / (ICON_SIZE * 0.4), (y + 0.5 - ICON_SIZE * 0.94) / (ICON_SIZE * 0.38)
            shoulders = dx * dx + dy * dy <= 1 and y < ICON_SIZE * 0.94
            if head or shoulders:
                image.put(BRAND, (x, y))
    return image
