#!/bin/bash
# Removes what setup_wizhelper_x86_64.run has installed for this person; a registered device is unregistered on the appliance.
set -eu
target="$HOME/ahranta/wizhelper"
folder="$(xdg-user-dir DESKTOP 2>/dev/null || true)"
rm -f "${folder:-$HOME/Desktop}/run.desktop" "$HOME/Desktop/run.desktop" "$HOME/.config/autostart/wizhelper-resume.desktop"
rm -rf "$target" "$target.new" "$target.old" "${XDG_STATE_HOME:-$HOME/.local/state}/wizhelper"
rmdir "$HOME/ahranta" 2>/dev/null || true
echo "WizHelper is removed."
