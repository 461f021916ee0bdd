/** What the operator draws on the customer's screen, at the console's end. RC-DRAW */

import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { Channel, DRAW } from '../../protocol/channels'
import { decode, encode, fits, MAX_LINES, MAX_POINTS, MAX_TEXT_BYTES, Shape, type Draw, type Place } from '../../protocol/draw'
import { utf8 } from '../../protocol/bytes'
import type { ToolLink } from '../control/tool-link'

export const TOOLS = ['pen', 'line', 'arrow', 'rectangle', 'ellipse', 'text', 'step', 'laser'] as const
export type Tool = (typeof TOOLS)[number]
export const COLOURS = { red: 0xe53935, yellow: 0xfdd835, green: 0x43a047, blue: 0x1e88e5, black: 0x202020, white: 0xffffff } as const
export type ColourName = keyof typeof COLOURS
/** Pixels of the remote screen. */
export const WIDTHS = { thin: 3, medium: 6, thick: 12 } as const
export type WidthName = keyof typeof WIDTHS
/** Seconds; 0: marks stay until they are taken away. */
export const FADES = [0, 3, 5, 10, 30] as const

/** Of one stroke, as the agent keeps them; a longer one goes on as the next mark. */
const MAX_STROKE = 1024
const MAX_STEP = 999
/** A mark that the customer's screen shows comes back with the picture; until then it is drawn here. */
export const ECHO_MS = 600

const SHAPES: Record<Exclude<Tool, 'laser'>, Shape> = {
  pen: Shape.PEN,
  line: Shape.LINE,
  arrow: Shape.ARROW,
  rectangle: Shape.RECTANGLE,
  ellipse: Shape.ELLIPSE,
  text: Shape.TEXT,
  step: Shape.STEP,
}

export interface Page {
  /** The next animation frame. */
  readonly frame: (callback: () => void) => void
  readonly later: (callback: () => void, ms: number) => void
}

export interface Drawing {
  tool: Ref<Tool>
  colour: Ref<ColourName>
  width: Ref<WidthName>
  fade: Ref<number>
  /** The number on the next step mark. */
  step: Ref<number>
  allowed: ComputedRef<boolean>
  /** Marks that the picture does not show yet. */
  own: ShallowRef<readonly Draw[]>
  /** Where words are being written; null: nowhere. */
  writing: ShallowRef<Place | null>
  /** Why nothing can be shown on that PC; "" if it can. */
  refused: Ref<string>
  /** The button goes down, the pointer moves, the button goes up; places are pixels of the picture. */
  begin: (place: Place) => void
  move: (places: readonly Place[]) => void
  end: () => void
  /** The pointer is over the picture without a button. */
  hover: (place: Place) => void
  /** The light goes out. */
  dark: () => void
  write: (text: string) => void
  undo: () => void
  clear: () => void
  setFade: (seconds: number) => void
}

const page: Page = {
  frame: (callback) => requestAnimationFrame(callback),
  later: (callback, ms) => setTimeout(callback, ms),
}

