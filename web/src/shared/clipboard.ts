/** Puts text on the operator's clipboard; false when the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch (problem) {
    if (problem instanceof DOMException) return false
    throw problem
  }
}
