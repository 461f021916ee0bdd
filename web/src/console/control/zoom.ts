/**
 * Scale of the remote picture: "fit" or a percentage. At 100 % one remote pixel is one pixel of the operator's screen, whatever
 * the browser's own zoom is; never more, and by percentage never below 50 %.
 */

export type Zoom = 'fit' | number

export const MIN_PERCENT = 50
export const MAX_PERCENT = 100
const STEP = 10
/** A browser that cuts CSS lengths to 1/64 pixel must not lose the last pixel; half of that is no pixel more either. */
const NOT_CUT = 1 / 128

export interface Size {
  width: number
  height: number
}

export interface Place {
  left: number
  top: number
}

/**
 * Device pixels for one remote pixel. `room` is in CSS pixels, `ratio` is devicePixelRatio.
 * "fit" shows all of the picture and never enlarges; it may go below 50 %.
 */
export function scaleOf(zoom: Zoom, picture: Size, room: Size, ratio: number): number {
  if (zoom !== 'fit') return zoom / 100
  if (picture.width <= 0 || picture.height <= 0 || room.width <= 0 || room.height <= 0) return 1
  return Math.min(1, (room.width * ratio) / picture.width, (room.height * ratio) / picture.height)
}

/** The picture's size in CSS pixels: whole device pixels, so that the browser has nothing to blur at scale 1. */
export function cssSize(picture: Size, scale: number, ratio: number): Size {
  const side = (real: number): number => (Math.floor(real * scale + NOT_CUT) + NOT_CUT) / ratio
  return { width: side(picture.width), height: side(picture.height) }
}

/**
 * The whole CSS pixels inside of a box of the page, `left` and `top` counted from the box: the picture begins on one of them,
 * because browsers differ in where they draw what begins on a part of one.
 */
export function wholePixels(box: Place & Size): Place & Size {
  const [x, y] = [Math.ceil(box.left), Math.ceil(box.top)]
  const width = Math.max(Math.floor(box.left + box.width) - x, 0)
  const height = Math.max(Math.floor(box.top + box.height) - y, 0)
  return { left: x - box.left, top: y - box.top, width, height }
}

/** Where the picture begins in the box, so that it is in the middle of `room` if that is larger. */
export function placeIn(room: Place & Size, shown: Size): Place {
  const spare = (length: number, used: number): number => Math.max(Math.floor((length - used) / 2), 0)
  return { left: room.left + spare(room.width, shown.width), top: room.top + spare(room.height, shown.height) }
}

/** The next step from what is shown now (`scale`), up (+1) or down (-1). */
export function stepped(scale: number, direction: 1 | -1): number {
  const percent = Math.round(scale * 100)
  const next = direction > 0 ? Math.floor(percent / STEP) * STEP + STEP : Math.ceil(percent / STEP) * STEP - STEP
  return Math.min(MAX_PERCENT, Math.max(MIN_PERCENT, next))
}

/** The zoom after two fingers went apart by `factor`; no smaller than what shows all of the picture at scale `fit`. */
export function pinched(scale: number, factor: number, fit: number): Zoom {
  const percent = Math.min(Math.round(scale * factor * 100), MAX_PERCENT)
  return percent / 100 <= fit || percent < MIN_PERCENT ? 'fit' : percent
}
