"""A window with a text field, run as a program: prints its content as a JSON line after every change."""

from __future__ import annotations

import json
import tkinter


def main() -> None:
    root = tkinter.Tk()
    root.geometry("600x300+0+0")
    field = tkinter.Text(root)
    field.pack(fill="both", expand=True)

    def report(_event: object) -> None:
        print(json.dumps(field.get("1.0", "end-1c")), flush=True)
        field.edit_modified(False)

    field.bind("<<Modified>>", report)
    root.update()
    field.focus_force()
    root.after(200, lambda: print(json.dumps(""), flush=True))
    root.mainloop()


if __name__ == "__main__":
    main()
