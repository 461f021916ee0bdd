"""A number on the screen that a browser can read back from the picture.

16 blocks of 8 x 16 black or white pixels, 8 in each of two rows: one cell of 64 x 32. The number is Gray-coded, so that a
picture between two consecutive numbers reads as one of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.encode.interface import Pixels

WIDTH, HEIGHT = 64, 32
_BLOCK_W, _BLOCK_H = 8, 16


def picture(number: int) -> Pixels:
    """(32, 64, 4) BGRX."""
    gray = number ^ (number >> 1)
    bits = np.array([gray >> bit & 1 for bit in range(16)], np.uint8).reshape(2, 8) * 255
    grown = bits.repeat(_BLOCK_H, axis=0).repeat(_BLOCK_W, axis=1)
    return np.repeat(grown[:, :, None], 4, axis=2)


def read(pixels: Pixels) -> int:
    """What READER does, for its test."""
    bits = pixels[_BLOCK_H // 2 :: _BLOCK_H, _BLOCK_W // 2 :: _BLOCK_W, 1].reshape(16) > 127
    number = sum(1 << bit for bit in range(16) if bits[bit])
    for shift in (8, 4, 2, 1):
        number ^= number >> shift
    return number


def fingerprint(rgb: NDArray[np.uint8]) -> int:
    """Of a whole picture (h, w, 3): a sum in which the place of each pixel counts, as EXACT makes it in the browser."""
    words = rgb.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], np.uint32)
    odd = np.arange(words.size, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return int((words.reshape(-1) * odd).sum(dtype=np.uint32))


# Looks once per display frame and notes each new number with the clock of where it runs. `[selector, x, y]`; without a
# selector the canvas is the one that HOOK found. `marker.last()` is the newest number, `.stop()` -> [what was seen,
# milliseconds that looking itself took].
READER = """([selector, x, y]) => {
  const copy = new OffscreenCanvas(64, 32)
  const context = copy.getContext('2d', { willReadFrequently: true, alpha: false })
  const canvas = selector === null ? null : document.querySelector(selector)
  const pixelsNow = () => {
    if (canvas === null) return globalThis.hooked.getImageData(x, y, 64, 32).data
    context.drawImage(canvas, x, y, 64, 32, 0, 0, 64, 32)
    return context.getImageData(0, 0, 64, 32).data
  }
  const seen = []
  let running = true
  let spent = 0
  const look = () => {
    if (!running) return
    const begin = performance.now()
    const pixels = pixelsNow()
    let number = 0
    for (let bit = 0; bit < 16; bit++) {
      const px = 4 + 8 * (bit % 8), py = bit < 8 ? 8 : 24
      if (pixels[(py * 64 + px) * 4 + 1] > 127) number |= 1 << bit
    }
    for (const shift of [8, 4, 2, 1]) number ^= number >> shift
    const now = performance.now()
    if (seen.length === 0 || seen[seen.length - 1][0] !== number) seen.push([number, now])
    spent += now - begin
    requestAnimationFrame(look)
  }
  look()
  globalThis.marker = { stop: () => { running = false; return [seen, spent] }, last: () => seen.at(-1)[0] }
}"""

# The same sum as `fingerprint`, once per display frame until `until` of it is seen or `most_ms` are over -> the page's clock
# when it was, or null.
EXACT = """([selector, until, mostMs]) => new Promise((done) => {
  const canvas = selector === null ? null : document.querySelector(selector)
  const context = selector === null ? globalThis.hooked : canvas.getContext('2d')
  const { width, height } = context.canvas
  const begin = performance.now()
  const look = () => {
    const now = performance.now()
    const words = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)
    let sum = 0
    for (let i = 0; i < words.length; i++) sum = (sum + Math.imul(words[i] & 0xffffff, i * 2 + 1)) | 0
    if (sum >>> 0 === until) done(now)
    else if (now - begin > mostMs) done(null)
    else requestAnimationFrame(look)
  }
  look()
})"""

# In a worker: finds the canvas by what is drawn from now on. Copying it out of the page would cost several milliseconds
# of every display frame, which nobody but the benchmark needs.
HOOK = """() => {
  const drawing = OffscreenCanvasRenderingContext2D.prototype
  for (const name of ['putImageData', 'drawImage']) {
    const original = drawing[name]
    drawing[name] = function (...given) {
      if (this.canvas.width >= 1024) globalThis.hooked = this
      return original.apply(this, given)
    }
  }
}"""
