/** Scale of the remote picture: "fit" or a percentage. At 100 % one remote pixel is one CSS pixel; never more, never below 50 %. */

export type Zoom = 'fit' | number

export const MIN_PERCENT = 50
export const MAX_PERCENT = 100
const STEP = 10

export interface Size {
  width: number
  height: number
}

/** Factor for the picture's CSS size. "fit" shows all of it and never enlarges; it may go below 50 %. */
export function scaleOf(zoom: Zoom, picture: Size, room: Size): number {
  if (zoom !== 'fit') return zoom / 100
  if (picture.width <= 0 || picture.height <= 0 || room.width <= 0 || room.height <= 0) return 1
  return Math.min(1, room.width / picture.width, room.height / picture.height)
}

/** The next step from what is shown now (`scale`), up (+1) or down (-1). */
export function stepped(scale: number, direction: 1 | -1): number {
  const percent = Math.round(scale * 100)
  const next = direction > 0 ? Math.floor(percent / STEP) * STEP + STEP : Math.ceil(percent / STEP) * STEP - STEP
  return Math.min(MAX_PERCENT, Math.max(MIN_PERCENT, next))
}
