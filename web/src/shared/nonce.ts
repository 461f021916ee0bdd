/** The server puts a fresh nonce into each page; browsers hide it from the attribute, not from the property. */
export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
}