/** Words as they may be written: cut to what a mark takes, without characters that cannot be seen. */
export function writable(typed: string): string {
  const lines = typed.replace(/\r\n?/g, '\n').split('\n').slice(0, MAX_LINES)
  let text = lines.map((line) => line.replace(/\t/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trimEnd()).join('\n')
  while (utf8(text).length > MAX_TEXT_BYTES) text = Array.from(text).slice(0, -1).join('')
  return text
}

export function useDrawing(link: ToolLink, { frame, later }: Page = page): Drawing {
  const tool = ref<Tool>('pen')
  const colour = ref<ColourName>('red')
  const width = ref<WidthName>('medium')
  const fade = ref(0)
  const step = ref(1)
  const refused = ref('')
  const own = shallowRef<readonly Draw[]>([])
  const writing = shallowRef<Place | null>(null)
  const allowed = computed(() => link.rights.value.has(DRAW))
  let number = 0
  let confirmed = 0
  /** The mark under the pointer, whose button is down. */
  let live: Draw | null = null
  let unsent: Place[] = []
  let light: Place | null = null
  let lit = false
  let waiting = false

  const send = (message: Parameters<typeof encode>[0]): boolean => allowed.value && link.send(Channel.DRAWING, encode(message))

  function made(shape: Shape, points: readonly Place[], text = ''): Draw {
    number += 1
    return { type: 'draw', number, shape, width: WIDTHS[width.value], colour: COLOURS[colour.value], points, text }
  }

  function show(mark: Draw): void {
    own.value = [...own.value.filter((other) => other.number !== mark.number), mark]
  }

  /** Gone from here once the picture has had time to bring it back. */
  function settle(mark: number): void {
    if (mark > confirmed || live?.number === mark) return
    later(() => {
      if (live?.number !== mark) own.value = own.value.filter((other) => other.number !== mark)
    }, ECHO_MS)
  }

  function put(mark: Draw): void {
    if (send(mark)) show(mark)
  }

  function schedule(): void {
    if (waiting) return
    waiting = true
    frame(() => {
      waiting = false
      flush()
    })
  }

  function flush(): void {
    if (light !== null) lit = send({ type: 'laser', x: light[0], y: light[1] })
    light = null
    if (live === null || unsent.length === 0) return
    if (live.shape === Shape.PEN) flushStroke(live)
    else flushSpan(live)
    unsent = []
  }

  function flushStroke(stroke: Draw): void {
    for (let from = 0; from < unsent.length; from += MAX_POINTS)
      send({ type: 'more', number: stroke.number, points: unsent.slice(from, from + MAX_POINTS) })
    live = { ...stroke, points: [...stroke.points, ...unsent] }
    show(live)
    if (live.points.length + MAX_POINTS > MAX_STROKE) {
      const last = live.points.at(-1)
      settleLive()
      if (last !== undefined) start(Shape.PEN, last)
    }
  }

  /** Of two places: the second one follows the pointer. */
  function flushSpan(span: Draw): void {
    const [from] = span.points
    const to = unsent.at(-1)
    if (from === undefined || to === undefined) return
    live = { ...span, points: [from, to] }
    put(live)
  }

  function start(shape: Shape, place: Place): void {
    live = made(shape, [place])
    if (shape === Shape.PEN) put(live)
  }

  function settleLive(): void {
    const mark = live?.number ?? 0
    live = null
    unsent = []
    settle(mark)
  }

  function begin(place: Place): void {
    if (!allowed.value || live !== null) return
    if (tool.value === 'laser') return hover(place)
    if (tool.value === 'text') writing.value = place
    else if (tool.value === 'step') putStep(place)
    else start(SHAPES[tool.value], place)
  }

  function putStep(place: Place): void {
    put(made(Shape.STEP, [place], String(step.value)))
    step.value = step.value >= MAX_STEP ? 1 : step.value + 1
  }

  function move(places: readonly Place[]): void {
    if (live === null) return
    unsent.push(...places)
    schedule()
  }

  function end(): void {
    if (live === null) return
    flush()
    settleLive()
  }

  function hover(place: Place): void {
    if (tool.value !== 'laser') return
    light = place
    schedule()
  }

  function dark(): void {
    light = null
    if (lit) send({ type: 'laser_off' })
    lit = false
  }

  function write(typed: string): void {
    const place = writing.value
    writing.value = null
    const text = writable(typed)
    if (place !== null && fits(text)) put(made(Shape.TEXT, [place], text))
  }

  function forget(): void {
    live = null
    unsent = []
    own.value = []
    writing.value = null
  }

  function setFade(seconds: number): void {
    fade.value = seconds
    send({ type: 'fade', seconds })
  }

  link.listen(Channel.DRAWING, (body) => {
    const message = decode(body)
    if (message.type === 'refused') {
      refused.value = message.code
      return forget()
    }
    confirmed = message.number
    for (const { number: mark } of own.value) settle(mark)
  })
  link.greeted(() => {
    forget()
    refused.value = ''
    confirmed = 0
    if (fade.value > 0) send({ type: 'fade', seconds: fade.value })
  })

  return {
    tool,
    colour,
    width,
    fade,
    step,
    allowed,
    own,
    writing,
    refused,
    begin,
    move,
    end,
    hover,
    dark,
    write,
    setFade,
    undo: () => {
      end()
      own.value = own.value.slice(0, -1)
      send({ type: 'undo' })
    },
    clear: () => {
      forget()
      step.value = 1
      send({ type: 'clear' })
    },
  }
}
