/** Workers under Trusted Types: their scripts' addresses are constants of the build, and must be said to be so. */

interface TrustedPolicy {
  createScriptURL(url: string): unknown
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): TrustedPolicy
}

/** The content security policy names this policy (directive trusted-types), and lets it be made once. */
const POLICY_NAME = 'wizhelper-worker'
let policy: TrustedPolicy | null = null

/** `url`: of an import with `?worker&url`, nothing else. */
export function openWorkerOf(url: string, name: string): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  policy ??= trustedTypes?.createPolicy(POLICY_NAME, { createScriptURL: (known) => known }) ?? null
  // `new Worker` takes the trusted object; lib.dom knows strings only.
  return new Worker(policy === null ? url : (policy.createScriptURL(url) as string), { type: 'module', name })
}
