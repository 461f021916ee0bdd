/** The tools that have a panel, as the rail shows them. */

import type { Drawing } from '../draw/drawing'
import type { Printing } from '../print/printing'
import type { Sharing } from '../share/sharing'
import type { ChatRoom } from './chat-room'
import type { FileTool } from './files/use-files'
import type { PcInfo } from './pc-info'
import type { RebootTool } from './reboot'
import type { RemoteRun } from './remote-run'
import type { RemoteTerminal } from './remote-terminal'
import type { PanelTool } from './ToolRail.vue'

export type PanelName = 'chat' | 'people' | 'draw' | 'info' | 'run' | 'files' | 'terminal' | 'reboot' | 'print' | 'share'

/** What the panels show. */
export interface Tools {
  room: ChatRoom
  drawing: Drawing
  info: PcInfo
  runner: RemoteRun
  files: FileTool
  shell: RemoteTerminal
  reboot: RebootTool
  printing: Printing
  sharing: Sharing
  /** Lines among operators that were not read yet. */
  whispers: number
}

type Words = (key: string) => string

/** The chat can be read without its right, too: what was said stays. */
export function panelTools(
  t: Words,
  { room, info, runner, files, drawing, shell, reboot, printing, sharing, whispers }: Tools,
): PanelTool<PanelName>[] {
  const chat = room.allowed.value || room.lines.value.length > 0
  return [
    tool(t, 'chat', 'pi-comments', chat, room.unread.value),
    tool(t, 'people', 'pi-users', true, whispers),
    tool(t, 'draw', 'pi-pencil', drawing.allowed.value, 0),
    tool(t, 'info', 'pi-info-circle', info.allowed.value, 0),
    tool(t, 'run', 'pi-play-circle', runner.mayOpen.value || runner.mayRun.value, 0),
    tool(t, 'files', 'pi-folder', files.allowed.value || files.open.value > 0, files.open.value),
    tool(t, 'terminal', 'pi-code', shell.allowed.value || shell.running.value, 0),
    tool(t, 'reboot', 'pi-power-off', reboot.allowed.value, 0),
    tool(t, 'print', 'pi-print', printing.allowed.value, 0),
    tool(t, 'share', 'pi-desktop', sharing.allowed.value, sharing.state.value === 'on' ? 1 : 0),
  ]
}

function tool(t: Words, name: PanelName, icon: string, usable: boolean, news: number): PanelTool<PanelName> {
  const title = usable ? t(`control.panel_help.${name}`) : t('control.panel_refused')
  return { name, icon, label: t(`control.panel.${name}`), title, disabled: !usable, news }
}
