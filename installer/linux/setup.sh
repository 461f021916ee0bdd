#!/bin/bash
# Runs inside setup_wizhelper_x86_64.run, in the folder that was unpacked. No root; everything goes below $HOME.
# Whatever fails, fails before the program that is installed is touched: the new one is moved into its place as a whole.
set -u

version="$(cat VERSION)"
unpacked="$PWD"
: "${HOME:?}"
target="$HOME/ahranta/wizhelper"
fresh="$target.new"
force="${1:-}"

give_up() {
    rm -rf "$fresh"
    clean_up
    echo "! $1" >&2
    [ -n "${2:-}" ] && echo "  $2" >&2
    exit 1
}

clean_up() {  # what makeself has unpacked; never a folder of somebody else
    cd /
    case "$unpacked" in */wizhelper) [ -f "$unpacked/.unpacked" ] && rm -rf "$unpacked" ;; esac
}

newer() {  # is $1 newer than $2?
    [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$1" ]
}

echo "==================================================="
echo "= Starting.. WizHelper For Linux installer v1.0   ="
echo "==================================================="
echo "Install path = $target"

installed="$(cat "$target/VERSION" 2>/dev/null || true)"
if [ -n "$installed" ] && newer "$installed" "$version" && [ "$force" != "--force" ]; then
    give_up "A newer version is installed: $installed. This one is $version." "To go back to it: ./setup_wizhelper_x86_64.run -- --force"
fi
parent="$(dirname "$target")"
mkdir -p "$parent" 2>/dev/null && [ -w "$parent" ] || give_up "No right to write into $parent." "Install as the person who will use the program, and check who owns the folder."
# A left-over of an installation that was killed.
rm -rf "$fresh"
needed_kb="$(du -sk . | cut -f 1)"
free_kb="$(df -Pk "$parent" | awk 'NR == 2 { print $4 }')"
[ "$free_kb" -gt "$needed_kb" ] || give_up "Not enough space in $parent: $needed_kb KB are needed, $free_kb KB are free." "Make room and start the installer again."
if [ -x "$target/wizhelper" ] && pgrep -u "$(id -u)" -f "^$target/wizhelper" >/dev/null 2>&1; then
    echo "WizHelper is running. It goes on; the new version starts the next time."
fi

echo "Step 1. Copy files and directories."
mkdir "$fresh" && cp wizhelper VERSION uninstall.sh "$fresh/" && chmod 755 "$fresh/wizhelper" "$fresh/uninstall.sh" ||
    give_up "The files could not be copied into $fresh." "Check the space and the rights of the folder."
# The connection file lies beside the installer that was downloaded, or in the program that was there before.
for connection in "${USER_PWD:-}/connect.wizhelper" "$target/connect.wizhelper"; do
    if [ -f "$connection" ]; then
        install -m 600 "$connection" "$fresh/connect.wizhelper" || give_up "The connection file could not be copied."
        break
    fi
done
old="$target.old"
rm -rf "$old"
if [ -e "$target" ]; then
    mv "$target" "$old" || give_up "The installed version could not be moved away."
fi
if ! mv "$fresh" "$target"; then
    [ -e "$old" ] && mv "$old" "$target"
    give_up "The new version could not be moved into its place. The one before is still there."
fi
rm -rf "$old"
echo "finished. Step 1."

echo "Step 2. Create a desktop shortcut."
folder="$(xdg-user-dir DESKTOP 2>/dev/null || true)"
[ -n "$folder" ] && [ "$folder" != "$HOME" ] && [ "$folder" != "$HOME/" ] || folder="$HOME/Desktop"
write_shortcut() {
    mkdir -p "$1" && cat > "$1/run.desktop" <<END && chmod 755 "$1/run.desktop"
[Desktop Entry]
Type=Application
Name=WizHelper
Name[ko]=WizHelper 원격지원
Comment=Remote support
Comment[ko]=원격지원 접속 프로그램
Exec="$target/wizhelper"
Icon=computer
Terminal=false
Categories=Network;RemoteAccess;
END
}
write_shortcut "$folder" || give_up "The shortcut could not be made in $folder." "The program is installed: start $target/wizhelper."
# GNOME starts icons only that are marked as trusted.
gio set "$folder/run.desktop" metadata::trusted true 2>/dev/null || true
echo "finished. Step 2. file = $folder/run.desktop"
# Whoever came from the customer page is waiting for the operator: the connection file says to whom.
if [ -f "${USER_PWD:-}/connect.wizhelper" ] && [ -n "${DISPLAY:-}" ]; then
    (cd / && setsid "$target/wizhelper" >/dev/null 2>&1 </dev/null &)
fi
clean_up
