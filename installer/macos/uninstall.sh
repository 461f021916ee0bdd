#!/bin/bash
# Removes the agent and what it keeps: sudo /Library/WizHelper/uninstall.sh
set -eu
user=$(stat -f %u /dev/console)
launchctl bootout "gui/$user/com.wizhelper.agent" 2>/dev/null || true
rm -f /Library/LaunchAgents/com.wizhelper.agent.plist
rm -rf /Library/WizHelper "/Library/Application Support/WizHelper"
pkgutil --forget com.wizhelper.agent >/dev/null 2>&1 || true
