/** Key combinations that the operator's own system keeps for itself: sent from a menu. Codes are KeyboardEvent.code. */
export const SPECIAL_KEYS = [
  { name: 'cad', codes: ['ControlLeft', 'AltLeft', 'Delete'] },
  { name: 'win', codes: ['MetaLeft'] },
  { name: 'alt_tab', codes: ['AltLeft', 'Tab'] },
  { name: 'alt_f4', codes: ['AltLeft', 'F4'] },
  { name: 'prtsc', codes: ['PrintScreen'] },
  { name: 'hangul', codes: ['Lang1'] },
  { name: 'hanja', codes: ['Lang2'] },
  { name: 'ctrl_esc', codes: ['ControlLeft', 'Escape'] },
  { name: 'task', codes: ['ControlLeft', 'ShiftLeft', 'Escape'] },
  { name: 'win_l', codes: ['MetaLeft', 'KeyL'] },
  { name: 'win_r', codes: ['MetaLeft', 'KeyR'] },
  { name: 'win_d', codes: ['MetaLeft', 'KeyD'] },
  { name: 'esc', codes: ['Escape'] },
] as const
