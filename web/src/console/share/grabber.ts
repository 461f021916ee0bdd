/** The operator's screen as pictures: what the browser lets this page see after asking the operator. */

/** Longer sides are made smaller: the customer's window is no larger than a screen. */
const MAX_SIDE = 1600
const QUALITY = 0.65
const FRAME_RATE = 8

export interface Grabber {
  /** For a preview in the page. */
  readonly stream: MediaStream
  /** The present picture as JPEG; null while there is none. */
  picture: () => Promise<Uint8Array | null>
  /** The operator or the browser ended it. */
  ended: (handler: () => void) => void
  end: () => void
}

/** Rejects with a DOMException if the operator says no. */
export async function grab(): Promise<Grabber> {
  const video = { frameRate: { max: FRAME_RATE } }
  const stream = await navigator.mediaDevices.getDisplayMedia({ video, audio: false })
  const player = document.createElement('video')
  player.muted = true
  player.srcObject = stream
  await player.play()
  const canvas = document.createElement('canvas')
  return {
    stream,
    picture: () => pictureOf(player, canvas),
    ended: (handler) => {
      for (const track of stream.getTracks()) track.addEventListener('ended', handler)
    },
    end: () => {
      for (const track of stream.getTracks()) track.stop()
      player.srcObject = null
    },
  }
}

async function pictureOf(player: HTMLVideoElement, canvas: HTMLCanvasElement): Promise<Uint8Array | null> {
  const { videoWidth: width, videoHeight: height } = player
  if (width === 0 || height === 0) return null
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height))
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  canvas.getContext('2d', { alpha: false })?.drawImage(player, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/jpeg', QUALITY)
  })
  return blob === null ? null : new Uint8Array(await blob.arrayBuffer())
}
